using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Llm2Clip.Configuration;

namespace Llm2Clip.Images;

/// <summary>
/// Random changes of training images. The defaults are LLM2CLIP's: a crop of 90 to 100 % of the area, nothing else (facts B7);
/// small data sets want smaller crops, flips and some color.
/// </summary>
public sealed record AugmentConfig : ICheckedConfig
{
    [Description("Smallest share of the image's area that a random crop keeps, above 0 up to 1.")]
    [Range(0.0, 1.0, MinimumIsExclusive = true)]
    public double CropScaleMin { get; init; } = 0.9;

    [Description("Largest share of the image's area that a random crop keeps, up to 1.")]
    [Range(0.0, 1.0, MinimumIsExclusive = true)]
    public double CropScaleMax { get; init; } = 1.0;

    [Description("Smallest width/height of a random crop.")]
    [Range(0.0, 1000.0, MinimumIsExclusive = true)]
    public double RatioMin { get; init; } = 3.0 / 4;

    [Description("Largest width/height of a random crop.")]
    [Range(0.0, 1000.0, MinimumIsExclusive = true)]
    public double RatioMax { get; init; } = 4.0 / 3;

    [Description("Probability of mirroring left and right (captions that say left or right then lie).")]
    [Range(0.0, 1.0)]
    public double Flip { get; init; }

    [Description("Brightness factor drawn from 1 - x to 1 + x.")]
    [Range(0.0, 1.0)]
    public double Brightness { get; init; }

    [Description("Contrast factor drawn from 1 - x to 1 + x.")]
    [Range(0.0, 1.0)]
    public double Contrast { get; init; }

    [Description("Saturation factor drawn from 1 - x to 1 + x.")]
    [Range(0.0, 1.0)]
    public double Saturation { get; init; }

    /// <inheritdoc/>
    public IEnumerable<(string Key, string Problem)> Check()
    {
        if (CropScaleMin > CropScaleMax)
        {
            yield return ("crop_scale_min", FormattableString.Invariant($"is {CropScaleMin}, above crop_scale_max {CropScaleMax}"));
        }
        if (RatioMin > RatioMax)
        {
            yield return ("ratio_min", FormattableString.Invariant($"is {RatioMin}, above ratio_max {RatioMax}"));
        }
    }
}
