using System.Buffers.Binary;

namespace Llm2Clip.Images;

/// <summary>
/// The formats that are decoded. Only these, never the many others that libvips has (SVG, PDF, ImageMagick's, raw matrices), whose decoders
/// are larger and less tried than an image in a data set needs.
/// </summary>
internal enum ImageFormat
{
    Jpeg,
    Png,
    Webp,
    Gif,
    Tiff,

    /// <summary>AVIF and its relatives (HEIC), which share a container.</summary>
    Heif,
}

/// <summary>What an encoded image is, by its first bytes: names lie.</summary>
internal static class ImageFormats
{
    private const int BrandBytes = 4;

    /// <summary>Where the brands behind the first one are in a HEIF file: after size, type, first brand and its version.</summary>
    private const int OtherBrands = 16;

    private static readonly string[] Known = ["jpg", "png", "jpeg", "webp", "gif", "tif", "tiff", "avif", "heic", "heif"];

    /// <summary>Extensions of image files; those of open_clip's list first, in its order (<c>jpg;png;jpeg;webp</c>).</summary>
    public static IReadOnlyList<string> Extensions => Known;

    /// <summary>Place of an extension among <see cref="Extensions"/>; -1 where it is none of an image.</summary>
    public static int Rank(string extension) => Array.IndexOf(Known, extension);

    /// <summary>The format; null where the bytes are of none that is decoded.</summary>
    public static ImageFormat? Of(ReadOnlySpan<byte> encoded) => encoded switch
    {
        [0xFF, 0xD8, 0xFF, ..] => ImageFormat.Jpeg,
        [0x89, (byte)'P', (byte)'N', (byte)'G', ..] => ImageFormat.Png,
        [(byte)'R', (byte)'I', (byte)'F', (byte)'F', _, _, _, _, (byte)'W', (byte)'E', (byte)'B', (byte)'P', ..] => ImageFormat.Webp,
        [(byte)'G', (byte)'I', (byte)'F', (byte)'8', ..] => ImageFormat.Gif,
        [(byte)'I', (byte)'I', 42, 0, ..] or [(byte)'M', (byte)'M', 0, 42, ..] => ImageFormat.Tiff,
        [_, _, _, _, (byte)'f', (byte)'t', (byte)'y', (byte)'p', (byte)'a', (byte)'v', (byte)'i', (byte)'f' or (byte)'s', ..] =>
            ImageFormat.Heif,
        [_, _, _, _, (byte)'f', (byte)'t', (byte)'y', (byte)'p', (byte)'m' or (byte)'h', (byte)'i' or (byte)'e' or (byte)'s', _, _, ..] =>
            ImageFormat.Heif,
        _ => null,
    };

    /// <summary>
    /// The usual extension, without a dot; <c>jpg</c> where the bytes are of no known format, as img2dataset names everything.
    /// </summary>
    public static string Extension(ReadOnlySpan<byte> encoded) => Of(encoded) switch
    {
        ImageFormat.Png => "png",
        ImageFormat.Webp => "webp",
        ImageFormat.Gif => "gif",
        ImageFormat.Tiff => "tif",
        ImageFormat.Heif => HeifExtension(encoded),
        _ => "jpg",
    };

    /// <summary>
    /// By the brands of a HEIF file: the first says which coding it has, or, where that is the general one of images (<c>mif1</c>) or
    /// sequences (<c>msf1</c>), those that follow do (ISO/IEC 23008-12, 10; AV1 Image File Format, 6). Films have the same box and other
    /// brands.
    /// </summary>
    private static string HeifExtension(ReadOnlySpan<byte> encoded)
    {
        var first = encoded.Slice(8, BrandBytes);
        if (OfCoding(first) is { } known)
        {
            return known;
        }
        if (!first.SequenceEqual("mif1"u8) && !first.SequenceEqual("msf1"u8) && !first.SequenceEqual("miaf"u8))
        {
            return "jpg";
        }
        var end = Math.Min(encoded.Length, BinaryPrimitives.ReadUInt32BigEndian(encoded));
        for (var at = OtherBrands; at + BrandBytes <= end; at += BrandBytes)
        {
            if (OfCoding(encoded.Slice(at, BrandBytes)) is { } coding)
            {
                return coding;
            }
        }
        return "heif";
    }

    private static string? OfCoding(ReadOnlySpan<byte> brand) => brand switch
    {
        [(byte)'a', (byte)'v', (byte)'i', (byte)'f' or (byte)'s'] => "avif",
        [(byte)'h', (byte)'e', (byte)'i', (byte)'c' or (byte)'x' or (byte)'m' or (byte)'s']
            or [(byte)'h', (byte)'e', (byte)'v', (byte)'c' or (byte)'x' or (byte)'m' or (byte)'s'] => "heic",
        _ => null,
    };
}
