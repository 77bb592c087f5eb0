using System.Text.Json.Nodes;
using Llm2Clip.Files;
using Llm2Clip.Images;
using Llm2Clip.Layers;
using Llm2Clip.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Models;

/// <summary>
/// Shape of a vision transformer over the patches of a square image: what the families share, and how Hugging Face's <c>config.json</c>
/// says it.
/// </summary>
public abstract record VisionConfig
{
    /// <summary>The key of <c>config.json</c> for <see cref="Positions"/>, which Hugging Face's own files do not have.</summary>
    private const string PositionsKey = "position_interpolation";

    /// <summary>Side of the square input, pixels.</summary>
    public required int ImageSize { get; init; }

    /// <summary>
    /// Side of a patch, pixels; divides <see cref="ImageSize"/>, but for SigLIP, where what is left at the edge is cut off.
    /// </summary>
    public required int PatchSize { get; init; }

    /// <summary>Width of the token stream (hidden_size).</summary>
    public required int Width { get; init; }

    /// <summary>Number of blocks.</summary>
    public required int Layers { get; init; }

    /// <summary>Attention heads; divides <see cref="Width"/>.</summary>
    public required int Heads { get; init; }

    /// <summary>Inner width of the MLP (intermediate_size).</summary>
    public required int MlpWidth { get; init; }

    /// <summary>Length of the image features; the width where there is no projection.</summary>
    public virtual int EmbedDim { get; init; }

    /// <summary>Activation of the MLP (hidden_act).</summary>
    public Activation Activation { get; init; }

    /// <summary>Epsilon of all layer norms.</summary>
    public double LayerNormEpsilon { get; init; }

    /// <summary>How the positions come to another grid.</summary>
    public PositionRule Positions { get; init; }

    /// <summary>Patches along one side.</summary>
    public int Grid => ImageSize / PatchSize;

    /// <summary>The multiples of a patch size around an image size, for messages.</summary>
    internal static string SidesNear(int side, int patch) =>
        side < patch ? $"{patch}" : $"{side / patch * patch} or {(side / patch + 1) * patch}";

    /// <summary>The <c>config.json</c> of a folder in the family's own layout.</summary>
    public abstract JsonObject ToJson();

    /// <summary>A model of this shape with zero weights.</summary>
    internal abstract VisionModel Create(Device device);

    /// <summary>The names and shapes of a saved folder's weights.</summary>
    internal abstract WeightLayout Layout { get; }

    /// <summary>How images become the input of the family's published models.</summary>
    internal virtual ImageTransformConfig Transform => new() { ImageSize = ImageSize };

    /// <summary>Whether a class token precedes the patches; it is what is pooled.</summary>
    internal virtual bool ClassToken => true;

    /// <summary>Whether the patches' product has a bias.</summary>
    internal virtual bool PatchBias => true;

    /// <summary>Learned tokens without a place, between class token and patches.</summary>
    internal virtual int RegisterCount => 0;

    /// <summary>Whether the model has a token that stands for masked patches, which only its own pretraining uses.</summary>
    internal virtual bool MaskToken => false;

    /// <summary>Whether sides that the patch does not divide are cut to the next multiple below, instead of refused.</summary>
    internal virtual bool CutsEdge => false;

    /// <summary>Side of the grid of rotary positions (pt_hw_seq_len); null where there are none.</summary>
    internal virtual int? RotaryGrid => null;

    /// <summary>Whether the model ends with a projection to <see cref="EmbedDim"/>.</summary>
    internal virtual bool HasProjection => false;

    /// <summary>Weights of the tower, and of the projection behind it.</summary>
    internal abstract (Int128 Tower, Int128 Projection) WeightCount { get; }

    /// <summary>Sizes of the blocks.</summary>
    internal virtual TransformerShape Blocks => new(Width, Layers, Heads, MlpWidth, Activation, LayerNormEpsilon);

    /// <summary>Weights of tokens and positions.</summary>
    private protected Int128 EmbeddingWeights
    {
        get
        {
            var (w, own) = ((Int128)Width, (ClassToken ? 1 : 0) + (PatchBias ? 1 : 0) + (MaskToken ? 1 : 0) + RegisterCount);
            return w * (own + 3 * (Int128)PatchSize * PatchSize + (Int128)Grid * Grid + (ClassToken ? 1 : 0));
        }
    }

    /// <summary>The rule of the library whose layout <see cref="ToJson()"/> writes, where it says nothing else.</summary>
    private protected virtual PositionRule LibraryPositions => PositionRule.Bicubic;

    /// <summary>Keys of a configuration that are read for every family.</summary>
    private protected static readonly string[] SharedKeys =
    [
        "hidden_size", "num_hidden_layers", "num_attention_heads", "image_size", "patch_size", "layer_norm_eps", "num_channels",
        "model_type", "architectures", PositionsKey,
    ];

    /// <summary>Keys that CLIP and SigLIP have besides.</summary>
    private protected static readonly string[] MlpKeys = ["intermediate_size", "hidden_act", "attention_dropout"];

    /// <summary>
    /// Throws <see cref="InputException"/> where sizes do not fit together; <paramref name="source"/> names where they are.
    /// </summary>
    public void Validate(string source) => ModelFolder.RequireFit(source, ImageSize, PatchSize, Width, Heads, CutsEdge);

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
            Positions = ReadPositions(keys, vision, LibraryPositions),
        };
    }

    /// <summary>The rule for the positions that a configuration names.</summary>
    private protected static PositionRule ReadPositions(JsonKeys keys, JsonObject vision, PositionRule library)
    {
        var name = keys.Text(vision, PositionsKey, NameOf(library));
        var rules = Enum.GetValues<PositionRule>();
        return rules.Any(rule => NameOf(rule) == name)
            ? rules.First(rule => NameOf(rule) == name)
            : keys.Refuse(library, $"{PositionsKey} is '{name}'; supported are {string.Join(", ", rules.Select(NameOf))}");
    }

    /// <summary>The <c>config.json</c> that transformers opens as <paramref name="architecture"/>, in the order of keys.</summary>
    private protected JsonObject ToJson(string architecture, string modelType, params IEnumerable<(string Key, JsonNode Value)> more)
    {
        (string Key, JsonNode Value)[] shared =
        [
            ("architectures", new JsonArray(architecture)),
            ("dtype", "float32"),
            ("hidden_size", Width),
            ("image_size", ImageSize),
            ("layer_norm_eps", LayerNormEpsilon),
            ("model_type", modelType),
            ("num_attention_heads", Heads),
            ("num_channels", 3),
            ("num_hidden_layers", Layers),
            ("patch_size", PatchSize),
        ];
        var all = shared.Concat(more);
        if (Positions != LibraryPositions)
        {
            all = all.Append((PositionsKey, NameOf(Positions)));
        }
        return new JsonObject(all.OrderBy(entry => entry.Key, StringComparer.Ordinal)
            .Select(entry => KeyValuePair.Create(entry.Key, (JsonNode?)entry.Value)));
    }

    /// <summary>What CLIP's and SigLIP's configurations say of the MLP and of dropout.</summary>
    private protected IEnumerable<(string Key, JsonNode Value)> MlpJson() =>
        [("attention_dropout", 0.0), ("hidden_act", ModelFolder.NameOf(Activation)), ("intermediate_size", MlpWidth)];

    private static string NameOf(PositionRule rule) => Llm2Clip.Configuration.ConfigSchema.SnakeCase(rule.ToString());
}
