using Llm2Clip.Models.Clip;
using Llm2Clip.Weights;

namespace Llm2Clip.Models.Text;

/// <summary>
/// The layouts of CLIP's text towers: Hugging Face's (<c>CLIPTextModel</c>, <c>CLIPTextModelWithProjection</c>, the text half of
/// <c>CLIPModel</c>), open_clip's with the names at the top or below <c>text.</c>, OpenAI's, which are the former, and Long-CLIP's with two
/// tables of positions.
/// </summary>
internal static class ClipTextWeights
{
    /// <summary>Hugging Face's names.</summary>
    public static WeightLayout HuggingFace { get; } = new(
        "Hugging Face", NameTable.Same, ["vision_model.", "visual_projection.", "logit_scale"], ["embeddings.position_ids"], "text_model.");

    /// <summary>
    /// Names at the top (openai/CLIP d05afc4 clip/model.py; <c>open_clip.model.CLIP</c>), with Long-CLIP's second table where the model has
    /// one.
    /// </summary>
    public static WeightLayout OpenAi { get; } = Named("");

    /// <summary>Names below <c>text.</c> (<c>open_clip.model.CustomTextCLIP</c>).</summary>
    public static WeightLayout Custom { get; } = Named("text.");

    /// <summary>The layout of a file with open_clip's names.</summary>
    public static WeightLayout Of(ISafetensors file) => file.Contains("text.token_embedding.weight") ? Custom : OpenAi;

    private static WeightLayout Named(string prefix)
    {
        var blocks = prefix + "transformer.resblocks.*.";
        const string Ours = "text_model.encoder.layers.*.";
        NameRow InProjection(string kind) => new(
            $"{blocks}attn.in_proj_{kind}",
            [.. new[] { "q_proj", "k_proj", "v_proj" }.Select(part => $"{Ours}self_attn.{part}.{kind}")]);
        return new WeightLayout(
            ClipVisionWeights.OpenClipName,
            new NameTable(
                new NameRow(prefix + "token_embedding", "text_model.embeddings.token_embedding"),
                new NameRow(prefix + "positional_embedding", TextEmbeddings.PositionsPath),
                new NameRow(prefix + "positional_embedding_res", TextEmbeddings.TrainedPath),
                new NameRow(blocks + "ln_1", Ours + "layer_norm1"),
                InProjection("weight"),
                InProjection("bias"),
                new NameRow(blocks + "attn.out_proj", Ours + "self_attn.out_proj"),
                new NameRow(blocks + "ln_2", Ours + "layer_norm2"),
                new NameRow(blocks + "mlp.c_fc", Ours + "mlp.fc1"),
                new NameRow(blocks + "mlp.c_proj", Ours + "mlp.fc2"),
                new NameRow(prefix + "ln_final", "text_model.final_layer_norm"),
                new NameRow(prefix + "text_projection", "text_projection.weight") { Transposed = true }),
            ["visual.", "logit_scale", "logit_bias", .. OpenAiClip.Scalars],
            ["attn_mask"]);
    }
}
