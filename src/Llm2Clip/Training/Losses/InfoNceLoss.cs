using Llm2Clip.Layers;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Llm2Clip.Training.Losses;

/// <summary>
/// CLIP's loss: half of image to text plus text to image cross-entropy (open_clip 89fb801 loss.py). Several captions per image: the mean of
/// the losses with the first, the second, ... caption of every image. Queued captions are further negatives of image to text.
/// </summary>
internal sealed class InfoNceLoss(SoftLabels labels) : IContrastiveLoss
{
    /// <inheritdoc/>
    public IReadOnlyList<(string Name, Parameter Parameter)> Parameters => [];

    /// <inheritdoc/>
    public Tensor Of(ContrastiveBatch batch)
    {
        using var scope = NewDisposeScope();
        var queue = batch.QueueSums();
        var teacher = labels.TargetsOf(batch); // of the whole batch, so that an image's place is the mean of all its captions'
        var losses = Enumerable.Range(0, batch.CaptionsPerImage).Select(number =>
            OfOneCaption(batch.WithCaption(number), labels.Smoothing, teacher?.WithCaption(number), queue));
        return losses.Aggregate((sum, loss) => sum.Plus(loss)).DividedBy(batch.CaptionsPerImage).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// The loss of a batch with one caption per image; <paramref name="teacher"/> has that caption alone, and
    /// <paramref name="queue"/> is <see cref="ContrastiveBatch.QueueSums"/>.
    /// </summary>
    internal static Tensor OfOneCaption(ContrastiveBatch batch, double smoothing, SoftTargets? teacher, Tensor? queue) => Between(
        batch.Images, batch.Captions, batch.LogitScale, smoothing, batch.IdenticalCaptions(), teacher, queue);

    /// <summary>The loss of logits exp(logScale) cos where row i belongs to column i, a scalar.</summary>
    /// <param name="image">[N, D].</param>
    /// <param name="text">[N, D].</param>
    /// <param name="logScale">Natural logarithm of the scale, scalar.</param>
    /// <param name="labelSmoothing">Share of the label spread over all candidates, the label included.</param>
    /// <param name="excluded">[N, N]: pairs that are not negatives; own pairs always count.</param>
    /// <param name="teacher">Soft targets to mix in.</param>
    /// <param name="queue">[N]: <see cref="QueuedCaptions.LogSums"/>; null without a queue.</param>
    public static Tensor Between(
        Tensor image, Tensor text, Tensor logScale, double labelSmoothing = 0, Tensor? excluded = null, SoftTargets? teacher = null,
        Tensor? queue = null)
    {
        if (image.shape[0] >= BlockedInfoNce.Least && labelSmoothing == 0 && excluded is null && teacher is null)
        {
            return BlockedInfoNce.Between(image, text, logScale, queue);
        }
        using var scope = NewDisposeScope();
        var logits = logScale.exp() * SoftmaxRows.Cosines(image, text); // [N, N]
        var labels = Scalars.Range(image.shape[0], image.device);
        var toText = SoftmaxRows.CrossEntropy(logits, labels, excluded, labelSmoothing, teacher, teacher?.ToText, queue).mean();
        var toImage = SoftmaxRows.CrossEntropy(logits.t(), labels, excluded?.t(), labelSmoothing, teacher, teacher?.ToImage).mean();
        return toText.Plus(toImage).Times(0.5).MoveToOuterDisposeScope();
    }

    /// <summary>Nothing to free.</summary>
    public void Dispose()
    {
    }
}
