using Llm2Clip.Layers;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Training.Losses;

/// <summary>
/// <see cref="InfoNceLoss"/> of a large batch, whose N x N logits are never in memory as a whole: of 4,096 images, autograd would keep and
/// make six matrices of 64 MB. The sums of the softmaxes come first, block by block of rows, then the gradients by the features, for which
/// the logits are computed again (as FlashAttention does, https://arxiv.org/abs/2205.14135, algorithm 4). Next to an encoder's passes over
/// so many images the second product costs nothing.
/// </summary>
internal static class BlockedInfoNce
{
    /// <summary>Images from which on it is used; fewer have logits of 4 MB at most.</summary>
    public const int Least = 1024;

    private const int RowsPerBlock = 512;

    /// <summary>The loss, a scalar, whose gradients by all four tensors are those of <see cref="InfoNceLoss.Between"/>.</summary>
    /// <param name="image">[N, D].</param>
    /// <param name="text">[N, D].</param>
    /// <param name="logScale">Natural logarithm of the scale, scalar.</param>
    /// <param name="queue">[N]: <see cref="QueuedCaptions.LogSums"/>; null without a queue.</param>
    /// <param name="rows">Rows per block.</param>
    public static Tensor Between(Tensor image, Tensor text, Tensor logScale, Tensor? queue, int rows = RowsPerBlock)
    {
        using var scope = NewDisposeScope();
        var left = logScale.exp() * image.InFp32().Normalize();
        var right = text.InFp32().Normalize();
        var (value, byLeft, byRight, byQueue) = Gradients(left.detach(), right.detach(), queue?.detach(), rows);
        // A linear function of the features with these gradients, moved to the loss's value.
        var linear = (left * byLeft).sum().Plus((right * byRight).sum());
        if (queue is not null)
        {
            linear = linear.Plus((queue * byQueue!).sum());
        }
        return linear.Plus(value - linear.detach()).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// The loss of logits left right^T, and its gradients by both and by the queue's sums. With row and column sums r and c, the gradient
    /// by logit (i, j) is (e^(l - r_i) + e^(l - c_j)) / 2N, less 1 / N where i = j.
    /// </summary>
    private static (Tensor Value, Tensor ByLeft, Tensor ByRight, Tensor? ByQueue) Gradients(
        Tensor left, Tensor right, Tensor? queue, int rows)
    {
        using var off = no_grad();
        using var scope = NewDisposeScope();
        var count = left.shape[0];
        var (rowSums, columnSums) = Sums(left, right, rows);
        rowSums = queue is null ? rowSums : logaddexp(rowSums, queue);
        var own = (left * right).sum(1);
        var value = rowSums.mean().Plus(columnSums.mean()).Times(0.5) - own.mean();
        List<Tensor> byLeft = [];
        var byRight = left.DividedBy(-count);
        foreach (var (start, length) in Blocks(count, rows))
        {
            using var inner = NewDisposeScope();
            var block = left.narrow(0, start, length);
            var logits = block.matmul(right.t()); // [length, N]
            var gradient = (logits - rowSums.narrow(0, start, length).unsqueeze(1)).exp_()
                .Add((logits - columnSums.unsqueeze(0)).exp_(), 1).DivideBy(2 * count);
            byLeft.Add((gradient.matmul(right) - right.narrow(0, start, length).DividedBy(count)).MoveToOuterDisposeScope());
            byRight.Add(gradient.t().matmul(block), 1);
        }
        var byQueue = queue is null ? null : (queue - rowSums).exp().DividedBy(2 * count);
        return (
            value.MoveToOuterDisposeScope(), cat(byLeft, 0).MoveToOuterDisposeScope(), byRight.MoveToOuterDisposeScope(),
            byQueue?.MoveToOuterDisposeScope());
    }

    /// <summary>Logarithms of the sums of the logits' exponentials, of each row and of each column.</summary>
    private static (Tensor Rows, Tensor Columns) Sums(Tensor left, Tensor right, int rows)
    {
        using var scope = NewDisposeScope();
        List<Tensor> ofRows = [];
        Tensor? ofColumns = null;
        foreach (var (start, length) in Blocks(left.shape[0], rows))
        {
            using var inner = NewDisposeScope();
            var logits = left.narrow(0, start, length).matmul(right.t());
            ofRows.Add(logits.logsumexp(1).MoveToOuterDisposeScope());
            var columns = logits.logsumexp(0);
            ofColumns = (ofColumns is null ? columns : logaddexp(ofColumns, columns)).MoveToOuterDisposeScope();
        }
        return (cat(ofRows, 0).MoveToOuterDisposeScope(), ofColumns!.MoveToOuterDisposeScope());
    }

    private static IEnumerable<(long Start, long Length)> Blocks(long count, int rows)
    {
        for (var start = 0L; start < count; start += rows)
        {
            yield return (start, Math.Min(rows, count - start));
        }
    }
}
