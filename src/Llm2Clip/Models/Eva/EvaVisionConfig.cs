using System.Text.Json.Nodes;
using Llm2Clip.Files;
using Llm2Clip.Layers;
using Llm2Clip.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Models.Eva;

/// <summary>
/// Shape of an EVA02-CLIP vision tower. No library has a <c>config.json</c> for it; this project's has the keys that Hugging Face's CLIP
/// has, and <c>rope_grid</c>.
/// </summary>
internal sealed record EvaVisionConfig : VisionConfig
{
    /// <summary>The <c>model_type</c> of a saved folder.</summary>
    public const string ModelType = "eva02_clip_vision_model";

    /// <summary>Epsilon of the layer norms, which eva_clip has in its code.</summary>
    internal const double Epsilon = 1e-6;

    /// <summary>A shape with the epsilon and the grid that published models have.</summary>
    public EvaVisionConfig() => (LayerNormEpsilon, RopeGrid) = (Epsilon, 16);

    /// <summary>baaivision/EVA EVA-CLIP/rei/eva_clip/model_configs/EVA02-CLIP-B-16.json; timm's eva02_base_patch16_clip_224.</summary>
    public static EvaVisionConfig Eva02B16 { get; } =
        new() { ImageSize = 224, PatchSize = 16, Width = 768, Layers = 12, Heads = 12, MlpWidth = 2048, EmbedDim = 512 };

    /// <summary>LLM2CLIP cba3b45 eva_clip/model_configs/EVA02-CLIP-L-14.json; timm's eva02_large_patch14_clip_224.</summary>
    public static EvaVisionConfig Eva02L14 { get; } =
        new() { ImageSize = 224, PatchSize = 14, Width = 1024, Layers = 24, Heads = 16, MlpWidth = 2730, EmbedDim = 768 };

    /// <summary>Named sizes, as <c>model.preset</c> names them.</summary>
    public static IReadOnlyDictionary<string, EvaVisionConfig> Presets { get; } = new Dictionary<string, EvaVisionConfig>
    {
        ["eva02-b-16"] = Eva02B16, ["eva02-l-14"] = Eva02L14, ["eva02-l-14-336"] = Eva02L14 with { ImageSize = 336 },
    };

    /// <summary>Side of the grid of rotary positions that the model was trained at (pt_hw_seq_len); others are stretched to it.</summary>
    public int RopeGrid { get; init; }

    /// <summary>Length of the projected vector.</summary>
    public override required int EmbedDim { get; init; }

    internal override int? RotaryGrid => RopeGrid;

    internal override bool HasProjection => true;

    internal override TransformerShape Blocks => base.Blocks with { Gated = true, InnerNorms = true, KeyBias = false };

    /// <inheritdoc/>
    internal override (Int128 Tower, Int128 Projection) WeightCount
    {
        get
        {
            Int128 w = Width;
            return (EmbeddingWeights + Blocks.WeightCount + 2 * w, w * EmbedDim + EmbedDim);
        }
    }

    internal override VisionModel Create(Device device) => new EvaVisionModel(this, device);

    internal override WeightLayout Layout => EvaVisionWeights.EvaClip;

    private static readonly string[] Read = [.. SharedKeys, "intermediate_size", "projection_dim", "rope_grid"];

    /// <summary>Reads the <c>config.json</c> that <see cref="ToJson"/> writes.</summary>
    /// <exception cref="InputException">It has a key that is unknown, or a value that is not supported; every problem is
    /// listed.</exception>
    public static EvaVisionConfig FromJson(JsonObject root, string path)
    {
        var keys = new JsonKeys(path);
        keys.RefuseUnknown(root, Read, ModelFolder.IgnoredKeys, "");
        var config = (EvaVisionConfig)Eva02B16.With(keys, root) with
        {
            EmbedDim = keys.Count(root, "projection_dim", Eva02B16.EmbedDim),
            RopeGrid = keys.Count(root, "rope_grid", Eva02B16.RopeGrid),
        };
        keys.ThrowIfAny();
        config.RequireHeads(path);
        config.Validate(path);
        return config;
    }

    /// <summary>Throws <see cref="InputException"/> where the width of a head has no quarters, which rotary positions need.</summary>
    public void RequireHeads(string source)
    {
        if (Heads > 0 && Width % (4 * Heads) != 0)
        {
            throw new InputException($"{source}: rotary positions need heads whose width is a multiple of 4; {Heads} heads share {Width}.");
        }
    }

    /// <inheritdoc/>
    public override JsonObject ToJson() => ToJson(
        "Eva02ClipVisionModel", ModelType, ("intermediate_size", MlpWidth), ("projection_dim", EmbedDim), ("rope_grid", RopeGrid));
}
