using System.ComponentModel.DataAnnotations;
using Llm2Clip.Configuration;

namespace Llm2Clip.Images;

/// <summary>
/// How encoded images become RGB. The defaults are what CLIP's processors do through Pillow: alpha dropped, orientation ignored.
/// </summary>
public sealed record DecodeOptions : ICheckedConfig
{
    /// <summary>Three bytes per pixel must fit one array.</summary>
    internal const double MaxMegapixelsOfAnArray = 700;

    /// <summary>Largest image that is decoded, millions of pixels; one that declares more is refused before its pixels are read.</summary>
    [Range(0.0, MaxMegapixelsOfAnArray, MinimumIsExclusive = true)]
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

    /// <inheritdoc/>
    public IEnumerable<(string Key, string Problem)> Check()
    {
        if (JpegReducingGap != 0 && !(JpegReducingGap >= 1))
        {
            yield return (
                "jpeg_reducing_gap", FormattableString.Invariant($"is {JpegReducingGap}; it must be 0 (never shrink), or at least 1"));
        }
        if (Background.Count is not (0 or 3) || Background.Any(value => value is < 0 or > 255))
        {
            var given = string.Join(", ", Background);
            yield return ("background", $"is [{given}]; it must be empty, or R, G, B in 0..255, such as [255, 255, 255]");
        }
    }
}
