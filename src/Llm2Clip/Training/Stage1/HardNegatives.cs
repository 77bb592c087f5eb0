using Llm2Clip.Layers;
using Llm2Clip.Randomness;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Training.Stage1;

/// <summary>
/// For each image the captions of other images that are nearest to one of its own captions by the current vectors. Captions worded alike
/// are no negatives. One caption of each image asks; all, or a sample where they are too many, are candidates.
/// </summary>
internal sealed class HardNegatives
{
    private const int Block = 512;

    private readonly int[] _found; // [images, count]; -1 where there were too few.
    private readonly int _count;

    private HardNegatives(int[] found, int count) => (_found, _count) = (found, count);

    /// <summary>
    /// The table of a checkpoint: indices [images, count] below <paramref name="captions"/>, -1 where there were too few. Null where one
    /// is no caption's.
    /// </summary>
    public static HardNegatives? FromTable(Tensor table, int captions)
    {
        var found = table.data<int>().ToArray();
        return Array.TrueForAll(found, caption => caption >= -1 && caption < captions) ? new(found, (int)table.shape[1]) : null;
    }

    /// <summary>The table for a checkpoint, int32 [images, count]; the caller disposes it.</summary>
    public Tensor ToTable() => tensor(_found, [_found.Length / _count, _count]);

    /// <summary>Caption indices for an image.</summary>
    public ReadOnlySpan<int> Of(int image)
    {
        var row = _found.AsSpan(image * _count, _count);
        var end = row.IndexOf(-1);
        return end < 0 ? row : row[..end];
    }

    /// <summary>
    /// Searches. <paramref name="embed"/> gives the current vectors of captions [n, D] without graph.
    /// </summary>
    public static HardNegatives Mine(
        CcImages images, int count, int poolSize, ulong seed, Func<int[], Tensor> embed, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var random = new SeededRandom(seed);
        var pool = Pool(images.Captions, poolSize, ref random);
        var candidates = EmbedAll(pool, embed); // [pool, D]
        var found = new int[images.Count * count];
        Array.Fill(found, -1);
        var most = (int)Math.Min(pool.Length, (count * 2) + 16); // Own and equally worded captions are skipped among these.
        for (var start = 0; start < images.Count; start += Block)
        {
            cancellation.ThrowIfCancellationRequested();
            using var inner = NewDisposeScope();
            var asking = new int[Math.Min(Block, images.Count - start)];
            for (var i = 0; i < asking.Length; i++)
            {
                var (first, size) = images.RangeOf(start + i);
                asking[i] = first + random.NextInt32(size);
            }
            var (_, nearest) = embed(asking).Normalize().matmul(candidates.t()).topk(most); // [block, most]
            var order = nearest.cpu().data<long>().ToArray();
            for (var i = 0; i < asking.Length; i++)
            {
                Keep(images, start + i, pool, order.AsSpan(i * most, most), found.AsSpan((start + i) * count, count));
            }
        }
        return new HardNegatives(found, count);
    }

    private static void Keep(CcImages images, int image, int[] pool, ReadOnlySpan<long> nearest, Span<int> into)
    {
        var kept = 0;
        foreach (var position in nearest)
        {
            var caption = pool[position];
            if (kept < into.Length && images.ImageOf(caption) != image
                && !WordedLikeOwn(images, image, images.All[caption].Wording))
            {
                into[kept++] = caption;
            }
        }
    }

    private static bool WordedLikeOwn(CcImages images, int image, long wording)
    {
        foreach (var own in images[image])
        {
            if (own.Wording == wording)
            {
                return true;
            }
        }
        return false;
    }

    private static Tensor EmbedAll(int[] captions, Func<int[], Tensor> embed)
    {
        using var scope = NewDisposeScope();
        return cat([.. captions.Chunk(4096).Select(chunk => embed(chunk).Normalize())], 0).MoveToOuterDisposeScope();
    }

    private static int[] Pool(int captions, int most, ref SeededRandom random)
    {
        var all = Enumerable.Range(0, captions).ToArray();
        if (captions <= most)
        {
            return all;
        }
        random.Draw(all, most);
        return all[..most];
    }
}
