using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Layers;

/// <summary>
/// Multi-head attention, softmax(q k^T / sqrt(W/H)) v for each of H heads (https://arxiv.org/abs/1706.03762, equation 1).
/// </summary>
internal static class Attention
{
    /// <summary>
    /// The longest row that attention composed of two products and a softmax serves in fp32 on a CPU. Its time, forward and backward, as a
    /// share of that of libtorch's one fused operation: 0.9 at 50 to 128 tokens, 1.1 at 197, 1.5 at 577 (3 at 197 without the allocator's
    /// settings, as it takes memory for every score). In bf16 it is 0.2 at 50 tokens, 0.55 at 197 and 0.7 at 577, so it serves all.
    /// </summary>
    internal const int ShortRow = 160;

    /// <summary>Attends, with the softmax in fp32. Differentiable.</summary>
    /// <param name="packed">[B, T, 3W]: queries, keys and values as one projection leaves them; [B, T, 2W] where queries are given.</param>
    /// <param name="heads">H.</param>
    /// <param name="query">[B, Q, W], where fewer tokens ask than answer.</param>
    /// <param name="rotary">Turns queries and keys by the places of their tokens.</param>
    /// <param name="causal">Whether a token sees none behind it; then all tokens ask (Q = T).</param>
    /// <returns>[B, Q, W] (Q = T without <paramref name="query"/>), in the inputs' format.</returns>
    /// <exception cref="ArgumentException">The shapes do not fit each other or the number of heads.</exception>
    public static Tensor Attend(Tensor packed, int heads, Tensor? query = null, RotaryTable? rotary = null, bool causal = false)
    {
        RequireFit(packed, heads, query);
        using var scope = NewDisposeScope();
        Tensor[] parts = query is null ? Heads(packed, 3, heads) : [Heads(query, 1, heads)[0], .. Heads(packed, 2, heads)];
        var (q, k, v) = (parts[0], parts[1], parts[2]); // [B, H, Q, W/H], [B, H, T, W/H] twice
        if (rotary is not null)
        {
            (q, k) = (rotary.Turn(q), rotary.Turn(k));
        }
        var fused = packed.device_type != DeviceType.CPU || (packed.dtype == ScalarType.Float32 && k.shape[2] > ShortRow);
        var mixed = fused ? nn.functional.scaled_dot_product_attention(q, k, v, is_casual: causal) : Composed(q, k, v, causal);
        return mixed.transpose(1, 2).flatten(2).MoveToOuterDisposeScope(); // of [B, H, Q, W/H]
    }

    private static Tensor Composed(Tensor q, Tensor k, Tensor v, bool causal)
    {
        var scores = q.Times((float)Math.Pow(q.shape[3], -0.5)).matmul(k.transpose(2, 3)); // [B, H, Q, T]
        if (causal)
        {
            scores = scores.Replaced(Behind(q.shape[2], q.device), double.NegativeInfinity);
        }
        return scores.softmax(-1, ScalarType.Float32).to_type(v.dtype).matmul(v);
    }

    /// <summary>[T, T], bool: whether the token of the column is behind that of the row.</summary>
    private static Tensor Behind(long tokens, Device device)
    {
        var places = Scalars.Range(tokens, device);
        return places.unsqueeze(0).gt(places.unsqueeze(1));
    }

    /// <summary>[B, N, count W] to <paramref name="count"/> times [B, H, N, W/H], each contiguous.</summary>
    private static Tensor[] Heads(Tensor packed, int count, int heads)
    {
        var shape = packed.shape;
        return packed.view(shape[0], shape[1], count, heads, shape[2] / (count * heads)).permute(2, 0, 3, 1, 4).contiguous().unbind(0);
    }

    /// <summary>TorchSharp 0.107 lets no error of a matrix product through: it ends the process.</summary>
    private static void RequireFit(Tensor packed, int heads, Tensor? query)
    {
        var parts = query is null ? 3 : 2;
        var fits = packed.dim() == 3 && packed.shape[2] % (parts * heads) == 0
            && (query is null || (query.dim() == 3 && query.shape[0] == packed.shape[0] && parts * query.shape[2] == packed.shape[2]));
        if (!fits)
        {
            var asked = query is null ? "" : $" for queries of [{string.Join(", ", query.shape)}]";
            throw new ArgumentException($"[{string.Join(", ", packed.shape)}] is no attention of {heads} heads{asked}.", nameof(packed));
        }
    }
}
