using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Llm2Clip.Configuration;

namespace Llm2Clip.Images;

/// <summary>How an image comes to the size of the input.</summary>
public enum ResizeMode
{
    /// <summary>Short side to the input's side, then the center of the long one (CLIP).</summary>
    Crop,

    /// <summary>Both sides to the input's side, whatever the shape (SigLIP).</summary>
    Squash,
}

/// <summary>The kernel of a resize, with antialias, as Pillow computes it.</summary>
public enum ResampleFilter
{
    /// <summary>Bicubic with a = -0.5, over 4 pixels (CLIP, SigLIP, DINOv2).</summary>
    Bicubic,

    /// <summary>A triangle over 2 pixels (some folders of SigLIP 2).</summary>
    Bilinear,
}

/// <summary>
/// How an image becomes the input of a vision model; belongs to the model. Defaults are OpenAI CLIP's
/// (https://github.com/openai/CLIP/blob/dcba3cb2e2827b402d2701e7e1c7d9fed8a20ef1/clip/clip.py#L79).
/// </summary>
public sealed record ImageTransformConfig : ICheckedConfig
{
    [Description("Side of the square input, pixels.")]
    [Range(1, 4096)]
    public int ImageSize { get; init; } = 224;

    [Description("crop (short side to image_size, center crop: CLIP) | squash (both sides to image_size: SigLIP).")]
    public ResizeMode Resize { get; init; } = ResizeMode.Crop;

    [Description("bicubic | bilinear: kernel of the resize.")]
    public ResampleFilter Filter { get; init; } = ResampleFilter.Bicubic;

    [Description("Mean of R, G, B taken off pixels in 0..1.")]
    public IReadOnlyList<float> Mean { get; init; } = [0.48145466f, 0.4578275f, 0.40821073f];

    [Description("Standard deviation of R, G, B that pixels are divided by.")]
    public IReadOnlyList<float> Std { get; init; } = [0.26862954f, 0.26130258f, 0.27577711f];

    /// <summary>A normalized pixel: (pixel / 255 - mean) / std. <paramref name="channel"/> is 0, 1, 2 for R, G, B.</summary>
    public float Normalize(byte pixel, int channel) => (pixel / 255f - Mean[channel]) / Std[channel];

    /// <inheritdoc/>
    public IEnumerable<(string Key, string Problem)> Check()
    {
        if (Mean.Count != 3 || Mean.Any(value => !float.IsFinite(value)))
        {
            yield return ("mean", "must hold three finite values, for R, G and B");
        }
        if (Std.Count != 3 || Std.Any(value => !(value > 0)))
        {
            yield return ("std", "must hold three values above 0, for R, G and B");
        }
    }
}
