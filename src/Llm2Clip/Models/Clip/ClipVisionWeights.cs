using Llm2Clip.Layers;
using Llm2Clip.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Models.Clip;

/// <summary>
/// The layouts of CLIP's vision towers: Hugging Face's (of <c>CLIPVisionModelWithProjection</c> or the vision half of <c>CLIPModel</c>),
/// open_clip's, and OpenAI's original, which has open_clip's names; fp32, fp16 or bf16.
/// </summary>
public static class ClipVisionWeights
{
    internal const string OpenClipName = "open_clip";

    /// <summary>Loads a folder or a file with its projection, in any of the layouts.</summary>
    /// <exception cref="InputException">It is no CLIP tower, or the weights do not fit; every problem is listed.</exception>
    public static ClipVisionModel Load(string source, Device device)
    {
        using var checkpoint = VisionCheckpoint.Open(source);
        return checkpoint.Family == Family
            ? (ClipVisionModel)checkpoint.Load(device)
            : throw new InputException($"{source} is a {checkpoint.Family.Name} tower, no CLIP tower.");
    }

    /// <summary>Hugging Face's names.</summary>
    internal static WeightLayout HuggingFace { get; } = new(
        "Hugging Face", NameTable.Same, ["text_model.", "text_projection.", "logit_scale"], ["embeddings.position_ids"], "vision_model.");

    /// <summary>
    /// open_clip's names, which are OpenAI's (openai/CLIP dcba3cb clip/model.py; mlfoundations/open_clip src/open_clip/transformer.py):
    /// q, k and v in one, the projection as (width, out). A whole model's text half has its names at the top or below <c>text.</c>.
    /// </summary>
    internal static WeightLayout OpenClip { get; } = new(
        OpenClipName,
        new NameTable(
            new NameRow("visual.class_embedding", "vision_model.embeddings.class_embedding"),
            new NameRow("visual.conv1", "vision_model.embeddings.patch_embedding"),
            new NameRow("visual.positional_embedding", "vision_model.embeddings.position_embedding.weight"),
            new NameRow("visual.ln_pre", "vision_model.pre_layrnorm"),
            new NameRow("visual.transformer.resblocks.*.ln_1", "vision_model.encoder.layers.*.layer_norm1"),
            InProjection("weight"),
            InProjection("bias"),
            new NameRow("visual.transformer.resblocks.*.attn.out_proj", "vision_model.encoder.layers.*.self_attn.out_proj"),
            new NameRow("visual.transformer.resblocks.*.ln_2", "vision_model.encoder.layers.*.layer_norm2"),
            new NameRow("visual.transformer.resblocks.*.mlp.c_fc", "vision_model.encoder.layers.*.mlp.fc1"),
            new NameRow("visual.transformer.resblocks.*.mlp.c_proj", "vision_model.encoder.layers.*.mlp.fc2"),
            new NameRow("visual.ln_post", "vision_model.post_layernorm"),
            new NameRow("visual.proj", "visual_projection.weight") { Transposed = true }),
        [
            "text.", "transformer.", "token_embedding.", "positional_embedding", "ln_final.", "text_projection", "logit_scale",
            "logit_bias", "attn_mask", .. OpenAiClip.Scalars,
        ],
        []);

    /// <summary>The family.</summary>
    internal static VisionFamily Family { get; } = new(
        "CLIP", ["clip_vision_model", "clip"], ClipVisionConfig.FromJson,
        ClipVisionConfig.Presets.ToDictionary(preset => preset.Key, VisionConfig (preset) => preset.Value),
        [new ForeignLayout(OpenClip, OpenAiClip.Mark, PositionRule.BicubicAntialias)]);

    private static NameRow InProjection(string kind) => new(
        $"visual.transformer.resblocks.*.attn.in_proj_{kind}",
        [.. new[] { "q_proj", "k_proj", "v_proj" }.Select(part => $"vision_model.encoder.layers.*.self_attn.{part}.{kind}")]);
}
