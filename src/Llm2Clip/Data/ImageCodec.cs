namespace Llm2Clip.Data;

/// <summary>
/// Decodes and encodes pictures through libvips. libvips only decodes; the conversion to RGB is done here, as Pillow's
/// <c>convert("RGB")</c> does it: alpha is dropped, not blended; CMYK becomes (255 - C)(255 - K) / 255; gray is repeated; 16-bit
/// values keep their high byte (also for gray, where Pillow clips at 255: a bright picture would turn white); EXIF rotation and
/// colour profiles are not applied. Safe to call from several threads.
/// </summary>
public static class ImageCodec
{
    private const string JpegLoader = "jpegload_buffer";
    private const string PngLoader = "pngload_buffer";
    private const int FormatByte = 0;
    private const int FormatUShort = 2;
    private const int InterpretationCmyk = 15;

    /// <summary>One decode at a time is repeated under this lock after a failure, so that libvips' message is its own.</summary>
    private static readonly Lock ErrorLock = new();

    /// <summary>Version of libvips, for <c>doctor</c>.</summary>
    public static string LibraryVersion => VipsNative.Version;

    /// <summary>
    /// Decodes jpg, png, webp or gif (first frame), recognised by content. A damaged, truncated or unknown picture, or one that
    /// declares more than <paramref name="maxMegapixels"/>, throws <see cref="InputException"/> naming <paramref name="origin"/>.
    /// <paramref name="shrinkAbove"/>: JPEGs are shrunk by 2, 4 or 8 while decoding as long as both sides stay at or above it; 0 = never.
    /// </summary>
    public static RgbImage Decode(ReadOnlySpan<byte> encoded, string origin, double maxMegapixels = 178, int shrinkAbove = 0)
    {
        if (LoaderFor(encoded) is not { } loader)
        {
            throw new InputException($"{origin}: {(encoded.Length == 0 ? "the picture is empty (zero bytes)" : "not a jpg, png, webp or gif picture")}.");
        }
        if (loader == PngLoader && PngChunks.Problem(encoded) is { } problem)
        {
            throw new InputException($"{origin}: the picture cannot be decoded: {problem}.");
        }
        try
        {
            return Decode(loader, encoded, maxMegapixels, shrinkAbove);
        }
        catch (VipsException)
        {
            lock (ErrorLock)
            {
                VipsNative.TakeError();
                try
                {
                    return Decode(loader, encoded, maxMegapixels, shrinkAbove);
                }
                catch (VipsException e)
                {
                    throw new InputException($"{origin}: the picture cannot be decoded: {e.Message}.", e);
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

    /// <summary>The loader by the file's first bytes: only these four formats, never the many others that libvips would try.</summary>
    private static string? LoaderFor(ReadOnlySpan<byte> encoded) => encoded switch
    {
        [0xFF, 0xD8, 0xFF, ..] => JpegLoader,
        [0x89, (byte)'P', (byte)'N', (byte)'G', ..] => PngLoader,
        [(byte)'R', (byte)'I', (byte)'F', (byte)'F', _, _, _, _, (byte)'W', (byte)'E', (byte)'B', (byte)'P', ..] => "webpload_buffer",
        [(byte)'G', (byte)'I', (byte)'F', (byte)'8', ..] => "gifload_buffer",
        _ => null,
    };

    private static unsafe RgbImage Decode(string loader, ReadOnlySpan<byte> encoded, double maxMegapixels, int shrinkAbove)
    {
        fixed (byte* data = encoded)
        {
            var shrink = 1;
            if (shrinkAbove > 0 && loader == JpegLoader)
            {
                using var header = Load(loader, data, encoded.Length, 1);
                var side = Math.Min(VipsNative.Width(header), VipsNative.Height(header));
                while (shrink < 8 && side / (shrink * 2) >= shrinkAbove)
                {
                    shrink *= 2;
                }
            }
            using var image = Load(loader, data, encoded.Length, shrink);
            var (width, height) = (VipsNative.Width(image), VipsNative.Height(image));
            if ((double)width * height * shrink * shrink > maxMegapixels * 1e6)
            {
                throw new VipsException($"it declares {width} x {height} pixels, more than max_megapixels {maxMegapixels} allows");
            }
            return ToRgb(image, width, height);
        }
    }

    private static unsafe VipsObject Load(string loader, byte* data, int length, int shrink)
    {
        using var operation = new VipsOperation(loader);
        operation.Set("buffer", data, length).Set("access", "sequential").Set("fail_on", "error");
        if (shrink > 1)
        {
            operation.Set("shrink", shrink.ToString(System.Globalization.CultureInfo.InvariantCulture));
        }
        return operation.Run().Image("out");
    }

    private static unsafe RgbImage ToRgb(VipsObject image, int width, int height)
    {
        var bands = VipsNative.Bands(image);
        var format = VipsNative.Format(image);
        var isCmyk = VipsNative.Interpretation(image) == InterpretationCmyk && bands >= 4;
        if (format is not (FormatByte or FormatUShort))
        {
            throw new VipsException($"its samples are of libvips format {format}; 8 and 16 bits are read");
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
