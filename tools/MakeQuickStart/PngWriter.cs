using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;
using System.Text;

namespace Llm2Clip.MakeQuickStart;

/// <summary>
/// Writes drawings as PNG (ISO/IEC 15948) with a palette: a third of the bytes of full color. Where an image has more than
/// 80 colors, channels lose low bits until it has not: a small palette is half of the file.
/// </summary>
public static class PngWriter
{
    private const int MaxColors = 80;

    /// <summary>Encodes <paramref name="rgb"/> of <paramref name="width"/> x <paramref name="height"/> x 3 bytes.</summary>
    public static byte[] Encode(ReadOnlySpan<byte> rgb, int width, int height)
    {
        var (palette, indices) = Reduce(rgb);
        var png = new MemoryStream();
        png.Write([0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A]);
        var header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        header[8] = 8; // bits an index
        header[9] = 3; // color type: palette
        WriteChunk(png, "IHDR", header);
        WriteChunk(png, "PLTE", palette);
        WriteChunk(png, "IDAT", Compress(indices, width, height));
        WriteChunk(png, "IEND", []);
        return png.ToArray();
    }

    /// <summary>The image as its PNG shows it: <paramref name="rgb"/> with the colors that the palette keeps.</summary>
    public static byte[] Shown(ReadOnlySpan<byte> rgb)
    {
        var (palette, indices) = Reduce(rgb);
        var shown = new byte[rgb.Length];
        for (var i = 0; i < indices.Length; i++)
        {
            palette.AsSpan(3 * indices[i], 3).CopyTo(shown.AsSpan(3 * i));
        }
        return shown;
    }

    private static (byte[] Palette, byte[] Indices) Reduce(ReadOnlySpan<byte> rgb)
    {
        var indices = new byte[rgb.Length / 3];
        for (var bits = 1; ; bits++)
        {
            // Start at one lost bit, invisible and better packed; the rounding term keeps the mean brightness.
            var (mask, half) = (0xFF << bits & 0xFF, 1 << (bits - 1));
            var known = new Dictionary<int, byte>();
            var palette = new List<byte>();
            for (var i = 0; i < indices.Length && known.Count <= MaxColors; i++)
            {
                var (r, g, b) = (rgb[3 * i] & mask | half, rgb[(3 * i) + 1] & mask | half, rgb[(3 * i) + 2] & mask | half);
                var key = (r << 16) | (g << 8) | b;
                if (!known.TryGetValue(key, out var index))
                {
                    index = (byte)known.Count;
                    known.Add(key, index);
                    palette.AddRange([(byte)r, (byte)g, (byte)b]);
                }
                indices[i] = index;
            }
            if (known.Count <= MaxColors)
            {
                return (palette.ToArray(), indices);
            }
        }
    }

    private static byte[] Compress(ReadOnlySpan<byte> indices, int width, int height)
    {
        var packed = new MemoryStream();
        using (var zlib = new ZLibStream(packed, CompressionLevel.SmallestSize, leaveOpen: true))
        {
            for (var y = 0; y < height; y++)
            {
                zlib.WriteByte(0); // filter none: differences of indices mean nothing
                zlib.Write(indices.Slice(y * width, width));
            }
        }
        return packed.ToArray();
    }

    private static void WriteChunk(Stream png, string type, ReadOnlySpan<byte> content)
    {
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, content.Length);
        png.Write(number);
        var checksum = new Crc32();
        var name = Encoding.ASCII.GetBytes(type);
        checksum.Append(name);
        checksum.Append(content);
        png.Write(name);
        png.Write(content);
        BinaryPrimitives.WriteUInt32BigEndian(number, checksum.GetCurrentHashAsUInt32());
        png.Write(number);
    }
}
