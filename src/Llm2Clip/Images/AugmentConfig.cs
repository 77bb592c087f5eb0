using System.ComponentModel;

namespace Llm2Clip.Images;

/// <summary>
/// Random changes of training images. The defaults are LLM2CLIP's: a crop of 90 to 100 % of the area, nothing else (facts B7);
/// small data sets want smaller crops, flips and some color.
/// </summary>
public sealed record AugmentConfig
{
    [Description("Smallest share of the image's area that a random crop keeps, above 0 up to 1.")]
    public double CropScaleMin { get; init; } = 0.9;

    [Description("Largest share of the image's area that a random crop keeps, up to 1.")]
    public double CropScaleMax { get; init; } = 1.0;

    [Description("Smallest width/height of a random crop.")]
    public double RatioMin { get; init; } = 3.0 / 4;

    [Description("Largest width/height of a random crop.")]
    public double RatioMax { get; init; } = 4.0 / 3;

    [Description("Probability of mirroring left and right (captions that say left or right then lie).")]
    public double Flip { get; init; }

    [Description("Brightness factor drawn from 1 - x to 1 + x.")]
    public double Brightness { get; init; }

    [Description("Contrast factor drawn from 1 - x to 1 + x.")]
    public double Contrast { get; init; }

    [Description("Saturation factor drawn from 1 - x to 1 + x.")]
    public double Saturation { get; init; }

    /// <summary>Throws <see cref="ConfigException"/> naming the first value that cannot work.</summary>
    public void Validate()
    {
        if (!(CropScaleMin > 0 && CropScaleMin <= CropScaleMax && CropScaleMax <= 1))
        {
            throw new ConfigException($"crop_scale_min {CropScaleMin} and crop_scale_max {CropScaleMax} must fulfil 0 < min <= max <= 1.");
        }
        if (!(RatioMin > 0 && RatioMin <= RatioMax))
        {
            throw new ConfigException($"ratio_min {RatioMin} and ratio_max {RatioMax} must fulfil 0 < min <= max.");
        }
        (string, double)[] shares = [("flip", Flip), ("brightness", Brightness), ("contrast", Contrast), ("saturation", Saturation)];
        foreach (var (name, value) in shares)
        {
            if (!(value is >= 0 and <= 1))
            {
                throw new ConfigException($"{name} is {value}; it must lie in 0..1.");
            }
        }
    }
}
