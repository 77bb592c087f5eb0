using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Llm2Clip.Evaluation;

/// <summary>
/// Ranks from images to captions, out of the score rows of the other direction: a score is the same number both ways
/// (<see cref="ScoreKernel"/>), so that one pass over all pairs serves both. Of each image it keeps the best score of its own captions and
/// a count, never a column.
/// </summary>
internal sealed class ReverseRanks : IDisposable
{
    private readonly IReadOnlyList<int> _imageOfText;
    private readonly float[] _best;
    private readonly ThreadLocal<int[]> _counts;

    /// <summary>Scores every caption against its own image.</summary>
    public ReverseRanks(VectorSet images, VectorSet texts, IReadOnlyList<int> imageOfText)
    {
        _imageOfText = imageOfText;
        _best = new float[images.Count];
        Array.Fill(_best, float.NegativeInfinity);
        _counts = new ThreadLocal<int[]>(() => new int[images.Count], trackAllValues: true);
        for (var text = 0; text < texts.Count; text++)
        {
            var image = imageOfText[text];
            _best[image] = Math.Max(_best[image], ScoreKernel.Dot(texts[text], images[image]));
        }
    }

    /// <summary>
    /// Counts, for every image, whether this caption beats the image's own; to be called once per caption, from any thread.
    /// </summary>
    public void Add(int text, ReadOnlySpan<float> scores)
    {
        var counts = _counts.Value!;
        ref var count = ref MemoryMarshal.GetArrayDataReference(counts);
        ref var best = ref MemoryMarshal.GetArrayDataReference(_best);
        ref var score = ref MemoryMarshal.GetReference(scores);
        var i = 0;
        for (; i + Vector512<int>.Count <= counts.Length; i += Vector512<int>.Count)
        {
            // A lane where it holds is all ones, which is -1.
            var (its, bests) = (Vector512.LoadUnsafe(ref score, (nuint)i), Vector512.LoadUnsafe(ref best, (nuint)i));
            var beats = Vector512.GreaterThanOrEqual(its, bests).AsInt32();
            (Vector512.LoadUnsafe(ref count, (nuint)i) - beats).StoreUnsafe(ref count, (nuint)i);
        }
        for (; i < counts.Length; i++)
        {
            counts[i] += scores[i] >= _best[i] ? 1 : 0;
        }
        var own = _imageOfText[text];
        counts[own] -= scores[own] >= _best[own] ? 1 : 0;
    }

    /// <summary>Rank of the best own caption of each of these images, after every caption was added.</summary>
    public int[] Of(IEnumerable<int> images)
    {
        var ofThreads = _counts.Values;
        return [.. images.Select(image => 1 + ofThreads.Sum(counts => counts[image]))];
    }

    public void Dispose() => _counts.Dispose();
}
