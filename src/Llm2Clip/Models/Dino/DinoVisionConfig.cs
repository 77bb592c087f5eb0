using System.Text.Json.Nodes;
using Llm2Clip.Files;
using Llm2Clip.Images;
using Llm2Clip.Layers;
using Llm2Clip.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Models.Dino;

/// <summary>
/// Shape of a DINOv2 tower, with or without registers; what <c>config.json</c> of Hugging Face's <c>Dinov2Model</c> and
/// <c>Dinov2WithRegistersModel</c> says. Its features are as long as its width.
/// </summary>
internal sealed record DinoVisionConfig : VisionConfig
{
    /// <summary>The <c>model_type</c> without registers, and with them.</summary>
    public const string PlainType = "dinov2", RegistersType = "dinov2_with_registers";

    /// <summary>A shape with the activation and the epsilon that published models have.</summary>
    public DinoVisionConfig() => (Activation, LayerNormEpsilon) = (Activation.Gelu, 1e-6);

    /// <summary>https://huggingface.co/facebook/dinov2-base/blob/main/config.json, which says 518 pixels: a grid of 37 x 37.</summary>
    private static DinoVisionConfig Base { get; } =
        new() { ImageSize = 518, PatchSize = 14, Width = 768, Layers = 12, Heads = 12, MlpWidth = 3072 };

    private static readonly Dictionary<string, DinoVisionConfig> Sizes = new()
    {
        ["dinov2-s-14"] = Base with { Width = 384, Heads = 6, MlpWidth = 1536 },
        ["dinov2-b-14"] = Base,
        ["dinov2-l-14"] = Base with { Width = 1024, Layers = 24, Heads = 16, MlpWidth = 4096 },
        ["dinov2-g-14"] = Base with { Width = 1536, Layers = 40, Heads = 24, MlpWidth = 4096, Gated = true },
    };

    /// <summary>Named sizes, as <c>model.preset</c> names them; those with <c>-reg</c> have four registers.</summary>
    public static IReadOnlyDictionary<string, DinoVisionConfig> Presets { get; } = Sizes
        .Concat(Sizes.Select(size => KeyValuePair.Create(size.Key + "-reg", size.Value.WithRegisters(4)))).ToDictionary();

    /// <summary>Learned tokens between class token and patches (https://arxiv.org/abs/2309.16588).</summary>
    public int Registers { get; init; }

    /// <summary>Whether the MLP is gated (use_swiglu_ffn).</summary>
    public bool Gated { get; init; }

    /// <summary>Whether the token for masked patches is in the folder (use_mask_token).</summary>
    public bool HasMaskToken { get; init; } = true;

    /// <inheritdoc/>
    public override int EmbedDim => Width;

    internal override int RegisterCount => Registers;

    internal override bool MaskToken => HasMaskToken;

    internal override TransformerShape Blocks => base.Blocks with { Gated = Gated, LayerScale = true };

    /// <summary>ImageNet's mean and deviation, which the authors trained with.</summary>
    internal override ImageTransformConfig Transform =>
        new() { ImageSize = ImageSize, Mean = [0.485f, 0.456f, 0.406f], Std = [0.229f, 0.224f, 0.225f] };

    /// <inheritdoc/>
    internal override (Int128 Tower, Int128 Projection) WeightCount => (EmbeddingWeights + Blocks.WeightCount + 2 * (Int128)Width, 0);

    private protected override PositionRule LibraryPositions => Registers > 0 ? PositionRule.BicubicAntialias : PositionRule.Bicubic;

    internal override VisionModel Create(Device device) => new DinoVisionModel(this, device);

    internal override WeightLayout Layout => Gated ? DinoVisionWeights.GatedHuggingFace : DinoVisionWeights.HuggingFace;

    private static readonly string[] Read =
    [
        .. SharedKeys, "hidden_act", "mlp_ratio", "use_swiglu_ffn", "qkv_bias", "num_register_tokens", "use_mask_token",
        "attention_probs_dropout_prob", "hidden_dropout_prob",
    ];

    /// <summary>Keys of how transformers shows feature maps, of noise in training and of how weights start.</summary>
    private static readonly HashSet<string> Ignored =
    [
        .. ModelFolder.IgnoredKeys, "apply_layernorm", "reshape_hidden_states", "out_features", "out_indices", "stage_names",
        "drop_path_rate", "layerscale_value",
    ];

    /// <summary>Reads the configuration.</summary>
    /// <exception cref="InputException">It has a key that is unknown, or a value that is not supported; every problem is
    /// listed.</exception>
    public static DinoVisionConfig FromJson(JsonObject root, string path)
    {
        var keys = new JsonKeys(path);
        keys.RefuseUnknown(root, Read, Ignored, "");
        keys.ExpectNumber(root, "attention_probs_dropout_prob", 0, fallback: 0);
        keys.ExpectNumber(root, "hidden_dropout_prob", 0, fallback: 0);
        if (!keys.Flag(root, "qkv_bias", true))
        {
            keys.Refuse(0, "qkv_bias is false; supported is true");
        }
        var registers = keys.Text(root, "model_type", PlainType) == RegistersType ? keys.Count(root, "num_register_tokens", 4) : 0;
        var config = (DinoVisionConfig)(Base with { Registers = registers }).With(keys, root) with
        {
            Gated = keys.Flag(root, "use_swiglu_ffn", false),
            HasMaskToken = keys.Flag(root, "use_mask_token", true),
        };
        var hidden = ModelFolder.InnerWidth(keys, root, config.Width);
        config = config with { MlpWidth = config.Gated ? GatedWidth(hidden) : hidden };
        keys.ThrowIfAny();
        config.Validate(path);
        return config;
    }

    /// <inheritdoc/>
    public override JsonObject ToJson()
    {
        (string Key, JsonNode Value)[] own =
        [
            ("attention_probs_dropout_prob", 0.0), ("hidden_act", ModelFolder.NameOf(Activation)), ("hidden_dropout_prob", 0.0),
            ("mlp_ratio", Ratio()), ("qkv_bias", true), ("use_swiglu_ffn", Gated),
        ];
        return Registers > 0
            ? ToJson("Dinov2WithRegistersModel", RegistersType, [.. own, ("num_register_tokens", Registers)])
            : ToJson("Dinov2Model", PlainType, [.. own, ("use_mask_token", HasMaskToken)]);
    }

    /// <summary>Inner width of a gated MLP, as transformers 5.23 has it (models/dinov2/modeling_dinov2.py).</summary>
    private static int GatedWidth(int hidden) => ((int)(hidden * 2 / 3.0) + 7) / 8 * 8;

    /// <summary>A ratio that gives the inner width, a whole number where one does.</summary>
    private JsonNode Ratio()
    {
        var whole = Enumerable.Range(1, 64).FirstOrDefault(ratio => (Gated ? GatedWidth(Width * ratio) : Width * ratio) == MlpWidth);
        return whole > 0 ? whole : ((Gated ? 1.5 : 1) * MlpWidth + 0.5) / Width;
    }

    private DinoVisionConfig WithRegisters(int count) =>
        this with { Registers = count, Positions = PositionRule.BicubicAntialias };
}
