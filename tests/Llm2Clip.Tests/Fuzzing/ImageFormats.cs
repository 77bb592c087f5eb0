using System.Buffers.Binary;
using System.IO.Hashing;
using Llm2Clip.Images;
using NetVips;

namespace Llm2Clip.Tests.Fuzzing;

/// <summary>Encoded images, which libvips decodes.</summary>
internal static class ImageFormats
{
    private const int Width = 24;
    private const int Height = 18;

    private static readonly DecodeOptions[] Options =
    [
        new() { MaxMegapixels = 4 },
        new() { MaxMegapixels = 4, Upright = true, Background = [255, 255, 255] },
    ];

    public static IReadOnlyList<FuzzFormat> All { get; } =
    [
        Format("jpeg", ".jpg", from => from.JpegsaveBuffer()),
        Format("png", ".png", from => from.PngsaveBuffer()) with { Mend = (_, bytes) => WithChecksums(bytes) },
        Format("webp", ".webp", from => from.WebpsaveBuffer()),
        Format("gif", ".gif", from => from.GifsaveBuffer()),
        Format("tiff", ".tiff", from => from.TiffsaveBuffer()),
        Format("avif", ".avif", from => from.HeifsaveBuffer(compression: Enums.ForeignHeifCompression.Av1)) with { Cases = 150 },
    ];

    private static FuzzFormat Format(string name, string ending, Func<Image, byte[]> save) =>
        new(name, folder => Plant(folder, ending, save), Decode) { Cases = 600 };

    /// <summary>One that libvips writes, and those of the golden files that are valid.</summary>
    private static string[] Plant(string folder, string ending, Func<Image, byte[]> save)
    {
        File.WriteAllBytes(Path.Combine(folder, "vips" + ending), Saved(save));
        var odd = Path.Combine(SharedData.Golden, "pixels", "odd");
        foreach (var file in Directory.Exists(odd) ? Directory.GetFiles(odd, "*" + ending) : [])
        {
            var name = Path.GetFileName(file);
            if (!name.Contains(".rgb", StringComparison.Ordinal) && !name.Contains("clip24", StringComparison.Ordinal)
                && name is not ("bomb-header.png" or "corrupt.png" or "truncated.png" or "truncated.jpg" or "text.jpg" or "zero-bytes.jpg"))
            {
                File.WriteAllBytes(Path.Combine(folder, name), File.ReadAllBytes(file));
            }
        }
        return [.. Directory.EnumerateFiles(folder).Select(file => Path.GetFileName(file)!).Order(StringComparer.Ordinal)];
    }

    private static void Decode(FuzzCase damaged)
    {
        var bytes = File.ReadAllBytes(damaged.Path);
        foreach (var options in Options)
        {
            ImageCodec.Decode(bytes, damaged.Path, options, shrinkAbove: options.Upright ? 6 : 0);
        }
    }

    private static byte[] Saved(Func<Image, byte[]> save)
    {
        var pixels = new byte[Width * Height * 3];
        for (var i = 0; i < pixels.Length; i++)
        {
            pixels[i] = (byte)(i * 7 % 256);
        }
        return ImageCodec.Encode(new RgbImage(Width, Height, pixels), save);
    }

    /// <summary>Gives every chunk that lies within the file its checksum.</summary>
    private static byte[] WithChecksums(byte[] bytes)
    {
        bytes = [.. bytes];
        for (long at = 8; at + 12 <= bytes.Length;)
        {
            var length = BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan((int)at));
            var end = at + 8 + length;
            if (end + 4 > bytes.Length)
            {
                break;
            }
            BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan((int)end), Crc32.HashToUInt32(bytes.AsSpan((int)at + 4, 4 + (int)length)));
            at = end + 4;
        }
        return bytes;
    }
}
