using Llm2Clip.Layers;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Llm2Clip.Training.Losses;

/// <summary>
/// InfoNCE in which all captions of an image are its positives. Image to text: mean over images of the mean over own captions p of
/// -log(e^s_p / (e^s_p + sum over captions of other images)). Text to image: mean over captions. Half the sum. One caption per image gives
/// <see cref="InfoNceLoss"/>. Queued captions are further negatives of image to text.
/// </summary>
internal sealed class MultiPositiveLoss(SoftLabels labels) : IContrastiveLoss
{
    /// <inheritdoc/>
    public IReadOnlyList<(string Name, Parameter Parameter)> Parameters => [];

    /// <inheritdoc/>
    public Tensor Of(ContrastiveBatch batch) => batch.CaptionsPerImage == 1
        ? InfoNceLoss.OfOneCaption(batch, labels.Smoothing, labels.TargetsOf(batch), batch.QueueSums())
        : Between(
            batch.Images, batch.Captions, batch.LogitScale, batch.ImageOfCaption, labels.Smoothing, batch.IdenticalCaptions(),
            labels.TargetsOf(batch), batch.QueueSums());

    /// <summary>The loss, a scalar.</summary>
    /// <param name="image">[I, D].</param>
    /// <param name="caption">[C, D].</param>
    /// <param name="logScale">Natural logarithm of the scale, scalar.</param>
    /// <param name="imageOfCaption">Row of each caption's image.</param>
    /// <param name="labelSmoothing">Share of the label spread over all candidates, the label included.</param>
    /// <param name="excluded">[I, C]: pairs that are not negatives besides an image's own captions, such as identical captions.</param>
    /// <param name="teacher">Soft targets to mix in.</param>
    /// <param name="queue">[I]: <see cref="QueuedCaptions.LogSums"/>; null without a queue.</param>
    public static Tensor Between(
        Tensor image, Tensor caption, Tensor logScale, IReadOnlyList<int> imageOfCaption, double labelSmoothing = 0,
        Tensor? excluded = null, SoftTargets? teacher = null, Tensor? queue = null)
    {
        using var scope = NewDisposeScope();
        var (images, captions) = (image.shape[0], caption.shape[0]);
        var owner = tensor(imageOfCaption.Select(i => (long)i).ToArray(), device: image.device); // [C]
        var counts = new int[images];
        foreach (var own in imageOfCaption)
        {
            counts[own]++;
        }
        var share = tensor(imageOfCaption.Select(i => 1f / counts[i] / images).ToArray(), device: image.device); // [C]

        var logits = logScale.exp() * SoftmaxRows.Cosines(image, caption); // [I, C]
        var toText = SoftmaxRows.CrossEntropy(
            logits.index_select(0, owner), Scalars.Range(captions, image.device), OwnCaptions(owner, excluded), labelSmoothing,
            teacher, teacher?.ToText.index_select(0, owner), queue?.index_select(0, owner)); // [C]
        var toImage = SoftmaxRows.CrossEntropy(logits.t(), owner, excluded?.t(), labelSmoothing, teacher, teacher?.ToImage); // [C]
        return (toText * share).sum().Plus(toImage.mean()).Times(0.5).MoveToOuterDisposeScope();
    }

    /// <summary>Nothing to free.</summary>
    public void Dispose()
    {
    }

    /// <summary>For each caption's row (its image's logits): columns that are other captions of the image, or excluded for it.</summary>
    private static Tensor OwnCaptions(Tensor owner, Tensor? excluded)
    {
        var same = owner.unsqueeze(1).eq(owner.unsqueeze(0)); // [C, C]
        return excluded is null ? same : same.logical_or(excluded.index_select(0, owner));
    }
}
