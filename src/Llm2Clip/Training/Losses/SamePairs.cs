using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Training.Losses;

/// <summary>Pairs that are never negatives of each other, because they show the same image or have the same wording.</summary>
internal static class SamePairs
{
    /// <summary>
    /// Pairs [Q, Q + M] that show the same image or have the same caption, for <see cref="CaptionContrastiveLoss"/>. Images and captions
    /// are given as numbers; those of hard negatives follow those of the positives.
    /// </summary>
    public static Tensor SameSource(
        ReadOnlySpan<long> queryImages, ReadOnlySpan<long> queryCaptions, ReadOnlySpan<long> columnImages,
        ReadOnlySpan<long> columnCaptions, Device device)
    {
        using var scope = NewDisposeScope();
        Tensor Equal(ReadOnlySpan<long> rows, ReadOnlySpan<long> columns) =>
            tensor(rows.ToArray(), device: device).unsqueeze(1).eq(tensor(columns.ToArray(), device: device).unsqueeze(0));
        return Equal(queryImages, columnImages).logical_or(Equal(queryCaptions, columnCaptions)).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Pairs [I, C] where the caption has the text of one of the image's own, or belongs to an image of the same name; null where there
    /// are none besides the own pairs.
    /// </summary>
    public static Tensor? IdenticalCaptions(
        IReadOnlyList<string> captions, IReadOnlyList<int> imageOfCaption, int images, Device device, IReadOnlyList<string>? names = null)
    {
        var imagesOf = captions.Select((text, caption) => (text, image: imageOfCaption[caption]))
            .ToLookup(own => own.text, own => own.image, StringComparer.Ordinal);
        var sameName = names?.Select((name, image) => (name, image)).ToLookup(one => one.name, one => one.image, StringComparer.Ordinal);
        bool[]? pairs = null;
        for (var c = 0; c < captions.Count; c++)
        {
            var own = imageOfCaption[c];
            var same = sameName is null ? [] : sameName[names![own]];
            foreach (var image in imagesOf[captions[c]].Concat(same).Where(image => image != own))
            {
                pairs ??= new bool[images * captions.Count];
                pairs[image * captions.Count + c] = true;
            }
        }
        return pairs is null ? null : tensor(pairs, [images, captions.Count], device: device);
    }
}
