using Llm2Clip.Layers;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Training.Losses;

/// <summary>
/// What the contrastive losses share. All of them compute in fp32: near 100, fp16 logits have steps of 0.06 (facts B5). Features come not
/// normalized and are normalized here.
/// </summary>
internal static class SoftmaxRows
{
    /// <summary>
    /// Logit of an excluded pair: far below any real one, and finite, so that a row without negatives has no NaN gradient.
    /// </summary>
    private const float Excluded = -1e30f;

    /// <summary>Cosines of all rows of the one with all rows of the other, [rows, columns].</summary>
    public static Tensor Cosines(Tensor rows, Tensor columns) => rows.InFp32().Normalize().matmul(columns.InFp32().Normalize().t());

    /// <summary>
    /// Cross-entropy of each row, [rows]. Excluded columns do not exist for their row, except its label's. With smoothing e the target is
    /// (1 - e) on the label plus e / n on each of the row's n columns, the label included. With a teacher of weight w that target counts
    /// 1 - w, and the teacher's shares over the row's existing columns, <paramref name="soft"/>, count w. <paramref name="further"/>,
    /// [rows], is the logarithm of the sum of exponentials of columns that are negatives and nothing else: no target counts them.
    /// </summary>
    public static Tensor CrossEntropy(
        Tensor logits, Tensor labels, Tensor? excluded, double smoothing = 0, SoftTargets? teacher = null, Tensor? soft = null,
        Tensor? further = null)
    {
        using var scope = NewDisposeScope();
        var own = logits.gather(1, labels.unsqueeze(1)).squeeze(1); // [rows]
        Tensor? gone = null;
        if (excluded is not null)
        {
            var label = Scalars.Range(logits.shape[1], logits.device).unsqueeze(0).eq(labels.unsqueeze(1));
            gone = excluded.logical_and(label.logical_not());
        }
        var target = own.Times((float)(1 - smoothing)); // what the targets give of the logits, [rows]
        if (smoothing > 0)
        {
            var mean = gone is null
                ? logits.mean([1])
                : logits.Replaced(gone, 0).sum(1) / gone.logical_not().to_type(ScalarType.Float32).sum(1);
            target = target.Plus(mean.Times((float)smoothing));
        }
        if (teacher is not null && soft is not null)
        {
            var shares = (gone is null ? soft : soft.Replaced(gone, Excluded)).softmax(1);
            target = target.Times((float)(1 - teacher.Weight)).Plus((shares * logits).sum(1).Times((float)teacher.Weight));
        }
        var sum = (gone is null ? logits : logits.Replaced(gone, Excluded)).logsumexp(1); // [rows]
        if (further is not null)
        {
            sum = logaddexp(sum, further);
        }
        return (sum - target).MoveToOuterDisposeScope();
    }
}
