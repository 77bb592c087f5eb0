namespace Llm2Clip.Images;

/// <summary>
/// How encoded images become RGB. The defaults are what CLIP's processors do through Pillow: alpha dropped, orientation ignored.
/// </summary>
public sealed record DecodeOptions
{
    /// <summary>Largest image that is decoded, millions of pixels; one that declares more is refused before its pixels are read.</summary>
    public double MaxMegapixels { get; init; } = 178;

    /// <summary>
    /// Shrinks JPEGs by 2, 4 or 8 while decoding as long as this many times the target remain, 1 or more; 0 = never. The name is Pillow's
    /// (https://pillow.readthedocs.io/en/stable/reference/Image.html#PIL.Image.Image.resize).
    /// </summary>
    public double JpegReducingGap { get; init; }

    /// <summary>Turns images as their EXIF orientation says.</summary>
    public bool Upright { get; init; }

    /// <summary>R, G, B that transparent pixels are blended over; empty = alpha is dropped, and the color under it shows.</summary>
    public IReadOnlyList<int> Background { get; init; } = [];

    /// <summary>Throws <see cref="ConfigException"/> naming the first value that cannot work.</summary>
    public void Validate()
    {
        if (!(MaxMegapixels is > 0 and <= 700)) // three bytes each must fit one array
        {
            throw new ConfigException($"max_megapixels is {MaxMegapixels}; it must lie above 0, up to 700.");
        }
        if (JpegReducingGap != 0 && !(JpegReducingGap >= 1))
        {
            throw new ConfigException($"jpeg_reducing_gap is {JpegReducingGap}; it must be 0 (never shrink), or at least 1.");
        }
        if (Background.Count is not (0 or 3) || Background.Any(value => value is < 0 or > 255))
        {
            var given = string.Join(", ", Background);
            throw new ConfigException($"background is [{given}]; it must be empty, or R, G, B in 0..255, such as [255, 255, 255].");
        }
    }
}
