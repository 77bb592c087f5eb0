using System.Text.Json.Nodes;
using Llm2Clip.Files;
using Llm2Clip.Layers;

namespace Llm2Clip.Models.Siglip;

/// <summary>
/// Shape of a SigLIP vision tower; what <c>config.json</c> of Hugging Face's <c>SiglipVisionModel</c> says. Its features are as long as its
/// width.
/// </summary>
internal sealed record SiglipVisionConfig : VisionConfig
{
    /// <summary>A shape with the activation and the epsilon that published models have.</summary>
    public SiglipVisionConfig() => (Activation, LayerNormEpsilon) = (Activation.GeluTanh, 1e-6);

    /// <summary>What Hugging Face's configuration is where it says nothing: the base size with patches of 16 pixels.</summary>
    private static SiglipVisionConfig Default { get; } =
        new() { ImageSize = 224, PatchSize = 16, Width = 768, Layers = 12, Heads = 12, MlpWidth = 3072 };

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

    private static readonly string[] Read = [.. SharedKeys, "vision_use_head"];

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
        var config = (SiglipVisionConfig)Default.With(keys, vision);
        keys.ThrowIfAny();
        config.Validate(path);
        return config;
    }

    /// <summary>The <c>config.json</c> that transformers opens as <c>SiglipVisionModel</c>.</summary>
    public JsonObject ToJson() => ToJson("SiglipVisionModel", "siglip_vision_model", ("vision_use_head", true));
}
