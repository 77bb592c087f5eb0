using Llm2Clip.Files;
using NetVips;

namespace Llm2Clip.Images;

/// <summary>
/// Decodes and encodes images: what is refused, and with which words, is decided here. libvips only decodes; the conversion to RGB is
/// Pillow's (<see cref="RgbRows"/>), and neither EXIF rotation nor color profiles are applied. <see cref="DecodeOptions"/> blends and turns
/// instead. Safe to call from several threads.
/// </summary>
internal static class ImageCodec
{
    /// <summary>
    /// The codec of HEIC is patented, and so not in the libvips that comes with the program; it would decode AVIF of the same container.
    /// </summary>
    private const string HowToReadHeic = "it is HEIC, as iPhones write it, or damaged; the libvips in use does not decode it. "
        + "Convert the images to JPEG first, for example with heif-convert, and name those";

    private static readonly DecodeOptions Defaults = new();

    /// <summary>One decode at a time is repeated under this lock after a failure, so that libvips' message is its own.</summary>
    private static readonly Lock ErrorLock = new();

    /// <summary>Version of libvips, for <c>doctor</c>.</summary>
    public static string LibraryVersion => VipsLibrary.Version;

    /// <summary>The formats that this libvips reads, for <c>doctor</c>.</summary>
    public static IReadOnlyList<string> Formats
    {
        get
        {
            VipsLibrary.Start();
            return
            [
                .. new[] { ("jpeg", "jpg"), ("png", "png"), ("webp", "webp"), ("gif", "gif"), ("tiff", "tiff"), ("heif", "avif") }
                    .Where(format => NetVips.NetVips.TypeFind("VipsOperation", format.Item1 + "load_source") != 0)
                    .Select(format => format.Item2),
            ];
        }
    }

    /// <summary>
    /// Decodes jpg, png, webp, gif, tiff or avif (of several frames the first), recognized by content. A damaged, truncated or unknown
    /// image, or one that declares too many pixels, throws <see cref="ImageException"/> naming <paramref name="origin"/>.
    /// <paramref name="shrinkAbove"/>: JPEGs are shrunk by 2, 4 or 8 while decoding as long as both sides stay at or above it; 0 = never.
    /// Throws <see cref="RunException"/> where libvips is missing.
    /// </summary>
    public static RgbImage Decode(ReadOnlySpan<byte> encoded, string origin, DecodeOptions? options = null, int shrinkAbove = 0) =>
        Decode(encoded, origin, options ?? Defaults, shrinkAbove, null);

    /// <summary>The same into memory that the next call with it overwrites.</summary>
    internal static RgbImage Decode(
        ReadOnlySpan<byte> encoded, string origin, DecodeOptions options, int shrinkAbove, PixelScratch? scratch)
    {
        if (ImageFormats.Of(encoded) is not { } format)
        {
            throw encoded.Length == 0
                ? new ImageException($"{origin}: the image is empty (zero bytes).", ImageProblem.Empty)
                : LfsPointer.Is(encoded, encoded.Length)
                ? new ImageException($"{origin}: the image is a Git LFS pointer. Fetch the image: git lfs pull.", ImageProblem.NotAnImage)
                : new ImageException($"{origin}: not a jpg, png, webp, gif, tiff or avif image.", ImageProblem.NotAnImage);
        }
        if (format == ImageFormat.Png && PngChunks.Problem(encoded) is { } problem)
        {
            throw Refused(origin, problem);
        }
        if (format == ImageFormat.Heif)
        {
            var (width, height) = HeifSizes.Largest(encoded);
            if (ImageLimits.Excess(width, height, 1, options) is { } excess)
            {
                throw Refused(origin, excess, ImageProblem.TooLarge);
            }
        }
        // Not for images that are to be turned: libvips alone reads the orientation.
        if (format == ImageFormat.Jpeg && (!options.Upright || JpegOrientation.IsUpright(encoded)) && TurboJpeg.IsAvailable
            && TurboJpeg.Decode(encoded, options, shrinkAbove, scratch) is { } decoded)
        {
            return decoded;
        }
        try
        {
            return VipsDecoder.Decode(format, encoded, origin, options, shrinkAbove, scratch);
        }
        catch (VipsException)
        {
            lock (ErrorLock)
            {
                VipsLibrary.ForgetErrors();
                try
                {
                    return VipsDecoder.Decode(format, encoded, origin, options, shrinkAbove, scratch);
                }
                catch (VipsException e)
                {
                    throw ImageFormats.Extension(encoded) == "heic"
                        ? Refused(origin, HowToReadHeic, inner: e)
                        : Refused(origin, VipsLibrary.Reason(e), inner: e);
                }
            }
        }
    }

    /// <summary>JPEG of an image; <paramref name="quality"/> 1..100.</summary>
    public static byte[] EncodeJpeg(RgbImage image, int quality = 90) => Encode(image, from => from.JpegsaveBuffer(q: quality));

    /// <summary>
    /// WebP of an image; <paramref name="quality"/> 1..100. The effort is that of the fastest third: a thumbnail is a few percent larger by
    /// it.
    /// </summary>
    public static byte[] EncodeWebp(RgbImage image, int quality = 75) =>
        Encode(image, from => from.WebpsaveBuffer(q: quality, effort: 2));

    /// <summary>PNG of an image.</summary>
    public static byte[] EncodePng(RgbImage image) => Encode(image, from => from.PngsaveBuffer());

    /// <summary>An image in one of libvips' other formats, for tests.</summary>
    internal static byte[] Encode(RgbImage image, Func<Image, byte[]> save)
    {
        VipsLibrary.Start();
        try
        {
            using var from = Image.NewFromMemoryCopy<byte>(image.Pixels, image.Width, image.Height, 3, Enums.BandFormat.Uchar);
            return save(from);
        }
        catch (VipsException e)
        {
            throw new RunException($"An image of {image.Width} x {image.Height} could not be encoded: {VipsLibrary.Reason(e)}.", e);
        }
    }

    /// <summary>The error of an image that cannot be decoded; <paramref name="reason"/> is a part of a sentence.</summary>
    internal static ImageException Refused(
        string origin, string reason, ImageProblem problem = ImageProblem.Damaged, Exception? inner = null) =>
        new($"{origin}: the image cannot be decoded: {reason}.", problem, inner);
}
