using System.ComponentModel;

namespace Llm2Clip.Data;

/// <summary>
/// How a picture becomes the input of a vision model; belongs to the model. Defaults are OpenAI CLIP's
/// (https://github.com/openai/CLIP/blob/dcba3cb2e2827b402d2701e7e1c7d9fed8a20ef1/clip/clip.py#L79).
/// </summary>
public sealed record ImageTransformConfig
{
    [Description("Side of the square input, pixels.")]
    public int ImageSize { get; init; } = 224;

    [Description("crop (short side to image_size, centre crop: CLIP) | squash (both sides to image_size: SigLIP).")]
    public string Resize { get; init; } = "crop";

    [Description("Mean of R, G, B taken off pixels in 0..1.")]
    public IReadOnlyList<float> Mean { get; init; } = [0.48145466f, 0.4578275f, 0.40821073f];

    [Description("Standard deviation of R, G, B that pixels are divided by.")]
    public IReadOnlyList<float> Std { get; init; } = [0.26862954f, 0.26130258f, 0.27577711f];

    /// <summary>The value of a pixel after normalisation: (pixel / 255 - mean) / std. <paramref name="channel"/> is 0, 1, 2 for R, G, B.</summary>
    public float Normalise(byte pixel, int channel) => (pixel / 255f - Mean[channel]) / Std[channel];

    /// <summary>Throws <see cref="ConfigException"/> naming the first value that cannot work.</summary>
    public void Validate()
    {
        if (ImageSize is < 1 or > 4096)
        {
            throw new ConfigException($"image_size is {ImageSize}; it must lie in 1..4096.");
        }
        if (Resize is not ("crop" or "squash"))
        {
            throw new ConfigException($"resize is '{Resize}'; it must be crop or squash.");
        }
        if (Mean.Count != 3 || Std.Count != 3 || Std.Any(value => !(value > 0)) || Mean.Any(value => !float.IsFinite(value)))
        {
            throw new ConfigException("mean and std must hold three values each, for R, G and B, with std above 0.");
        }
    }
}

/// <summary>
/// Random changes of training pictures. The defaults are LLM2CLIP's: a crop of 90 to 100 % of the area, nothing else (facts B7);
/// small data sets want smaller crops, flips and some colour.
/// </summary>
public sealed record AugmentConfig
{
    [Description("Smallest share of the picture's area that a random crop keeps, above 0 up to 1.")]
    public double CropScaleMin { get; init; } = 0.9;

    [Description("Largest share of the picture's area that a random crop keeps, up to 1.")]
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
        foreach (var (name, value) in new[] { ("flip", Flip), ("brightness", Brightness), ("contrast", Contrast), ("saturation", Saturation) })
        {
            if (!(value is >= 0 and <= 1))
            {
                throw new ConfigException($"{name} is {value}; it must lie in 0..1.");
            }
        }
    }
}
