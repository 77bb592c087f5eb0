using System.Text.Json.Nodes;
using Llm2Clip.Files;
using Llm2Clip.Layers;
using Llm2Clip.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Models.Clip;

/// <summary>
/// Shape of a CLIP vision transformer; what <c>config.json</c> of Hugging Face's <c>CLIPVisionModelWithProjection</c> says.
/// </summary>
public sealed record ClipVisionConfig : VisionConfig
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

    /// <summary>open_clip's ViT-H/14 (mlfoundations/open_clip 964981a src/open_clip/model_configs/ViT-H-14.json).</summary>
    public static ClipVisionConfig VitH14 { get; } = new()
    {
        ImageSize = 224, PatchSize = 14, Width = 1280, Layers = 32, Heads = 16, MlpWidth = 5120, EmbedDim = 1024,
        Activation = Activation.Gelu,
    };

    /// <summary>open_clip's ViT-bigG/14 (mlfoundations/open_clip 4ee12e1 src/open_clip/model_configs/ViT-bigG-14.json).</summary>
    public static ClipVisionConfig VitBigG14 { get; } = new()
    {
        ImageSize = 224, PatchSize = 14, Width = 1664, Layers = 48, Heads = 16, MlpWidth = 8192, EmbedDim = 1280,
        Activation = Activation.Gelu,
    };

    /// <summary>
    /// Named sizes, as <c>model.preset</c> names them. OpenAI's have QuickGELU; <c>-gelu</c> is what open_clip calls by the plain name.
    /// </summary>
    public static IReadOnlyDictionary<string, ClipVisionConfig> Presets { get; } = new Dictionary<string, ClipVisionConfig>
    {
        ["vit-b-32"] = VitB32, ["vit-b-16"] = VitB16, ["vit-l-14"] = VitL14, ["vit-l-14-336"] = VitL14At336,
        ["vit-b-32-gelu"] = VitB32 with { Activation = Activation.Gelu }, ["vit-b-16-gelu"] = VitB16 with { Activation = Activation.Gelu },
        ["vit-l-14-gelu"] = VitL14 with { Activation = Activation.Gelu }, ["vit-h-14"] = VitH14, ["vit-bigg-14"] = VitBigG14,
    };

    /// <summary>A shape with the activation and the epsilon that OpenAI's models have.</summary>
    public ClipVisionConfig() => (Activation, LayerNormEpsilon) = (Activation.QuickGelu, 1e-5);

    /// <summary>Length of the projected vector.</summary>
    public override required int EmbedDim { get; init; }

    /// <summary>Patches plus the class token.</summary>
    public int Tokens => Grid * Grid + 1;

    internal override bool PatchBias => false;

    internal override bool HasProjection => true;

    /// <inheritdoc/>
    internal override (Int128 Tower, Int128 Projection) WeightCount
    {
        get
        {
            Int128 w = Width;
            return (EmbeddingWeights + 4 * w + Blocks.WeightCount, w * EmbedDim); // with the norms before and behind the blocks
        }
    }

    internal override VisionModel Create(Device device) => new ClipVisionModel(this, device);

    internal override WeightLayout Layout => ClipVisionWeights.HuggingFace;

    private static readonly string[] Read = [.. SharedKeys, .. MlpKeys, "projection_dim", "dropout"];

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
        keys.ExpectNumber(vision, "dropout", 0, fallback: 0);
        var config = (ClipVisionConfig)VitB32.With(keys, vision) with
        {
            EmbedDim = keys.Count(whole ? root : vision, "projection_dim", VitB32.EmbedDim),
        };
        keys.ThrowIfAny();
        config.Validate(path);
        return config;
    }

    /// <summary>The <c>config.json</c> that transformers opens as <c>CLIPVisionModelWithProjection</c>.</summary>
    public override JsonObject ToJson() => ToJson(
        "CLIPVisionModelWithProjection", "clip_vision_model",
        [.. MlpJson(), ("initializer_factor", 1.0), ("initializer_range", 0.02), ("projection_dim", EmbedDim)]);
}
