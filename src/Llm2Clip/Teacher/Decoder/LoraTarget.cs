namespace Llm2Clip.Teachers.Decoder;

/// <summary>A product of a decoder's block, which a low-rank change can be of.</summary>
/// <param name="Name">The layer's name in <see cref="DecoderModel"/> and in Hugging Face's models, such as
/// <c>layers.0.self_attn.q_proj</c>.</param>
/// <param name="Inputs">Columns of its weight.</param>
/// <param name="Outputs">Rows of its weight.</param>
/// <param name="Heads">Heads whose rows a GGUF file has in the order of pairs (<see cref="HeadOrder"/>); 0 = the same order there.</param>
internal sealed record LoraTarget(string Name, long Inputs, long Outputs, int Heads)
{
    /// <summary>Name of its weight in a GGUF file.</summary>
    public string Stored { get; } = DecoderWeights.Names.StoredName(Name + ".weight");

    /// <summary>All products of a decoder, block by block.</summary>
    public static IReadOnlyList<LoraTarget> Of(DecoderShape shape)
    {
        var (query, key) = ((long)shape.Heads * shape.KeyWidth, (long)shape.SharedHeads * shape.KeyWidth);
        var (mixed, value) = ((long)shape.Heads * shape.ValueWidth, (long)shape.SharedHeads * shape.ValueWidth);
        var (heads, shared) = shape.Family.ReordersHeads ? (shape.Heads, shape.SharedHeads) : (0, 0);
        (string Name, long Inputs, long Outputs, int Heads)[] products =
        [
            ("self_attn.q_proj", shape.Width, query, heads),
            ("self_attn.k_proj", shape.Width, key, shared),
            ("self_attn.v_proj", shape.Width, value, 0),
            ("self_attn.o_proj", mixed, shape.Width, 0),
            ("mlp.gate_proj", shape.Width, shape.MlpWidth, 0),
            ("mlp.up_proj", shape.Width, shape.MlpWidth, 0),
            ("mlp.down_proj", shape.MlpWidth, shape.Width, 0),
        ];
        return
        [
            .. Enumerable.Range(0, shape.Blocks).SelectMany(block => products.Select(product =>
                new LoraTarget($"layers.{block}.{product.Name}", product.Inputs, product.Outputs, product.Heads))),
        ];
    }
}
