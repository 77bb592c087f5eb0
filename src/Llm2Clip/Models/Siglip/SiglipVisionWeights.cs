using Llm2Clip.Weights;

namespace Llm2Clip.Models.Siglip;

/// <summary>
/// SigLIP's vision towers in Hugging Face's layout, of <c>SiglipVisionModel</c> or the vision half of <c>SiglipModel</c>; fp32, fp16
/// or bf16.
/// </summary>
internal static class SiglipVisionWeights
{
    /// <summary>Hugging Face's names.</summary>
    public static WeightLayout HuggingFace { get; } = new(
        "Hugging Face", NameTable.Same, ["text_model.", "logit_scale", "logit_bias"], ["embeddings.position_ids"], "vision_model.");

    /// <summary>The family.</summary>
    public static VisionFamily Family { get; } = new(
        "SigLIP", ["siglip_vision_model", "siglip"], SiglipVisionConfig.FromJson,
        SiglipVisionConfig.Presets.ToDictionary(preset => preset.Key, VisionConfig (preset) => preset.Value), []);
}
