using System.Text.Json.Nodes;
using Llm2Clip.Files;
using Llm2Clip.Images;
using Llm2Clip.Layers;
using Llm2Clip.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Models.Siglip;

/// <summary>
/// Shape of a SigLIP vision tower; what <c>config.json</c> of Hugging Face's <c>SiglipVisionModel</c> says. Its features are as long as its
/// width.
/// </summary>
internal sealed record SiglipVisionConfig : VisionConfig
{
    /// <summary>A shape with the activation and the epsilon that published models have.</summary>
    public SiglipVisionConfig() => (Activation, LayerNormEpsilon) = (Activation.GeluTanh, 1e-6);

    /// <summary>
    /// The base size with patches of 16 pixels, which is also what Hugging Face's configuration is where it says nothing
    /// (https://huggingface.co/google/siglip-base-patch16-224/blob/main/config.json).
    /// </summary>
    private static SiglipVisionConfig Base { get; } =
        new() { ImageSize = 224, PatchSize = 16, Width = 768, Layers = 12, Heads = 12, MlpWidth = 3072 };

    /// <summary>https://huggingface.co/google/siglip-large-patch16-256/blob/main/config.json.</summary>
    private static SiglipVisionConfig Large { get; } =
        new() { ImageSize = 256, PatchSize = 16, Width = 1024, Layers = 24, Heads = 16, MlpWidth = 4096 };

    /// <summary>https://huggingface.co/google/siglip-so400m-patch14-384/blob/main/config.json, whose grid is 27 x 27.</summary>
    private static SiglipVisionConfig So400M { get; } =
        new() { ImageSize = 384, PatchSize = 14, Width = 1152, Layers = 27, Heads = 16, MlpWidth = 4304 };

    /// <summary>https://huggingface.co/google/siglip2-giant-opt-patch16-256/blob/main/config.json.</summary>
    private static SiglipVisionConfig Giant { get; } =
        new() { ImageSize = 256, PatchSize = 16, Width = 1536, Layers = 40, Heads = 16, MlpWidth = 6144 };

    /// <summary>
    /// Named sizes, as <c>model.preset</c> names them: those of SigLIP (https://arxiv.org/abs/2303.15343) and of SigLIP 2
    /// (https://arxiv.org/abs/2502.14786) at a fixed size, which share them.
    /// </summary>
    public static IReadOnlyDictionary<string, SiglipVisionConfig> Presets { get; } = new Dictionary<string, SiglipVisionConfig>
    {
        ["siglip-b-16"] = Base, ["siglip-b-16-256"] = Base with { ImageSize = 256 }, ["siglip-b-16-384"] = Base with { ImageSize = 384 },
        ["siglip-b-16-512"] = Base with { ImageSize = 512 }, ["siglip-b-32-256"] = Base with { ImageSize = 256, PatchSize = 32 },
        ["siglip-l-16-256"] = Large, ["siglip-l-16-384"] = Large with { ImageSize = 384 },
        ["siglip-l-16-512"] = Large with { ImageSize = 512 },
        ["siglip-so400m-14"] = So400M with { ImageSize = 224 }, ["siglip-so400m-14-384"] = So400M,
        ["siglip-so400m-16-256"] = So400M with { ImageSize = 256, PatchSize = 16 },
        ["siglip-so400m-16-384"] = So400M with { PatchSize = 16 },
        ["siglip-so400m-16-512"] = So400M with { ImageSize = 512, PatchSize = 16 },
        ["siglip-g-16-256"] = Giant, ["siglip-g-16-384"] = Giant with { ImageSize = 384 },
    };

    /// <inheritdoc/>
    public override int EmbedDim => Width;

    internal override bool ClassToken => false;

    internal override bool CutsEdge => true;

    internal override ImageTransformConfig Transform =>
        new() { ImageSize = ImageSize, Resize = ResizeMode.Squash, Mean = [0.5f, 0.5f, 0.5f], Std = [0.5f, 0.5f, 0.5f] };

    /// <inheritdoc/>
    internal override (Int128 Tower, Int128 Projection) WeightCount
    {
        get
        {
            Int128 w = Width;
            var head = w + (Blocks with { Layers = 1 }).WeightCount - 2 * w; // the probe, and a block with one norm less
            return (EmbeddingWeights + Blocks.WeightCount + 2 * w + head, 0);
        }
    }

    internal override VisionModel Create(Device device) => new SiglipVisionModel(this, device);

    internal override WeightLayout Layout => SiglipVisionWeights.HuggingFace;

    private static readonly string[] Read = [.. SharedKeys, .. MlpKeys, "vision_use_head"];

    /// <summary>
    /// Reads the configuration of a vision model or of a whole <c>SiglipModel</c>. Throws <see cref="InputException"/>, naming
    /// <paramref name="path"/>, that lists every key that is unknown or holds a value that is not supported.
    /// </summary>
    public static SiglipVisionConfig FromJson(JsonObject root, string path)
    {
        var keys = new JsonKeys(path);
        var (vision, whole) = ModelFolder.VisionPart(root, "siglip", Read, keys, path);
        keys.Expect(vision, "model_type", "siglip_vision_model", fallback: "siglip_vision_model");
        keys.RefuseUnknown(vision, Read, ModelFolder.IgnoredKeys, whole ? "vision_config." : "");
        if (!keys.Flag(vision, "vision_use_head", true))
        {
            keys.Refuse(0, "vision_use_head is false; only towers with the attention-pooling head are supported");
        }
        var config = (SiglipVisionConfig)Base.With(keys, vision);
        keys.ThrowIfAny();
        config.Validate(path);
        return config;
    }

    /// <summary>The <c>config.json</c> that transformers opens as <c>SiglipVisionModel</c>.</summary>
    public override JsonObject ToJson() => ToJson("SiglipVisionModel", "siglip_vision_model", [.. MlpJson(), ("vision_use_head", true)]);
}
