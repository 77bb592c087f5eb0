using Llm2Clip.Layers;
using Llm2Clip.Weights;
using Llm2Clip.Weights.Gguf;
using static TorchSharp.torch;

namespace Llm2Clip.Teachers.Decoder;

/// <summary>Loads a decoder from a GGUF model, strictly: every tensor is there, of its shape, and none is left over.</summary>
internal static class DecoderWeights
{
    /// <summary>How GGUF files name what a decoder holds, in every architecture of <see cref="DecoderFamily"/>.</summary>
    public static NameTable Names { get; } = new(
        new NameRow("token_embd.weight", "embed_tokens"),
        new NameRow("output_norm", "norm"),
        new NameRow("blk.*.attn_norm", "layers.*.attention_norm"),
        new NameRow("blk.*.attn_q", "layers.*.self_attn.q_proj"),
        new NameRow("blk.*.attn_k", "layers.*.self_attn.k_proj"),
        new NameRow("blk.*.attn_v", "layers.*.self_attn.v_proj"),
        new NameRow("blk.*.attn_output", "layers.*.self_attn.o_proj"),
        new NameRow("blk.*.attn_q_norm", "layers.*.self_attn.q_norm"),
        new NameRow("blk.*.attn_k_norm", "layers.*.self_attn.k_norm"),
        new NameRow("blk.*.post_attention_norm", "layers.*.attention_post_norm"),
        new NameRow("blk.*.ffn_norm", "layers.*.mlp_norm"),
        new NameRow("blk.*.ffn_gate", "layers.*.mlp.gate_proj"),
        new NameRow("blk.*.ffn_up", "layers.*.mlp.up_proj"),
        new NameRow("blk.*.ffn_down", "layers.*.mlp.down_proj"),
        new NameRow("blk.*.post_ffw_norm", "layers.*.mlp_post_norm"));

    /// <summary>Loads the model at <paramref name="path"/>, the first part of a split one.</summary>
    /// <param name="path">The file.</param>
    /// <param name="precision">Format of products and of the weights that they read.</param>
    /// <param name="device">Where to compute.</param>
    /// <param name="lora">A LoRA that is added to the weights before they are rounded to their format; null = none.</param>
    /// <exception cref="InputException">A file is missing or damaged, of an architecture that tensors cannot run, or does not hold exactly
    /// the tensors that its metadata tells of; or the LoRA is none for this model.</exception>
    public static DecoderModel Load(string path, Precision precision, Device device, string? lora = null)
    {
        var header = GgufFile.Open(path);
        GgufModelCheck.Check(header);
        using var weights = GgufWeights.Open(header);
        var shape = DecoderShapes.Read(header, weights);
        StrictWeights.RequireRoom(weights, path, shape.WeightCount, "its metadata");
        using var changes = lora is null ? null : LoraFiles.Read(lora, header, weights, shape);
        using var merged = changes is null ? null : new LoraMerged(weights, path, changes, shape);
        var model = new DecoderModel(shape, precision, device);
        try
        {
            var targets = Names.Of(model.named_parameters().Select(named => (named.name, (Tensor)named.parameter)));
            // The output head is not computed; the divisors belong to the shape.
            IReadOnlyList<string> others = shape.Family.Divisors ? ["output.weight", "rope_freqs.weight"] : ["output.weight"];
            StrictWeights.Load(merged ?? (ISafetensors)weights, path, targets, new WeightLayout("gguf", Names, others, Buffers: []));
            if (shape.Family.ReordersHeads)
            {
                model.RestoreOrder();
            }
            return model;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }
}
