using NetVips;

namespace Llm2Clip.Images;

/// <summary>
/// Decodes every format through libvips. Rows are fetched in strips: they stay in the processor's cache, while a whole image in native
/// memory is given back to the system and taken anew each time. Its JPEG decoder is mozjpeg, whose pixels are libjpeg-turbo's to the bit
/// (<see cref="TurboJpeg"/>).
/// </summary>
internal static class VipsDecoder
{
    /// <summary>Bytes of a strip, below the size from which .NET's arrays are collected with the oldest generation alone.</summary>
    private const int StripBytes = 64 << 10;

    /// <summary>Tag that each of libvips' loaders sets where a file states an orientation.</summary>
    internal const string OrientationTag = "orientation";

    /// <summary>
    /// The image of a file of <paramref name="format"/>. Throws <see cref="VipsException"/> where libvips refuses it,
    /// <see cref="ImageException"/> naming <paramref name="origin"/> where the image is too large or of samples that are not read.
    /// </summary>
    public static RgbImage Decode(
        ImageFormat format, ReadOnlySpan<byte> encoded, string origin, DecodeOptions options, int shrinkAbove, PixelScratch? scratch)
    {
        VipsLibrary.Start();
        using var source = Source.NewFromMemory(encoded);
        var shrink = format == ImageFormat.Jpeg && shrinkAbove > 0 ? Shrink(encoded, source, shrinkAbove) : 1;
        using var image = Load(format, source, shrink);
        if (ImageLimits.Excess(image.Width, image.Height, shrink, options) is { } excess)
        {
            throw ImageCodec.Refused(origin, excess, ImageProblem.TooLarge);
        }
        var rgb = ToRgb(image, origin, options.Background, scratch);
        return options.Upright && image.Contains(OrientationTag) ? Orientation.Apply(rgb, (int)image.Get(OrientationTag)) : rgb;
    }

    /// <summary>
    /// What <paramref name="read"/> finds in the header of a file, whose pixels are not decoded. Throws <see cref="VipsException"/> where
    /// libvips refuses it.
    /// </summary>
    public static T Header<T>(ImageFormat format, ReadOnlySpan<byte> encoded, Func<Image, T> read)
    {
        VipsLibrary.Start();
        using var source = Source.NewFromMemory(encoded);
        using var image = Load(format, source, 1);
        return read(image);
    }

    /// <summary>By what a JPEG is shrunk while it is decoded.</summary>
    private static int Shrink(ReadOnlySpan<byte> encoded, Source source, int atLeast)
    {
        if (JpegSize.Of(encoded) is not var (width, height))
        {
            using var header = Load(ImageFormat.Jpeg, source, 1);
            (width, height) = (header.Width, header.Height);
        }
        return JpegSize.Shrink(width, height, atLeast);
    }

    private static Image Load(ImageFormat format, Source source, int shrink)
    {
        const Enums.Access rows = Enums.Access.Sequential;
        const Enums.FailOn errors = Enums.FailOn.Error; // truncated files too
        return format switch
        {
            ImageFormat.Jpeg => Image.JpegloadSource(source, shrink: shrink, access: rows, failOn: errors),
            ImageFormat.Png => Image.PngloadSource(source, access: rows, failOn: errors),
            ImageFormat.Webp => Image.WebploadSource(source, access: rows, failOn: errors),
            ImageFormat.Gif => Image.GifloadSource(source, access: rows, failOn: errors),
            ImageFormat.Tiff => Image.TiffloadSource(source, access: rows, failOn: errors),
            // libheif decodes an image as a whole. Where that fails, sequential reading would try again for every row.
            ImageFormat.Heif => Image.HeifloadSource(source, access: Enums.Access.Random, failOn: errors),
            _ => throw new ArgumentOutOfRangeException(nameof(format), format, null),
        };
    }

    private static RgbImage ToRgb(Image image, string origin, IReadOnlyList<int> background, PixelScratch? scratch)
    {
        var (width, height, bands, samples, colors) = (image.Width, image.Height, image.Bands, image.Format, image.Interpretation);
        // Gray, RGB and CMYK, and what states nothing; others, such as Lab, would come out as wrong colors.
        if (samples is not (Enums.BandFormat.Uchar or Enums.BandFormat.Ushort)
            || colors is not (Enums.Interpretation.Multiband or Enums.Interpretation.Bw or Enums.Interpretation.Rgb
                or Enums.Interpretation.Srgb or Enums.Interpretation.Cmyk or Enums.Interpretation.Rgb16 or Enums.Interpretation.Grey16))
        {
            var found = $"its samples are of libvips' type {samples} and color space {colors}";
            throw ImageCodec.Refused(origin, $"{found}; gray, RGB and CMYK of 8 and 16 bits are read");
        }
        var isWide = samples == Enums.BandFormat.Ushort;
        var rows = new RgbRows(bands, isWide, colors == Enums.Interpretation.Cmyk && bands >= 4, background);
        var bytes = checked(width * height * 3);
        var pixels = scratch?.Take(bytes) ?? GC.AllocateUninitializedArray<byte>(bytes);
        // A region computes in this thread; writing the image to memory would wake libvips' own threads for every image.
        using var region = Region.New(image);
        var most = (int)Math.Max(1, StripBytes / ((long)width * bands * (isWide ? 2 : 1)));
        for (var y = 0; y < height; y += most)
        {
            var count = Math.Min(most, height - y);
            rows.Convert(region.Fetch(0, y, width, count), pixels.AsSpan(y * width * 3, count * width * 3));
        }
        return new RgbImage(width, height, pixels);
    }
}
