using System.Text.Json.Nodes;
using Llm2Clip.Files;
using Llm2Clip.Layers;

namespace Llm2Clip.Models.Siglip;

/// <summary>Shape of a SigLIP vision tower; what <c>config.json</c> of Hugging Face's <c>SiglipVisionModel</c> says.</summary>
internal sealed record SiglipVisionConfig
{
    /// <summary>Side of the square input, pixels.</summary>
    public required int ImageSize { get; init; }

    /// <summary>Side of a patch, pixels; divides <see cref="ImageSize"/>.</summary>
    public required int PatchSize { get; init; }

    /// <summary>Width of the token stream and length of the features (hidden_size).</summary>
    public required int Width { get; init; }

    /// <summary>Number of blocks.</summary>
    public required int Layers { get; init; }

    /// <summary>Attention heads; divides <see cref="Width"/>.</summary>
    public required int Heads { get; init; }

    /// <summary>Inner width of the MLP (intermediate_size).</summary>
    public required int MlpWidth { get; init; }

    /// <summary>Activation of the MLP (hidden_act).</summary>
    public Activation Activation { get; init; } = Activation.GeluTanh;

    /// <summary>Epsilon of all layer norms.</summary>
    public double LayerNormEpsilon { get; init; } = 1e-6;

    /// <summary>Patches along one side.</summary>
    public int Grid => ImageSize / PatchSize;

    /// <summary>Sizes of the blocks.</summary>
    internal TransformerShape Blocks => new(Width, Layers, Heads, MlpWidth, Activation, LayerNormEpsilon);

    /// <summary>Weights of the whole tower.</summary>
    internal Int128 WeightCount
    {
        get
        {
            Int128 w = Width;
            var embeddings = w * 3 * PatchSize * PatchSize + w + w * Grid * Grid; // patches, positions
            var head = w + (Blocks with { Layers = 1 }).WeightCount - 2 * w; // the probe, and a block with one norm less
            return embeddings + Blocks.WeightCount + 2 * w + head;
        }
    }

    private static readonly string[] Read =
    [
        "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "image_size", "patch_size", "hidden_act",
        "layer_norm_eps",
        "num_channels", "attention_dropout", "vision_use_head", "model_type", "architectures",
    ];

    /// <summary>
    /// Reads the configuration of a vision model or of a whole <c>SiglipModel</c>. Throws <see cref="InputException"/>, naming
    /// <paramref name="path"/>, that lists every key that is unknown or holds a value that is not supported.
    /// </summary>
    public static SiglipVisionConfig FromJson(JsonObject root, string path)
    {
        var keys = new JsonKeys(path);
        var whole = keys.Text(root, "model_type", "") == "siglip";
        var vision = whole ? root["vision_config"] as JsonObject ?? throw new InputException($"{path} has no vision_config.") : root;
        keys.Expect(vision, "model_type", "siglip_vision_model", fallback: "siglip_vision_model");
        keys.RefuseUnknown(vision, Read, ModelFolder.IgnoredKeys, whole ? "vision_config." : "");
        keys.ExpectNumber(vision, "num_channels", 3, fallback: 3);
        keys.ExpectNumber(vision, "attention_dropout", 0, fallback: 0);
        if (!keys.Flag(vision, "vision_use_head", true))
        {
            keys.Refuse(0, "vision_use_head is false; only towers with the attention-pooling head are supported");
        }
        var config = new SiglipVisionConfig
        {
            ImageSize = keys.Count(vision, "image_size", 224),
            PatchSize = keys.Count(vision, "patch_size", 16),
            Width = keys.Count(vision, "hidden_size", 768),
            Layers = keys.Count(vision, "num_hidden_layers", 12),
            Heads = keys.Count(vision, "num_attention_heads", 12),
            MlpWidth = keys.Count(vision, "intermediate_size", 3072),
            LayerNormEpsilon = keys.Number(vision, "layer_norm_eps", 1e-6),
            Activation = ModelFolder.ReadActivation(keys, vision, "gelu_pytorch_tanh"),
        };
        keys.ThrowIfAny();
        config.Validate(path);
        return config;
    }

    /// <summary>
    /// Throws <see cref="InputException"/> where sizes do not fit together; <paramref name="source"/> names where they are.
    /// </summary>
    public void Validate(string source) => ModelFolder.RequireFit(source, ImageSize, PatchSize, Width, Heads);

    /// <summary>The <c>config.json</c> that transformers opens as <c>SiglipVisionModel</c>.</summary>
    public JsonObject ToJson() => new()
    {
        ["architectures"] = new JsonArray("SiglipVisionModel"),
        ["attention_dropout"] = 0.0,
        ["dtype"] = "float32",
        ["hidden_act"] = ModelFolder.NameOf(Activation),
        ["hidden_size"] = Width,
        ["image_size"] = ImageSize,
        ["intermediate_size"] = MlpWidth,
        ["layer_norm_eps"] = LayerNormEpsilon,
        ["model_type"] = "siglip_vision_model",
        ["num_attention_heads"] = Heads,
        ["num_channels"] = 3,
        ["num_hidden_layers"] = Layers,
        ["patch_size"] = PatchSize,
        ["vision_use_head"] = true,
    };
}
