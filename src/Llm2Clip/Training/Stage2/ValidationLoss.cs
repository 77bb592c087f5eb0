using Llm2Clip.Evaluation;
using Llm2Clip.Training.Losses;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Training.Stage2;

/// <summary>
/// The training's loss on held-out images: in stored order, in batches as large as a step's, as a contrastive loss grows with its batch.
/// </summary>
internal static class ValidationLoss
{
    /// <summary>
    /// The mean over whole batches; where there are fewer images than one has, of all of them. Of an image its first
    /// <paramref name="captionsPerImage"/> captions count, from the first again where it has fewer; images without a caption do not.
    /// </summary>
    /// <param name="loss">The run's loss.</param>
    /// <param name="logitScale">Natural logarithm of the factor on cosines, scalar.</param>
    /// <param name="pairs">Encoded images and captions.</param>
    /// <param name="batchSize">Images per batch.</param>
    /// <param name="captionsPerImage">Captions per image.</param>
    public static double Of(IContrastiveLoss loss, Tensor logitScale, ScoredPairs pairs, int batchSize, int captionsPerImage)
    {
        using var off = no_grad();
        var captionsOf = pairs.ImageOfText.Select((image, caption) => (image, caption)).GroupBy(one => one.image, one => one.caption)
            .OrderBy(group => group.Key).Select(group => (Image: group.Key, Captions: group.ToArray())).ToList();
        var size = Math.Min(batchSize, captionsOf.Count);
        var losses = captionsOf.Chunk(size).Where(batch => batch.Length == size).Select(batch =>
        {
            int[] captions =
            [
                .. Enumerable.Range(0, captionsPerImage)
                    .SelectMany(number => batch.Select(one => one.Captions[number % one.Captions.Length])),
            ];
            using var scope = NewDisposeScope();
            var device = logitScale.device;
            var value = loss.Of(new ContrastiveBatch(
                Rows(pairs.Images, [.. batch.Select(one => one.Image)], device),
                Rows(pairs.Texts, captions, device),
                logitScale,
                [.. captions.Select(caption => pairs.Captions[caption])],
                Teachers(pairs, captions, device)));
            return (double)value.cpu().item<float>();
        });
        return losses.Average();
    }

    private static Tensor Rows(VectorSet vectors, int[] rows, Device device)
    {
        var values = new float[rows.Length * vectors.Dimension];
        for (var i = 0; i < rows.Length; i++)
        {
            vectors[rows[i]].CopyTo(values.AsSpan(i * vectors.Dimension));
        }
        return tensor(values, [rows.Length, vectors.Dimension], device: device);
    }

    private static Tensor Teachers(ScoredPairs pairs, int[] captions, Device device)
    {
        var dimension = pairs.TeacherVectors.Length / pairs.Captions.Count;
        var values = new float[captions.Length * dimension];
        for (var i = 0; i < captions.Length; i++)
        {
            pairs.TeacherVectors.AsSpan(captions[i] * dimension, dimension).CopyTo(values.AsSpan(i * dimension));
        }
        return tensor(values, [captions.Length, dimension], device: device);
    }
}
