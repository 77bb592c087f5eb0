using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Training.Losses;

/// <summary>
/// What a contrastive loss sees of a step. I images with the same number of captions each, C in all; caption c belongs to image c modulo I,
/// so that one caption of every image is a contiguous part.
/// </summary>
/// <param name="Images">Image features, [I, D], not normalized.</param>
/// <param name="Captions">Text features, [C, D], not normalized.</param>
/// <param name="LogitScale">Natural logarithm of the factor on cosines, scalar.</param>
/// <param name="Texts">The captions' texts, C.</param>
/// <param name="TeacherVectors">The captions' teacher vectors, [C, T], not normalized.</param>
public sealed record ContrastiveBatch(Tensor Images, Tensor Captions, Tensor LogitScale, IReadOnlyList<string> Texts, Tensor TeacherVectors)
{
    /// <summary>Further negatives of all images; null for none.</summary>
    public QueuedCaptions? Queue { get; init; }

    /// <summary>
    /// Names of the images, I: those of the same name are one image, which a small data set of several may give twice. Null where all
    /// differ.
    /// </summary>
    public IReadOnlyList<string>? ImageNames { get; init; }

    /// <summary>Number of images, I.</summary>
    public int Count => (int)Images.shape[0];

    /// <summary>Captions per image.</summary>
    public int CaptionsPerImage => Texts.Count / Count;

    /// <summary>Row of each caption's image, C.</summary>
    public IReadOnlyList<int> ImageOfCaption => [.. Enumerable.Range(0, Texts.Count).Select(caption => caption % Count)];

    /// <summary>The batch with caption number <paramref name="number"/> of every image alone.</summary>
    public ContrastiveBatch WithCaption(int number) => this with
    {
        Captions = Captions.narrow(0, (long)number * Count, Count),
        Texts = [.. Texts.Skip(number * Count).Take(Count)],
        TeacherVectors = TeacherVectors.narrow(0, (long)number * Count, Count),
    };

    /// <summary>What the queued captions add to each image's softmax, [I]; null for none.</summary>
    internal Tensor? QueueSums() => Queue?.LogSums(Images, LogitScale);

    /// <summary>Pairs [I, C] that are not negatives, as texts or images are equal; see <see cref="SamePairs.IdenticalCaptions"/>.</summary>
    public Tensor? IdenticalCaptions() => SamePairs.IdenticalCaptions(Texts, ImageOfCaption, Count, Images.device, ImageNames);
}
