using Llm2Clip.Layers;
using Llm2Clip.Training.Losses;
using static TorchSharp.torch;

namespace Llm2Clip.Training.LongClip;

/// <summary>The parts of Long-CLIP's loss, scalars.</summary>
/// <param name="Long">Images against long captions.</param>
/// <param name="Short">Primary components of the images against short captions, without its weight.</param>
/// <param name="Total">What is trained on.</param>
internal sealed record LongClipLosses(Tensor Long, Tensor Short, Tensor Total);

/// <summary>
/// Long-CLIP's loss (beichenzbc/Long-CLIP 3966af9 model/model_longclip.py#L442): cross-entropy in both directions, with label smoothing, of
/// images with their long captions, and of their <see cref="PrimaryComponents"/> with their short ones; one logit_scale for both.
/// </summary>
internal sealed record LongClipLoss
{
    /// <summary>Directions of the images' variation that short captions are compared with, k.</summary>
    public int Components { get; init; } = 32;

    /// <summary>Parts of the batch with directions of their own; 1 = the whole batch, which the original has on one process.</summary>
    public int Blocks { get; init; } = 1;

    /// <summary>What the loss of the short captions counts.</summary>
    public double ShortWeight { get; init; } = 1;

    /// <summary>Share of the label spread over all candidates, the label included.</summary>
    public double LabelSmoothing { get; init; } = 0.1;

    /// <summary>The loss of a batch.</summary>
    /// <param name="images">[B, D], not normalized.</param>
    /// <param name="longTexts">[B, D], not normalized.</param>
    /// <param name="shortTexts">[B, D], not normalized.</param>
    /// <param name="logScale">Natural logarithm of the factor on products, scalar.</param>
    /// <exception cref="ConfigException">All directions would be kept, so that nothing is matched.</exception>
    public LongClipLosses Of(Tensor images, Tensor longTexts, Tensor shortTexts, Tensor logScale)
    {
        PrimaryComponents.RequireEffect(images.shape[0] / Blocks, images.shape[1], Components);
        return Between(images, longTexts, shortTexts, logScale);
    }

    /// <summary><see cref="Of"/> also where nothing is dropped, and short captions meet the images as they are.</summary>
    /// <param name="images">[B, D], not normalized.</param>
    /// <param name="longTexts">[B, D], not normalized.</param>
    /// <param name="shortTexts">[B, D], not normalized.</param>
    /// <param name="logScale">Natural logarithm of the factor on products, scalar.</param>
    /// <param name="sameLong">[B, B]: pairs of images and long captions that are not negatives; own pairs always count.</param>
    /// <param name="sameShort">The same of the short captions.</param>
    internal LongClipLosses Between(
        Tensor images, Tensor longTexts, Tensor shortTexts, Tensor logScale, Tensor? sameLong = null, Tensor? sameShort = null)
    {
        using var scope = NewDisposeScope();
        var image = images.InFp32().Normalize();
        var ofLong = Symmetric(image, longTexts, logScale, sameLong);
        // The reconstruction is shorter than 1, and stays so.
        var ofShort = Symmetric(PrimaryComponents.Reconstruct(image, Components, Blocks), shortTexts, logScale, sameShort);
        var total = ofLong.Plus(ShortWeight == 1 ? ofShort : ofShort.Times(ShortWeight));
        return new LongClipLosses(
            ofLong.MoveToOuterDisposeScope(), ofShort.MoveToOuterDisposeScope(), total.MoveToOuterDisposeScope());
    }

    /// <summary>The loss of the long captions alone, as <see cref="Between"/> takes them.</summary>
    internal Tensor OfLong(Tensor images, Tensor longTexts, Tensor logScale, Tensor? sameLong = null)
    {
        using var scope = NewDisposeScope();
        return Symmetric(images.InFp32().Normalize(), longTexts, logScale, sameLong).MoveToOuterDisposeScope();
    }

    private Tensor Symmetric(Tensor image, Tensor texts, Tensor logScale, Tensor? same)
    {
        using var scope = NewDisposeScope();
        var logits = logScale.exp() * image.matmul(texts.InFp32().Normalize().t()); // [B, B]
        var labels = Scalars.Range(image.shape[0], image.device);
        var toText = SoftmaxRows.CrossEntropy(logits, labels, same, LabelSmoothing).mean();
        var toImage = SoftmaxRows.CrossEntropy(logits.t(), labels, same?.t(), LabelSmoothing).mean();
        return toText.Plus(toImage).Times(0.5).MoveToOuterDisposeScope();
    }
}
