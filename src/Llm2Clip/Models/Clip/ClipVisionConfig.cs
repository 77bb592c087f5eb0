using System.Text.Json;
using System.Text.Json.Nodes;
using Llm2Clip.Files;
using Llm2Clip.Layers;

namespace Llm2Clip.Models.Clip;

/// <summary>
/// Shape of a CLIP vision transformer; what <c>config.json</c> of Hugging Face's <c>CLIPVisionModelWithProjection</c> says.
/// </summary>
public sealed record ClipVisionConfig
{
    /// <summary>OpenAI's ViT-B/32 (https://huggingface.co/openai/clip-vit-base-patch32/blob/main/config.json).</summary>
    public static ClipVisionConfig VitB32 { get; } =
        new() { ImageSize = 224, PatchSize = 32, Width = 768, Layers = 12, Heads = 12, MlpWidth = 3072, EmbedDim = 512 };

    /// <summary>OpenAI's ViT-B/16 (https://huggingface.co/openai/clip-vit-base-patch16/blob/main/config.json).</summary>
    public static ClipVisionConfig VitB16 { get; } = VitB32 with { PatchSize = 16 };

    /// <summary>OpenAI's ViT-L/14 (https://huggingface.co/openai/clip-vit-large-patch14/blob/main/config.json).</summary>
    public static ClipVisionConfig VitL14 { get; } =
        new() { ImageSize = 224, PatchSize = 14, Width = 1024, Layers = 24, Heads = 16, MlpWidth = 4096, EmbedDim = 768 };

    /// <summary>OpenAI's ViT-L/14 at 336 pixels (https://huggingface.co/openai/clip-vit-large-patch14-336/blob/main/config.json).</summary>
    public static ClipVisionConfig VitL14At336 { get; } = VitL14 with { ImageSize = 336 };

    /// <summary>Named sizes, as <c>model.preset</c> names them.</summary>
    public static IReadOnlyDictionary<string, ClipVisionConfig> Presets { get; } = new Dictionary<string, ClipVisionConfig>
    {
        ["vit-b-32"] = VitB32, ["vit-b-16"] = VitB16, ["vit-l-14"] = VitL14, ["vit-l-14-336"] = VitL14At336,
    };

    /// <summary>Side of the square input, pixels.</summary>
    public required int ImageSize { get; init; }

    /// <summary>Side of a patch, pixels; divides <see cref="ImageSize"/>.</summary>
    public required int PatchSize { get; init; }

    /// <summary>Width of the token stream (hidden_size).</summary>
    public required int Width { get; init; }

    /// <summary>Number of blocks.</summary>
    public required int Layers { get; init; }

    /// <summary>Attention heads; divides <see cref="Width"/>.</summary>
    public required int Heads { get; init; }

    /// <summary>Inner width of the MLP (intermediate_size).</summary>
    public required int MlpWidth { get; init; }

    /// <summary>Length of the projected vector.</summary>
    public required int EmbedDim { get; init; }

    /// <summary>Activation of the MLP (hidden_act).</summary>
    public Activation Activation { get; init; } = Activation.QuickGelu;

    /// <summary>Epsilon of all layer norms.</summary>
    public double LayerNormEpsilon { get; init; } = 1e-5;

    /// <summary>Sizes of the blocks.</summary>
    internal TransformerShape Blocks => new(Width, Layers, Heads, MlpWidth, Activation, LayerNormEpsilon);

    /// <summary>Patches along one side.</summary>
    public int Grid => ImageSize / PatchSize;

    /// <summary>Patches plus the class token.</summary>
    public int Tokens => Grid * Grid + 1;

    /// <summary>Weights of the tower, and of the projection behind it.</summary>
    internal (Int128 Tower, Int128 Projection) WeightCount
    {
        get
        {
            Int128 w = Width;
            var embeddings = w + w * 3 * PatchSize * PatchSize + w * ((Int128)Grid * Grid + 1); // class token, patches, positions
            return (embeddings + 4 * w + Blocks.WeightCount, w * EmbedDim);                     // norms before and behind the blocks
        }
    }

    /// <summary>Keys of a vision config that change what is computed, and are read.</summary>
    private static readonly string[] Read =
    [
        "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "image_size", "patch_size", "hidden_act",
        "layer_norm_eps",
        "projection_dim", "num_channels", "attention_dropout", "dropout", "model_type", "architectures",
    ];

    /// <summary>
    /// Reads <c>config.json</c> of a vision model or of a whole <c>CLIPModel</c>. Throws <see cref="InputException"/> listing every key
    /// that is missing, unknown or holds a value that is not supported.
    /// </summary>
    public static ClipVisionConfig FromFile(string path) => FromJson(JsonKeys.ReadObject(path, "a model configuration"), path);

    /// <inheritdoc cref="FromFile"/>
    public static ClipVisionConfig FromJson(JsonObject root, string path)
    {
        var keys = new JsonKeys(path);
        var (vision, whole) = ModelFolder.VisionPart(root, "clip", Read, keys, path);
        keys.Expect(vision, "model_type", "clip_vision_model", fallback: "clip_vision_model");
        keys.RefuseUnknown(vision, Read, ModelFolder.IgnoredKeys, whole ? "vision_config." : "");
        keys.ExpectNumber(vision, "num_channels", 3, fallback: 3);
        keys.ExpectNumber(vision, "attention_dropout", 0, fallback: 0);
        keys.ExpectNumber(vision, "dropout", 0, fallback: 0);
        var config = new ClipVisionConfig
        {
            ImageSize = keys.Count(vision, "image_size", 224),
            PatchSize = keys.Count(vision, "patch_size", 32),
            Width = keys.Count(vision, "hidden_size", 768),
            Layers = keys.Count(vision, "num_hidden_layers", 12),
            Heads = keys.Count(vision, "num_attention_heads", 12),
            MlpWidth = keys.Count(vision, "intermediate_size", 3072),
            EmbedDim = keys.Count(whole ? root : vision, "projection_dim", 512),
            LayerNormEpsilon = keys.Number(vision, "layer_norm_eps", 1e-5),
            Activation = ModelFolder.ReadActivation(keys, vision, "quick_gelu"),
        };
        keys.ThrowIfAny();
        config.Validate(path);
        return config;
    }

    /// <summary>
    /// Throws <see cref="InputException"/> where sizes do not fit together; <paramref name="source"/> names where they are.
    /// </summary>
    public void Validate(string source) => ModelFolder.RequireFit(source, ImageSize, PatchSize, Width, Heads);

    /// <summary>The <c>config.json</c> that transformers opens as <c>CLIPVisionModelWithProjection</c>.</summary>
    public JsonObject ToJson() => new()
    {
        ["architectures"] = new JsonArray("CLIPVisionModelWithProjection"),
        ["attention_dropout"] = 0.0,
        ["dtype"] = "float32",
        ["hidden_act"] = ModelFolder.NameOf(Activation),
        ["hidden_size"] = Width,
        ["image_size"] = ImageSize,
        ["initializer_factor"] = 1.0,
        ["initializer_range"] = 0.02,
        ["intermediate_size"] = MlpWidth,
        ["layer_norm_eps"] = LayerNormEpsilon,
        ["model_type"] = "clip_vision_model",
        ["num_attention_heads"] = Heads,
        ["num_channels"] = 3,
        ["num_hidden_layers"] = Layers,
        ["patch_size"] = PatchSize,
        ["projection_dim"] = EmbedDim,
    };
}
