using System.Text.Json.Nodes;
using Llm2Clip.Files;
using Llm2Clip.Layers;

namespace Llm2Clip.Models;

/// <summary>
/// Shape of a vision transformer over the patches of a square image: what the families share, and how Hugging Face's <c>config.json</c>
/// says it.
/// </summary>
public abstract record VisionConfig
{
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

    /// <summary>Activation of the MLP (hidden_act).</summary>
    public Activation Activation { get; init; }

    /// <summary>Epsilon of all layer norms.</summary>
    public double LayerNormEpsilon { get; init; }

    /// <summary>Patches along one side.</summary>
    public int Grid => ImageSize / PatchSize;

    /// <summary>Sizes of the blocks.</summary>
    internal TransformerShape Blocks => new(Width, Layers, Heads, MlpWidth, Activation, LayerNormEpsilon);

    /// <summary>Keys of a configuration that are read for every family.</summary>
    private protected static readonly string[] SharedKeys =
    [
        "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "image_size", "patch_size", "hidden_act",
        "layer_norm_eps", "num_channels", "attention_dropout", "model_type", "architectures",
    ];

    /// <summary>
    /// Throws <see cref="InputException"/> where sizes do not fit together; <paramref name="source"/> names where they are.
    /// </summary>
    public void Validate(string source) => ModelFolder.RequireFit(source, ImageSize, PatchSize, Width, Heads);

    /// <summary>This shape with what a vision half says in its place; what is not supported is refused by name.</summary>
    private protected VisionConfig With(JsonKeys keys, JsonObject vision)
    {
        keys.ExpectNumber(vision, "num_channels", 3, fallback: 3);
        keys.ExpectNumber(vision, "attention_dropout", 0, fallback: 0);
        return this with
        {
            ImageSize = keys.Count(vision, "image_size", ImageSize),
            PatchSize = keys.Count(vision, "patch_size", PatchSize),
            Width = keys.Count(vision, "hidden_size", Width),
            Layers = keys.Count(vision, "num_hidden_layers", Layers),
            Heads = keys.Count(vision, "num_attention_heads", Heads),
            MlpWidth = keys.Count(vision, "intermediate_size", MlpWidth),
            LayerNormEpsilon = keys.Number(vision, "layer_norm_eps", LayerNormEpsilon),
            Activation = ModelFolder.ReadActivation(keys, vision, ModelFolder.NameOf(Activation)),
        };
    }

    /// <summary>The <c>config.json</c> that transformers opens as <paramref name="architecture"/>, in the order of keys.</summary>
    private protected JsonObject ToJson(string architecture, string modelType, params IEnumerable<(string Key, JsonNode Value)> more)
    {
        (string Key, JsonNode Value)[] shared =
        [
            ("architectures", new JsonArray(architecture)),
            ("attention_dropout", 0.0),
            ("dtype", "float32"),
            ("hidden_act", ModelFolder.NameOf(Activation)),
            ("hidden_size", Width),
            ("image_size", ImageSize),
            ("intermediate_size", MlpWidth),
            ("layer_norm_eps", LayerNormEpsilon),
            ("model_type", modelType),
            ("num_attention_heads", Heads),
            ("num_channels", 3),
            ("num_hidden_layers", Layers),
            ("patch_size", PatchSize),
        ];
        var ordered = shared.Concat(more).OrderBy(entry => entry.Key, StringComparer.Ordinal);
        return new JsonObject(ordered.Select(entry => KeyValuePair.Create(entry.Key, (JsonNode?)entry.Value)));
    }
}
