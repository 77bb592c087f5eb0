using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Layers;

/// <summary>
/// Attention in which several heads of queries share one of keys and values (https://arxiv.org/abs/2305.13245): query head h reads
/// key/value head h / (H / K), integer division.
/// </summary>
internal static class GroupedAttention
{
    /// <summary>What a mask adds to the score of a key that is not seen. Finite, so that a row that sees nothing is no NaN.</summary>
    public const float Hidden = -1e30f;

    /// <summary>softmax(cap(q k^T) + mask) v with the softmax in fp32. Differentiable.</summary>
    /// <param name="query">[B, T, H, N], scaled already.</param>
    /// <param name="key">[B, T, K, N]; K divides H.</param>
    /// <param name="value">[B, T, K, V].</param>
    /// <param name="mask">[B or 1, 1, 1, T, T], fp32: 0 where the query (fourth dimension) sees the key, else <see cref="Hidden"/>; null
    /// where every query sees every key.</param>
    /// <param name="cap">c of the soft cap c tanh(score / c); null for none.</param>
    /// <returns>[B, T, H V], in the inputs' format.</returns>
    public static Tensor Attend(Tensor query, Tensor key, Tensor value, Tensor? mask, double? cap)
    {
        using var scope = NewDisposeScope();
        var (batch, tokens, heads, shared) = (query.shape[0], query.shape[1], query.shape[2], key.shape[2]);
        var group = heads / shared;
        // The heads of a group and their tokens are the rows of one product.
        var rows = query.view(batch, tokens, shared, group, query.shape[3]).permute(0, 2, 3, 1, 4)
            .reshape(batch, shared, group * tokens, query.shape[3]);
        var scores = rows.matmul(key.permute(0, 2, 3, 1)); // [B, K, G T, T]
        if (cap is { } limit)
        {
            scores = scores.InFp32().DividedBy(limit).tanh().Times(limit);
        }
        if (mask is not null)
        {
            scores = scores.InFp32().view(batch, shared, group, tokens, tokens).Plus(mask).view(batch, shared, group * tokens, tokens);
        }
        var weights = scores.softmax(-1, ScalarType.Float32).to_type(value.dtype);
        var mixed = weights.matmul(value.transpose(1, 2)); // [B, K, G T, V]
        return mixed.view(batch, shared, group, tokens, value.shape[3]).permute(0, 3, 1, 2, 4)
            .reshape(batch, tokens, heads * value.shape[3]).MoveToOuterDisposeScope();
    }
}
