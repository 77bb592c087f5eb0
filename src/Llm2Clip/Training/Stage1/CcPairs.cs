using Llm2Clip.Randomness;

namespace Llm2Clip.Training.Stage1;

/// <summary>What a step trains on. Rows: queries, then positives (row i of both of one image), then hard negatives.</summary>
/// <param name="Images">Number of queries.</param>
/// <param name="Captions">Indices of the captions into <see cref="CcImages.All"/>.</param>
/// <param name="ImageOf">Image of each row.</param>
internal sealed record CcBatch(int Images, int[] Captions, long[] ImageOf);

/// <summary>
/// Pairs of captions of one image, drawn anew each epoch. All follows from seed and epoch, whatever ran before.
/// </summary>
internal sealed class CcPairs(CcImages images, int batchSize, long seed)
{
    private readonly CcImages _images = images;
    private readonly int _batchSize = Math.Min(batchSize, images.Count);
    private readonly long _seed = seed;

    /// <summary>Steps of an epoch; what does not fill a batch waits for another epoch's order.</summary>
    public int PerEpoch => _images.Count / _batchSize;

    /// <summary>
    /// The batches of an epoch. <paramref name="negatives"/> gives the hard negatives of an image (caption indices), or null.
    /// </summary>
    public IEnumerable<CcBatch> Epoch(int epoch, Func<int, ReadOnlySpan<int>>? negatives)
    {
        var random = SeededRandom.For(_seed, 1, epoch);
        var order = Enumerable.Range(0, _images.Count).ToArray();
        random.Shuffle(order);
        for (var start = 0; start + _batchSize <= order.Length; start += _batchSize)
        {
            yield return Batch(order.AsSpan(start, _batchSize), ref random, negatives);
        }
    }

    private CcBatch Batch(ReadOnlySpan<int> images, ref SeededRandom random, Func<int, ReadOnlySpan<int>>? negatives)
    {
        var count = images.Length;
        var captions = new List<int>(new int[2 * count]);
        var imageOf = new List<long>(new long[2 * count]);
        for (var i = 0; i < count; i++)
        {
            var (first, size) = _images.RangeOf(images[i]);
            var query = random.NextInt32(size);
            var positive = random.NextInt32(size - 1);
            captions[i] = first + query;
            captions[count + i] = first + positive + (positive >= query ? 1 : 0);
            imageOf[i] = imageOf[count + i] = images[i];
        }
        if (negatives is not null)
        {
            foreach (var image in images)
            {
                foreach (var caption in negatives(image))
                {
                    captions.Add(caption);
                    imageOf.Add(_images.ImageOf(caption));
                }
            }
        }
        return new CcBatch(count, [.. captions], [.. imageOf]);
    }
}
