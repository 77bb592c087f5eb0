namespace Llm2Clip.Images;

/// <summary>How large an image may say it is.</summary>
internal static class ImageLimits
{
    /// <summary>
    /// The longest side that JPEG and AVIF can have. PNG and TIFF can have longer ones, and the time that libvips takes to find that the
    /// rows of a damaged image cannot be read grows with the square of their number.
    /// </summary>
    private const int MaxSide = ushort.MaxValue;

    /// <summary>What is too large about a size, of an image that was shrunk by <paramref name="shrink"/> while decoding; or null.</summary>
    public static string? Excess(long width, long height, int shrink, DecodeOptions options) =>
        (double)width * height * shrink * shrink > options.MaxMegapixels * 1e6
            ? $"it declares {width} x {height} pixels, more than max_megapixels {options.MaxMegapixels} allows"
            : Math.Max(width, height) > MaxSide ? $"it declares {width} x {height} pixels; sides of more than {MaxSide} are refused"
            : null;
}
