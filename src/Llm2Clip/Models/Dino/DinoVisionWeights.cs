using Llm2Clip.Weights;

namespace Llm2Clip.Models.Dino;

/// <summary>
/// DINOv2's towers in Hugging Face's layout, of <c>Dinov2Model</c> and <c>Dinov2WithRegistersModel</c>; fp32, fp16 or bf16.
/// </summary>
internal static class DinoVisionWeights
{
    private const string Theirs = "encoder.layer.*.";
    private const string Ours = "vision_model.encoder.layers.*.";

    private static readonly NameRow[] Shared =
    [
        new("embeddings.cls_token", "vision_model.embeddings.class_embedding") { LeadingOnes = 2 },
        new("embeddings.mask_token", "vision_model.embeddings.mask_token") { LeadingOnes = 1 },
        new("embeddings.position_embeddings", "vision_model.embeddings.position_embedding.weight") { LeadingOnes = 1 },
        new("embeddings.register_tokens", "vision_model.embeddings.register_tokens") { LeadingOnes = 1 },
        new("embeddings.patch_embeddings.projection", "vision_model.embeddings.patch_embedding"),
        new(Theirs + "norm1", Ours + "layer_norm1"),
        new(Theirs + "attention.attention.query", Ours + "self_attn.q_proj"),
        new(Theirs + "attention.attention.key", Ours + "self_attn.k_proj"),
        new(Theirs + "attention.attention.value", Ours + "self_attn.v_proj"),
        new(Theirs + "attention.output.dense", Ours + "self_attn.out_proj"),
        new(Theirs + "layer_scale1", Ours + "layer_scale1"),
        new(Theirs + "norm2", Ours + "layer_norm2"),
        new(Theirs + "layer_scale2", Ours + "layer_scale2"),
        new("layernorm", "vision_model.post_layernorm"),
    ];

    /// <summary>Hugging Face's names.</summary>
    public static WeightLayout HuggingFace { get; } = new(
        "Hugging Face",
        new NameTable([.. Shared, new(Theirs + "mlp.fc1", Ours + "mlp.fc1"), new(Theirs + "mlp.fc2", Ours + "mlp.fc2")]),
        [],
        []);

    /// <summary>Hugging Face's names with a gated MLP: gate and value in one, the gate's rows first.</summary>
    public static WeightLayout GatedHuggingFace { get; } = new(
        "Hugging Face",
        new NameTable(
        [
            .. Shared,
            new(Theirs + "mlp.weights_in.weight", Ours + "mlp.gate.weight", Ours + "mlp.fc1.weight"),
            new(Theirs + "mlp.weights_in.bias", Ours + "mlp.gate.bias", Ours + "mlp.fc1.bias"),
            new(Theirs + "mlp.weights_out", Ours + "mlp.fc2"),
        ]),
        [],
        []);

    /// <summary>The family.</summary>
    public static VisionFamily Family { get; } = new(
        "DINOv2", [DinoVisionConfig.PlainType, DinoVisionConfig.RegistersType], DinoVisionConfig.FromJson,
        DinoVisionConfig.Presets.ToDictionary(preset => preset.Key, VisionConfig (preset) => preset.Value), []);
}
