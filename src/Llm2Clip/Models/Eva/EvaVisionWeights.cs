using Llm2Clip.Layers;
using Llm2Clip.Weights;

namespace Llm2Clip.Models.Eva;

/// <summary>
/// The layouts of EVA02-CLIP's vision towers: that of LLM2CLIP's eva_clip, which saved folders have too, that of the original eva_clip, and
/// timm's as open_clip writes it; fp32, fp16 or bf16.
/// </summary>
internal static class EvaVisionWeights
{
    /// <summary>The tables of rotary positions, which follow from the sizes (and are wrong at another grid).</summary>
    private static readonly string[] Tables = ["rope.freqs_cos", "rope.freqs_sin"];

    private static readonly string[] Others =
        ["text.", "transformer.", "token_embedding.", "positional_embedding", "ln_final.", "text_projection", "logit_scale", "logit_bias"];

    /// <summary>LLM2CLIP's names (cba3b45 eva_clip/eva_vit_model.py).</summary>
    public static WeightLayout EvaClip { get; } = Layout("eva_clip", "visual.", "attn.q_proj.bias", "attn.v_proj.bias");

    /// <summary>
    /// The names of the released EVA02-CLIP files (baaivision/EVA EVA-CLIP/rei/eva_clip/eva_vit_model.py): biases of q and v beside the
    /// layers.
    /// </summary>
    public static WeightLayout Released { get; } = Layout("EVA-CLIP", "visual.", "attn.q_bias", "attn.v_bias");

    /// <summary>timm's names behind open_clip's prefix (timm 1.0.31 models/eva.py).</summary>
    public static WeightLayout Timm { get; } = new(
        "open_clip",
        Table("visual.trunk.", "attn.q_proj.bias", "attn.v_proj.bias", "attn.norm", ["fc1_g", "fc1_x", "norm", "fc2"]),
        Others,
        []);

    /// <summary>The family.</summary>
    public static VisionFamily Family { get; } = new(
        "EVA02", [EvaVisionConfig.ModelType], EvaVisionConfig.FromJson,
        EvaVisionConfig.Presets.ToDictionary(preset => preset.Key, VisionConfig (preset) => preset.Value),
        [
            new ForeignLayout(Timm, "visual.trunk.blocks.0.attn.q_proj.weight", PositionRule.BicubicAntialias),
            new ForeignLayout(Released, "visual.blocks.0.attn.q_bias", PositionRule.Bicubic),
            new ForeignLayout(EvaClip, "visual.blocks.0.attn.q_proj.bias", PositionRule.Bicubic),
        ]);

    private static WeightLayout Layout(string name, string prefix, string queryBias, string valueBias) =>
        new(name, Table(prefix, queryBias, valueBias, "attn.inner_attn_ln", ["w1", "w2", "ffn_ln", "w3"]), Others, Tables);

    private static NameTable Table(string prefix, string queryBias, string valueBias, string attentionNorm, string[] mlp)
    {
        const string Ours = "vision_model.encoder.layers.*.";
        var block = prefix + "blocks.*.";
        return new NameTable(
            new NameRow(prefix + "cls_token", "vision_model.embeddings.class_embedding") { LeadingOnes = 2 },
            new NameRow(prefix + "pos_embed", "vision_model.embeddings.position_embedding.weight") { LeadingOnes = 1 },
            new NameRow(prefix + "patch_embed.proj", "vision_model.embeddings.patch_embedding"),
            new NameRow(block + "norm1", Ours + "layer_norm1"),
            new NameRow(block + "attn.q_proj.weight", Ours + "self_attn.q_proj.weight"),
            new NameRow(block + queryBias, Ours + "self_attn.q_proj.bias"),
            new NameRow(block + "attn.k_proj", Ours + "self_attn.k_proj"),
            new NameRow(block + "attn.v_proj.weight", Ours + "self_attn.v_proj.weight"),
            new NameRow(block + valueBias, Ours + "self_attn.v_proj.bias"),
            new NameRow(block + attentionNorm, Ours + "self_attn.inner_norm"),
            new NameRow(block + "attn.proj", Ours + "self_attn.out_proj"),
            new NameRow(block + "norm2", Ours + "layer_norm2"),
            new NameRow($"{block}mlp.{mlp[0]}", Ours + "mlp.gate"),
            new NameRow($"{block}mlp.{mlp[1]}", Ours + "mlp.fc1"),
            new NameRow($"{block}mlp.{mlp[2]}", Ours + "mlp.inner_norm"),
            new NameRow($"{block}mlp.{mlp[3]}", Ours + "mlp.fc2"),
            new NameRow(prefix + "norm", "vision_model.post_layernorm"),
            new NameRow(prefix + "head", "visual_projection"));
    }
}
