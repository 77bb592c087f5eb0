using Llm2Clip.Layers;
using Llm2Clip.Models.Text;
using Llm2Clip.Weights;
using static TorchSharp.torch;

namespace Llm2Clip.Models.Clip;

/// <summary>
/// OpenAI's original state dict, which has no configuration: sizes follow from names and shapes (openai/CLIP dcba3cb clip/model.py,
/// build_model). Three integers beside the weights tell it from open_clip's files.
/// </summary>
internal static class OpenAiClip
{
    /// <summary>A tensor that every ViT in this layout holds.</summary>
    public const string Mark = "visual.transformer.resblocks.0.ln_1.weight";

    /// <summary>Width of a head in all of OpenAI's models.</summary>
    public const int HeadWidth = 64;

    /// <summary>Integers that OpenAI's files hold.</summary>
    public static IReadOnlyList<string> Scalars { get; } = ["input_resolution", "context_length", "vocab_size"];

    /// <summary>Whether a file is OpenAI's, or Long-CLIP's, which has a second table of positions in the place of the integers.</summary>
    public static bool Is(ISafetensors file) =>
        file.Contains(Mark) && (file.Contains(Scalars[0]) || file.Contains("positional_embedding_res"));

    /// <summary>Whether the layout can say a shape.</summary>
    public static bool Holds(ClipVisionConfig config) =>
        config.Heads * HeadWidth == config.Width && config.MlpWidth == 4 * config.Width && config.Activation == Activation.QuickGelu
        && config.LayerNormEpsilon == 1e-5;

    /// <summary>Whether the layout can say a text tower's shape.</summary>
    public static bool Holds(ClipTextConfig config) =>
        config.Heads * HeadWidth == config.Width && config.MlpWidth == 4 * config.Width && config.Activation == Activation.QuickGelu
        && config.LayerNormEpsilon == 1e-5 && config.KeptPositions is (0 or ClipTextConfig.LongClipKept);

    /// <summary>The shape: heads of 64, an MLP of four times the width and QuickGELU, as in all of OpenAI's models.</summary>
    /// <exception cref="InputException">A tensor that says a size is missing or has another shape.</exception>
    public static ClipVisionConfig Infer(ISafetensors file, string source)
    {
        var patches = Shape("visual.conv1.weight", 4);
        var positions = Shape("visual.positional_embedding", 2);
        var width = (int)patches[0];
        var grid = (int)Math.Round(Math.Sqrt(positions[0] - 1));
        if (width % HeadWidth != 0 || width == 0)
        {
            throw new InputException($"{source}: OpenAI's towers have heads of {HeadWidth}, which do not divide the width {width}.");
        }
        var config = new ClipVisionConfig
        {
            ImageSize = grid * (int)patches[3],
            PatchSize = (int)patches[3],
            Width = width,
            Layers = file.Names.Count(name => name.StartsWith("visual.transformer.resblocks.", StringComparison.Ordinal)
                && name.EndsWith(".attn.in_proj_weight", StringComparison.Ordinal)),
            Heads = width / HeadWidth,
            MlpWidth = 4 * width,
            EmbedDim = (int)Shape("visual.proj", 2)[1],
            Activation = Activation.QuickGelu,
            Positions = PositionRule.BicubicAntialias,
        };
        config.Validate(source);
        return config;

        IReadOnlyList<long> Shape(string name, int dimensions) =>
            file.Contains(name) && file.Info(name).Shape is var shape && shape.Count == dimensions
            && shape.All(side => side is > 0 and < 1 << 20)
                ? shape
                : throw new InputException($"{source} is in OpenAI's layout, but {name} is missing or not of {dimensions} dimensions.");
    }
}
