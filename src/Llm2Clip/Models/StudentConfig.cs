using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;
using Llm2Clip.Configuration;
using Llm2Clip.Images;
using Llm2Clip.Layers;
using Llm2Clip.Models.Clip;

namespace Llm2Clip.Models;

/// <summary>How the weights of a new image encoder start.</summary>
public enum VisionStart
{
    /// <summary>As OpenAI's CLIP.</summary>
    Clip,

    /// <summary>The same, but attention and positions in the pattern that trained transformers show (<see cref="MimeticInit"/>).</summary>
    Mimetic,
}

/// <summary>The <c>model</c> section of a run file: the student's image encoder and text adapter.</summary>
public sealed record StudentConfig : ICheckedConfig
{
    [Description("Folder of a CLIP vision model in Hugging Face's layout to start from; empty = a new model of the sizes below. With a folder, its own sizes, activation and image mean/std count, and the projection starts anew at embed_dim.")]
    public string Start { get; init; } = "";

    [Description("Side of the input pictures, pixels; a multiple of patch_size.")]
    [Range(8, 4096)]
    public int ImageSize { get; init; } = 224;

    [Description("Side of a patch, pixels.")]
    [Range(1, 256)]
    public int PatchSize { get; init; } = 16;

    [Description("Width of the transformer.")]
    [Range(1, 16384)]
    public int Width { get; init; } = 384;

    [Description("Blocks of the transformer.")]
    [Range(1, 256)]
    public int Layers { get; init; } = 12;

    [Description("Attention heads; divide width.")]
    [Range(1, 256)]
    public int Heads { get; init; } = 6;

    [Description("Inner width of the MLP as a multiple of width.")]
    [Range(0.25, 16)]
    public double MlpRatio { get; init; } = 4;

    [Description("gelu | quick_gelu.")]
    public Activation Activation { get; init; } = Activation.Gelu;

    [Description("clip | mimetic: how a new image encoder's weights start. mimetic (arXiv 2305.09828) gives attention the pattern that trained encoders show; it helps where pictures are few.")]
    public VisionStart WeightInit { get; init; } = VisionStart.Clip;

    [Description("Length of the vectors that pictures and captions share.")]
    [Range(1, 16384)]
    public int EmbedDim { get; init; } = 512;

    [Description("Residual blocks of the text adapter; 4 in LLM2CLIP.")]
    [Range(0, 64)]
    public int AdapterBlocks { get; init; } = 4;

    [Description("Inner width of an adapter block as a multiple of the teacher vector's length.")]
    [Range(1, 16)]
    public int AdapterExpansion { get; init; } = 2;

    [Description("Mean of R, G, B taken off pixels in 0..1 (new models).")]
    public IReadOnlyList<float> Mean { get; init; } = new ImageTransformConfig().Mean;

    [Description("Standard deviation of R, G, B (new models).")]
    public IReadOnlyList<float> Std { get; init; } = new ImageTransformConfig().Std;

    /// <summary>Shape of a new vision tower.</summary>
    [JsonIgnore]
    public ClipVisionConfig Vision => new()
    {
        ImageSize = ImageSize,
        PatchSize = PatchSize,
        Width = Width,
        Layers = Layers,
        Heads = Heads,
        MlpWidth = (int)Math.Round(Width * MlpRatio),
        EmbedDim = EmbedDim,
        Activation = Activation,
    };

    /// <inheritdoc/>
    public IEnumerable<(string Key, string Problem)> Check()
    {
        if (Start.Length == 0 && ImageSize % PatchSize != 0)
        {
            yield return ("image_size", $"is {ImageSize}, which patch_size {PatchSize} does not divide");
        }
        if (Start.Length == 0 && Width % Heads != 0)
        {
            yield return ("heads", $"is {Heads}, which does not divide width {Width}");
        }
        if (Mean.Count != 3 || Std.Count != 3 || Std.Any(value => !(value > 0)))
        {
            yield return ("std", "mean and std must hold three values each, for R, G and B, with std above 0");
        }
    }
}
