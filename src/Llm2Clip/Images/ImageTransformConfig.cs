using System.ComponentModel;

namespace Llm2Clip.Images;

/// <summary>
/// How an image becomes the input of a vision model; belongs to the model. Defaults are OpenAI CLIP's
/// (https://github.com/openai/CLIP/blob/dcba3cb2e2827b402d2701e7e1c7d9fed8a20ef1/clip/clip.py#L79).
/// </summary>
public sealed record ImageTransformConfig
{
    [Description("Side of the square input, pixels.")]
    public int ImageSize { get; init; } = 224;

    [Description("crop (short side to image_size, center crop: CLIP) | squash (both sides to image_size: SigLIP).")]
    public string Resize { get; init; } = "crop";

    [Description("Mean of R, G, B taken off pixels in 0..1.")]
    public IReadOnlyList<float> Mean { get; init; } = [0.48145466f, 0.4578275f, 0.40821073f];

    [Description("Standard deviation of R, G, B that pixels are divided by.")]
    public IReadOnlyList<float> Std { get; init; } = [0.26862954f, 0.26130258f, 0.27577711f];

    /// <summary>A normalized pixel: (pixel / 255 - mean) / std. <paramref name="channel"/> is 0, 1, 2 for R, G, B.</summary>
    public float Normalize(byte pixel, int channel) => (pixel / 255f - Mean[channel]) / Std[channel];

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
