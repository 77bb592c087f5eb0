using Llm2Clip.Layers;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Training.Losses;

/// <summary>
/// Masked next-token prediction (MNTP, https://arxiv.org/abs/2404.05961, facts A8): a masked token is told from the state before it, which
/// is where a model that predicts next tokens holds it.
/// </summary>
internal static class MaskedTokenLoss
{
    /// <summary>The label of a position that does not count.</summary>
    public const long NoLabel = -100;

    /// <summary>
    /// The mean cross-entropy over labels, a scalar: the logits at i - 1 predict label i. A label at position 0 never counts.
    /// </summary>
    /// <param name="logits">[B, T, V].</param>
    /// <param name="labels">[B, T] row-major: the token, or <see cref="NoLabel"/>.</param>
    public static Tensor Between(Tensor logits, ReadOnlySpan<long> labels)
    {
        using var scope = NewDisposeScope();
        var (places, tokens) = Counted(labels, (int)logits.shape[1]);
        var rows = logits.view(-1, logits.shape[2]).index_select(0, tensor(places, device: logits.device));
        return Sum(rows, tokens).DividedBy(tokens.Length).MoveToOuterDisposeScope();
    }

    /// <summary>The rows of [B T] that predict a label, and the tokens there.</summary>
    public static (long[] Places, long[] Tokens) Counted(ReadOnlySpan<long> labels, int length)
    {
        List<long> places = [], tokens = [];
        for (var i = 0; i < labels.Length; i++)
        {
            if (labels[i] != NoLabel && i % length > 0)
            {
                places.Add(i - 1);
                tokens.Add(labels[i]);
            }
        }
        return ([.. places], [.. tokens]);
    }

    /// <summary>The sum of the cross-entropies of rows [n, V] with their tokens, in fp32.</summary>
    public static Tensor Sum(Tensor logits, long[] tokens)
    {
        using var scope = NewDisposeScope();
        return SoftmaxRows.CrossEntropy(logits.InFp32(), tensor(tokens, device: logits.device), excluded: null).sum()
            .MoveToOuterDisposeScope();
    }
}
