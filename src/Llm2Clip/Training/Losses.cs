using Llm2Clip.Layers;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Training;

/// <summary>
/// Contrastive losses, all in fp32 (facts B5: fp16 logits near 100 have steps of 0.06). Features come un-normalized and are normalized
/// here. Shapes: I pictures, C captions, Q queries, D feature length. Excluded pairs, [rows, columns] bool, are never negatives; the
/// own pair of a row always counts. All return a scalar.
/// </summary>
public static class Losses
{
    /// <summary>Logit of an excluded pair: far below any real one, and finite, so that a row without negatives has no NaN gradient.</summary>
    private const float Never = -1e30f;

    /// <summary>
    /// CLIP's loss: half of image to text plus text to image cross-entropy of exp(logScale) cos, row i belongs to column i
    /// (open_clip 89fb801 loss.py). <paramref name="excluded"/>: [N, N]. <paramref name="teacher"/> mixes soft targets in.
    /// </summary>
    public static Tensor ClipInfoNce(
        Tensor image, Tensor text, Tensor logScale, double labelSmoothing = 0, Tensor? excluded = null, SoftTargets? teacher = null)
    {
        using var scope = NewDisposeScope();
        var logits = logScale.exp() * image.InFp32().Normalize().matmul(text.InFp32().Normalize().t()); // [N, N]
        var labels = Scalars.Range(image.shape[0], image.device);
        var toText = CrossEntropy(logits, labels, excluded, labelSmoothing, teacher, teacher?.ToText).mean();
        var toImage = CrossEntropy(logits.t(), labels, excluded?.t(), labelSmoothing, teacher, teacher?.ToImage).mean();
        return toText.Plus(toImage).Times(0.5).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// One process's share of <see cref="ClipInfoNce"/> over several: own rows against the columns of all, of which the own begin at
    /// <paramref name="firstRow"/> (open_clip's local_loss). The mean over the processes is the global loss.
    /// </summary>
    public static Tensor ClipInfoNceLocal(Tensor image, Tensor text, Tensor allImages, Tensor allTexts, long firstRow, Tensor logScale)
    {
        using var scope = NewDisposeScope();
        var scale = logScale.exp();
        var labels = Scalars.Range(firstRow, firstRow + image.shape[0], image.device);
        var toText = scale * image.InFp32().Normalize().matmul(allTexts.InFp32().Normalize().t());
        var toImage = scale * text.InFp32().Normalize().matmul(allImages.InFp32().Normalize().t());
        return CrossEntropy(toText, labels, null).mean().Plus(CrossEntropy(toImage, labels, null).mean()).Times(0.5).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Several captions an image. Image to text: mean over images of the mean over own captions p of -log(e^s_p / (e^s_p + sum over
    /// captions of other images)); text to image: mean over captions. Half the sum. One caption an image gives <see cref="ClipInfoNce"/>.
    /// </summary>
    /// <param name="image">[I, D].</param>
    /// <param name="caption">[C, D].</param>
    /// <param name="logScale">Natural logarithm of the scale, scalar.</param>
    /// <param name="imageOfCaption">Row of each caption's image.</param>
    /// <param name="labelSmoothing">Share of the label spread over all candidates, the label included.</param>
    /// <param name="excluded">[I, C]: pairs that are not negatives besides an image's own captions, such as identical captions.</param>
    /// <param name="teacher">Soft targets to mix in.</param>
    public static Tensor MultiPositive(
        Tensor image, Tensor caption, Tensor logScale, IReadOnlyList<int> imageOfCaption, double labelSmoothing = 0, Tensor? excluded = null,
        SoftTargets? teacher = null)
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

        var logits = logScale.exp() * image.InFp32().Normalize().matmul(caption.InFp32().Normalize().t()); // [I, C]
        var toText = CrossEntropy(
            logits.index_select(0, owner), Scalars.Range(captions, image.device), OwnCaptions(owner, excluded), labelSmoothing,
            teacher, teacher?.ToText.index_select(0, owner)); // [C]
        var toImage = CrossEntropy(logits.t(), owner, excluded?.t(), labelSmoothing, teacher, teacher?.ToImage); // [C]
        return (toText * share).sum().Plus(toImage.mean()).Times(0.5).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Caption-contrastive loss (LLM2Vec 312adcf HardNegativeNLLLoss, facts A5): query i against [positives ; negatives] by scale * cos,
    /// label i. <paramref name="symmetric"/> adds positive i against all queries and halves the sum.
    /// </summary>
    /// <param name="query">[Q, D].</param>
    /// <param name="positive">[Q, D].</param>
    /// <param name="negative">Hard negatives [M, D], columns for every query; null without.</param>
    /// <param name="scale">Factor of the cosine; 50 in the paper's code.</param>
    /// <param name="symmetric">Both directions.</param>
    /// <param name="excluded">[Q, Q + M]: pairs that are not negatives; see <see cref="SameSource"/>.</param>
    public static Tensor CaptionContrastive(
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
        var loss = CrossEntropy(logits, labels, excluded).mean();
        if (symmetric)
        {
            var back = CrossEntropy(logits.narrow(1, 0, rows).t(), labels, excluded?.narrow(1, 0, rows).t()).mean();
            loss = loss.Plus(back).Times(0.5);
        }
        return loss.MoveToOuterDisposeScope();
    }

    /// <summary>
    /// SigLIP's loss (https://arxiv.org/abs/2303.15343): -(1/N) times the sum over all N x N pairs of
    /// log sigmoid(y (exp(logScale) cos + bias)), y = 1 on the diagonal, else -1. <paramref name="excluded"/> pairs do not count.
    /// </summary>
    public static Tensor SigLip(Tensor image, Tensor text, Tensor logScale, Tensor bias, Tensor? excluded = null)
    {
        using var scope = NewDisposeScope();
        var rows = image.shape[0];
        var logits = (logScale.exp() * image.InFp32().Normalize().matmul(text.InFp32().Normalize().t())).Plus(bias); // [N, N]
        var own = eye(rows, device: image.device);
        var signed = logits * own.Times(2).Minus(1);
        // -log sigmoid(v) = log(e^0 + e^-v), the larger of both taken out first
        var losses = stack([zeros_like(signed), -signed], 0).logsumexp(0);
        if (excluded is not null)
        {
            losses = losses.Replaced(excluded.logical_and(own.logical_not()), 0);
        }
        return losses.sum().DividedBy(rows).MoveToOuterDisposeScope();
    }

    /// <summary>Mean over rows of 1 - cos(student, reference): keeps a model near another; the reference has no gradient.</summary>
    public static Tensor Retention(Tensor student, Tensor reference)
    {
        using var scope = NewDisposeScope();
        var cosines = (student.InFp32().Normalize() * reference.detach().InFp32().Normalize()).sum(1);
        return cosines.mean().neg().Plus(1).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Pairs [Q, Q + M] that show the same image or have the same caption, for <see cref="CaptionContrastive"/>. Numbers stand for images
    /// and captions; those of hard negatives follow those of the positives.
    /// </summary>
    public static Tensor SameSource(
        ReadOnlySpan<long> queryImages, ReadOnlySpan<long> queryCaptions, ReadOnlySpan<long> columnImages, ReadOnlySpan<long> columnCaptions, Device device)
    {
        using var scope = NewDisposeScope();
        Tensor Equal(ReadOnlySpan<long> rows, ReadOnlySpan<long> columns) =>
            tensor(rows.ToArray(), device: device).unsqueeze(1).eq(tensor(columns.ToArray(), device: device).unsqueeze(0));
        return Equal(queryImages, columnImages).logical_or(Equal(queryCaptions, columnCaptions)).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Pairs [I, C] where the caption is worded like one of the image's own, for <see cref="MultiPositive"/>; null where there are none
    /// besides the own pairs.
    /// </summary>
    public static Tensor? IdenticalCaptions(IReadOnlyList<string> captions, IReadOnlyList<int> imageOfCaption, int images, Device device)
    {
        var imagesOf = new Dictionary<string, List<int>>(StringComparer.Ordinal);
        for (var c = 0; c < captions.Count; c++)
        {
            if (!imagesOf.TryGetValue(captions[c], out var list))
            {
                imagesOf.Add(captions[c], list = []);
            }
            list.Add(imageOfCaption[c]);
        }
        bool[]? pairs = null;
        for (var c = 0; c < captions.Count; c++)
        {
            foreach (var image in imagesOf[captions[c]].Where(image => image != imageOfCaption[c]))
            {
                pairs ??= new bool[images * captions.Count];
                pairs[image * captions.Count + c] = true;
            }
        }
        return pairs is null ? null : tensor(pairs, [images, captions.Count], device: device);
    }

    /// <summary>For each caption's row (its image's logits): columns that are other captions of the image, or excluded for it.</summary>
    private static Tensor OwnCaptions(Tensor owner, Tensor? excluded)
    {
        var same = owner.unsqueeze(1).eq(owner.unsqueeze(0)); // [C, C]
        return excluded is null ? same : same.logical_or(excluded.index_select(0, owner));
    }

    /// <summary>
    /// Cross-entropy of each row, [rows]. Excluded columns do not exist for their row, except its label's. With smoothing e the target is
    /// (1 - e) on the label plus e / n on each of the row's n columns, the label included. With a teacher of weight w that target counts
    /// 1 - w, and the teacher's shares over the row's existing columns, <paramref name="soft"/>, count w.
    /// </summary>
    private static Tensor CrossEntropy(Tensor logits, Tensor labels, Tensor? excluded, double smoothing = 0, SoftTargets? teacher = null, Tensor? soft = null)
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
            var shares = (gone is null ? soft : soft.Replaced(gone, Never)).softmax(1);
            target = target.Times((float)(1 - teacher.Weight)).Plus((shares * logits).sum(1).Times((float)teacher.Weight));
        }
        return ((gone is null ? logits : logits.Replaced(gone, Never)).logsumexp(1) - target).MoveToOuterDisposeScope();
    }
}
