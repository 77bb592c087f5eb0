using Llm2Clip.Layers;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Training.Losses;

/// <summary>
/// Stage 1's loss between captions (LLM2Vec 312adcf HardNegativeNLLLoss, facts A5): query i against [positives ; negatives] by
/// scale * cos, label i.
/// </summary>
internal static class CaptionContrastiveLoss
{
    /// <summary>The loss, a scalar. <paramref name="symmetric"/> adds positive i against all queries and halves the sum.</summary>
    /// <param name="query">[Q, D].</param>
    /// <param name="positive">[Q, D].</param>
    /// <param name="negative">Hard negatives [M, D], columns for every query; null without.</param>
    /// <param name="scale">Factor of the cosine; 50 in the paper's code.</param>
    /// <param name="symmetric">Both directions.</param>
    /// <param name="excluded">[Q, Q + M]: pairs that are not negatives; see <see cref="SamePairs.SameSource"/>.</param>
    public static Tensor Between(
        Tensor query, Tensor positive, Tensor? negative = null, double scale = 50, bool symmetric = false, Tensor? excluded = null)
    {
        using var scope = NewDisposeScope();
        var rows = query.shape[0];
        var q = query.InFp32().Normalize();
        var columns = positive.InFp32().Normalize();
        if (negative is not null)
        {
            columns = cat([columns, negative.InFp32().Normalize()], 0);
        }
        var logits = q.matmul(columns.t()).Times((float)scale); // [Q, Q + M]
        var labels = Scalars.Range(rows, query.device);
        var loss = SoftmaxRows.CrossEntropy(logits, labels, excluded).mean();
        if (symmetric)
        {
            var back = SoftmaxRows.CrossEntropy(logits.narrow(1, 0, rows).t(), labels, excluded?.narrow(1, 0, rows).t()).mean();
            loss = loss.Plus(back).Times(0.5);
        }
        return loss.MoveToOuterDisposeScope();
    }
}
