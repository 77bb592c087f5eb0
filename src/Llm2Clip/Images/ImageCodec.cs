using Llm2Clip.Data;

namespace Llm2Clip.Images;

/// <summary>
/// Decodes and encodes pictures through libvips. libvips only decodes; the conversion to RGB is done here, as Pillow's
/// <c>convert("RGB")</c> does it: alpha is dropped, not blended; CMYK becomes (255 - C)(255 - K) / 255; gray is repeated; 16-bit
/// values keep their high byte (also for gray, where Pillow clips at 255: a bright picture would turn white); EXIF rotation and
/// colour profiles are not applied. <see cref="DecodeOptions"/> blends and turns instead. Safe to call from several threads.
/// </summary>
public static class ImageCodec
{
    private const string JpegLoader = "jpegload_buffer";
    private const string PngLoader = "pngload_buffer";
    private const string WebpLoader = "webpload_buffer";
    private const string GifLoader = "gifload_buffer";
    private const string TiffLoader = "tiffload_buffer";
    private const string HeifLoader = "heifload_buffer";

    /// <summary>
    /// The longest side that JPEG and AVIF can have. PNG and TIFF can have longer ones, and the time that libvips takes to find that the rows of
    /// a damaged picture cannot be read grows with the square of their number.
    /// </summary>
    private const int MaxSide = ushort.MaxValue;

    private const int FormatByte = 0;
    private const int FormatUShort = 2;
    private const int InterpretationCmyk = 15;

    /// <summary>Gray, RGB and CMYK of 8 and 16 bits (VipsInterpretation), and what states nothing; others, such as Lab, would come out as wrong colours.</summary>
    private static readonly int[] KnownInterpretations = [0, 1, InterpretationCmyk, 17, 22, 25, 26];

    private static readonly DecodeOptions Defaults = new();

    /// <summary>One decode at a time is repeated under this lock after a failure, so that libvips' message is its own.</summary>
    private static readonly Lock ErrorLock = new();

    /// <summary>Version of libvips, for <c>doctor</c>.</summary>
    public static string LibraryVersion => VipsNative.Version;

    /// <summary>The formats that this libvips reads, for <c>doctor</c>.</summary>
    public static IReadOnlyList<string> Formats =>
    [
        .. new[] { (JpegLoader, "jpg"), (PngLoader, "png"), (WebpLoader, "webp"), (GifLoader, "gif"), (TiffLoader, "tiff"), (HeifLoader, "avif") }
            .Where(format => VipsOperation.Exists(format.Item1))
            .Select(format => format.Item2),
    ];

    /// <summary>
    /// Decodes jpg, png, webp, gif, tiff or avif (of several frames the first), recognised by content. A damaged, truncated or unknown
    /// picture, or one that declares too many pixels, throws <see cref="PictureException"/> naming <paramref name="origin"/>.
    /// <paramref name="shrinkAbove"/>: JPEGs are shrunk by 2, 4 or 8 while decoding as long as both sides stay at or above it; 0 = never.
    /// </summary>
    public static RgbImage Decode(ReadOnlySpan<byte> encoded, string origin, DecodeOptions? options = null, int shrinkAbove = 0)
    {
        options ??= Defaults;
        if (LoaderFor(encoded) is not { } loader)
        {
            throw encoded.Length == 0
                ? new PictureException($"{origin}: the picture is empty (zero bytes).", BadSampleCause.EmptyPicture)
                : new PictureException($"{origin}: not a jpg, png, webp, gif, tiff or avif picture.", BadSampleCause.NotAPicture);
        }
        if (loader == PngLoader && PngChunks.Problem(encoded) is { } problem)
        {
            throw new PictureException($"{origin}: the picture cannot be decoded: {problem}.", BadSampleCause.DamagedPicture);
        }
        if (loader == HeifLoader)
        {
            var (width, height) = HeifSizes.Largest(encoded);
            if (Excess(width, height, 1, options) is { } excess)
            {
                throw new PictureException($"{origin}: the picture cannot be decoded: {excess}.", BadSampleCause.TooLarge);
            }
        }
        if (loader == JpegLoader && FastJpeg(encoded, options, shrinkAbove) is { } decoded)
        {
            return decoded;
        }
        try
        {
            return Decode(loader, encoded, options, shrinkAbove);
        }
        catch (VipsException)
        {
            lock (ErrorLock)
            {
                VipsNative.TakeError();
                try
                {
                    return Decode(loader, encoded, options, shrinkAbove);
                }
                catch (VipsException e)
                {
                    throw new PictureException($"{origin}: the picture cannot be decoded: {e.Message}.", e.Cause, e);
                }
            }
        }
    }

    /// <summary>JPEG of a picture; <paramref name="quality"/> 1..100.</summary>
    public static byte[] EncodeJpeg(RgbImage image, int quality = 90) =>
        Encode("jpegsave_buffer", image, operation => operation.Set("Q", quality.ToString(System.Globalization.CultureInfo.InvariantCulture)));

    /// <summary>PNG of a picture.</summary>
    public static byte[] EncodePng(RgbImage image) => Encode("pngsave_buffer", image, operation => operation);

    /// <summary>Frees what libvips keeps for the calling thread; a worker calls it before it ends.</summary>
    internal static void EndThread()
    {
        if (VipsNative.IsStarted)
        {
            VipsNative.ThreadShutdown();
        }
    }

    /// <summary>
    /// The loader by the file's first bytes: only these formats, never the many others that libvips has (SVG, PDF, ImageMagick's, raw
    /// matrices), whose decoders are larger and less tried than a picture in a data set needs.
    /// </summary>
    private static string? LoaderFor(ReadOnlySpan<byte> encoded) => encoded switch
    {
        [0xFF, 0xD8, 0xFF, ..] => JpegLoader,
        [0x89, (byte)'P', (byte)'N', (byte)'G', ..] => PngLoader,
        [(byte)'R', (byte)'I', (byte)'F', (byte)'F', _, _, _, _, (byte)'W', (byte)'E', (byte)'B', (byte)'P', ..] => WebpLoader,
        [(byte)'G', (byte)'I', (byte)'F', (byte)'8', ..] => GifLoader,
        [(byte)'I', (byte)'I', 42, 0, ..] or [(byte)'M', (byte)'M', 0, 42, ..] => TiffLoader,
        [_, _, _, _, (byte)'f', (byte)'t', (byte)'y', (byte)'p', (byte)'a', (byte)'v', (byte)'i', (byte)'f' or (byte)'s', ..]
            or [_, _, _, _, (byte)'f', (byte)'t', (byte)'y', (byte)'p', (byte)'m' or (byte)'h', (byte)'i' or (byte)'e' or (byte)'s', _, _, ..] => HeifLoader,
        _ => null,
    };

    /// <summary>
    /// The picture of a JPEG about which nothing is out of the ordinary, else null. Not for pictures that are to stand upright: libvips alone reads
    /// their orientation.
    /// </summary>
    private static RgbImage? FastJpeg(ReadOnlySpan<byte> encoded, DecodeOptions options, int shrinkAbove) =>
        TurboJpeg.IsAvailable && !options.Upright && TurboJpeg.Size(encoded) is var (width, height) && Excess(width, height, 1, options) is null
            ? TurboJpeg.Decode(encoded, width, height, Shrink(width, height, shrinkAbove))
            : null;

    /// <summary>By what a JPEG of a size is shrunk while decoding.</summary>
    private static int Shrink(int width, int height, int shrinkAbove)
    {
        var shrink = 1;
        while (shrinkAbove > 0 && shrink < 8 && Math.Min(width, height) / (shrink * 2) >= shrinkAbove)
        {
            shrink *= 2;
        }
        return shrink;
    }

    private static unsafe RgbImage Decode(string loader, ReadOnlySpan<byte> encoded, DecodeOptions options, int shrinkAbove)
    {
        fixed (byte* data = encoded)
        {
            var shrink = 1;
            if (shrinkAbove > 0 && loader == JpegLoader)
            {
                using var header = Load(loader, data, encoded.Length, 1);
                shrink = Shrink(VipsNative.Width(header), VipsNative.Height(header), shrinkAbove);
            }
            using var image = Load(loader, data, encoded.Length, shrink);
            var (width, height) = (VipsNative.Width(image), VipsNative.Height(image));
            if (Excess(width, height, shrink, options) is { } excess)
            {
                throw new VipsException(excess, BadSampleCause.TooLarge);
            }
            var rgb = ToRgb(image, width, height, options.Background);
            return options.Upright ? Orientation.Apply(rgb, VipsNative.Orientation(image)) : rgb;
        }
    }

    /// <summary>What is too large about a size, of a picture that was shrunk while decoding; null where nothing is.</summary>
    private static string? Excess(long width, long height, int shrink, DecodeOptions options) =>
        (double)width * height * shrink * shrink > options.MaxMegapixels * 1e6 ? $"it declares {width} x {height} pixels, more than max_megapixels {options.MaxMegapixels} allows"
        : Math.Max(width, height) > MaxSide ? $"it declares {width} x {height} pixels; sides of more than {MaxSide} are refused"
        : null;

    private static unsafe VipsObject Load(string loader, byte* data, int length, int shrink)
    {
        using var operation = new VipsOperation(loader);
        // libheif decodes a picture as a whole. Where that fails, sequential reading would try again for every row.
        operation.Set("buffer", data, length).Set("access", loader == HeifLoader ? "random" : "sequential").Set("fail_on", "error");
        if (shrink > 1)
        {
            operation.Set("shrink", shrink.ToString(System.Globalization.CultureInfo.InvariantCulture));
        }
        return operation.Run().Image("out");
    }

    private static unsafe RgbImage ToRgb(VipsObject image, int width, int height, IReadOnlyList<int> background)
    {
        var bands = VipsNative.Bands(image);
        var format = VipsNative.Format(image);
        var interpretation = VipsNative.Interpretation(image);
        var isCmyk = interpretation == InterpretationCmyk && bands >= 4;
        if (format is not (FormatByte or FormatUShort) || !KnownInterpretations.Contains(interpretation))
        {
            throw new VipsException($"its samples are of libvips format {format} and colour space {interpretation}; gray, RGB and CMYK of 8 and 16 bits are read");
        }
        // A region computes in this thread; writing the image to memory would wake libvips' own threads for every picture.
        using var region = VipsNative.RegionNew(image);
        var data = region.IsInvalid ? null : VipsNative.RegionFetch(region, 0, 0, width, height, out _);
        if (data is null)
        {
            throw new VipsException(VipsNative.TakeError());
        }
        try
        {
            var count = checked(width * height);
            var pixels = GC.AllocateUninitializedArray<byte>(checked(count * 3));
            if (format == FormatUShort)
            {
                KeepHighBytes(data, (long)count * bands);
            }
            fixed (byte* target = pixels)
            {
                Convert(data, target, count, bands, isCmyk);
                if (background.Count > 0 && bands is 2 or 4 && !isCmyk)
                {
                    Blend(data, target, count, bands, background);
                }
            }
            return new RgbImage(width, height, pixels);
        }
        finally
        {
            VipsNative.Free(data);
        }
    }

    private static unsafe void KeepHighBytes(byte* data, long samples)
    {
        var wide = (ushort*)data;
        for (long i = 0; i < samples; i++)
        {
            data[i] = (byte)(wide[i] >> 8);
        }
    }

    private static unsafe void Convert(byte* source, byte* target, int count, int bands, bool isCmyk)
    {
        if (bands == 3)
        {
            Buffer.MemoryCopy(source, target, (long)count * 3, (long)count * 3);
            return;
        }
        for (var i = 0; i < count; i++, source += bands, target += 3)
        {
            if (bands < 3)
            {
                target[0] = target[1] = target[2] = source[0];
            }
            else if (isCmyk)
            {
                for (var c = 0; c < 3; c++)
                {
                    target[c] = (byte)(((255 - source[c]) * (255 - source[3]) + 127) / 255);
                }
            }
            else
            {
                (target[0], target[1], target[2]) = (source[0], source[1], source[2]);
            }
        }
    }

    /// <summary>Takes the ground colour where a pixel is transparent, and a mixture where it is partly so.</summary>
    private static unsafe void Blend(byte* source, byte* target, int count, int bands, IReadOnlyList<int> background)
    {
        for (var i = 0; i < count; i++, source += bands, target += 3)
        {
            var alpha = source[bands - 1];
            for (var c = 0; c < 3; c++)
            {
                target[c] = (byte)((target[c] * alpha + background[c] * (255 - alpha) + 127) / 255);
            }
        }
    }

    private static unsafe byte[] Encode(string saver, RgbImage image, Func<VipsOperation, VipsOperation> options)
    {
        VipsNative.Start();
        try
        {
            fixed (byte* data = image.Pixels)
            {
                using var picture = VipsNative.ImageFromMemory(data, (nuint)(image.Width * image.Height * 3), image.Width, image.Height, 3, FormatByte);
                using var operation = new VipsOperation(saver);
                return options(operation.Set("in", picture)).Run().Bytes("buffer");
            }
        }
        catch (VipsException e)
        {
            throw new RunException($"A picture of {image.Width} x {image.Height} could not be encoded: {e.Message}.", e);
        }
    }
}
