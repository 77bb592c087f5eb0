using Llm2Clip.Layers;
using Llm2Clip.Randomness;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Training.Stage1;

/// <summary>
/// For each picture the captions of other pictures that lie nearest to one of its own captions by the vectors of now. Captions worded alike are
/// no negatives. One caption of each picture asks; all, or a sample where they are too many, are candidates.
/// </summary>
internal sealed class HardNegatives
{
    private const int Block = 512;

    private readonly int[] _found; // [pictures, count]; -1 where there were too few.
    private readonly int _count;

    private HardNegatives(int[] found, int count) => (_found, _count) = (found, count);

    /// <summary>
    /// The table of a checkpoint: indices [pictures, count] below <paramref name="captions"/>, -1 where there were too few. Null where one is no caption's.
    /// </summary>
    public static HardNegatives? FromTable(Tensor table, int captions)
    {
        var found = table.data<int>().ToArray();
        return Array.TrueForAll(found, caption => caption >= -1 && caption < captions) ? new(found, (int)table.shape[1]) : null;
    }

    /// <summary>The table for a checkpoint, int32 [pictures, count]; the caller disposes it.</summary>
    public Tensor ToTable() => tensor(_found, [_found.Length / _count, _count]);

    /// <summary>Caption indices for a picture.</summary>
    public ReadOnlySpan<int> Of(int picture)
    {
        var row = _found.AsSpan(picture * _count, _count);
        var end = row.IndexOf(-1);
        return end < 0 ? row : row[..end];
    }

    /// <summary>
    /// Searches. <paramref name="embed"/> gives the current vectors of captions [n, D] without graph.
    /// </summary>
    public static HardNegatives Mine(CcPictures pictures, int count, int poolSize, ulong seed, Func<int[], Tensor> embed, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var random = new SeededRandom(seed);
        var pool = Pool(pictures.Captions, poolSize, ref random);
        var candidates = EmbedAll(pool, embed); // [pool, D]
        var found = new int[pictures.Count * count];
        Array.Fill(found, -1);
        var most = (int)Math.Min(pool.Length, (count * 2) + 16); // Own and equally worded captions are skipped among these.
        for (var start = 0; start < pictures.Count; start += Block)
        {
            cancellation.ThrowIfCancellationRequested();
            using var inner = NewDisposeScope();
            var asking = new int[Math.Min(Block, pictures.Count - start)];
            for (var i = 0; i < asking.Length; i++)
            {
                var (first, size) = pictures.RangeOf(start + i);
                asking[i] = first + random.NextInt32(size);
            }
            var (_, nearest) = embed(asking).Normalize().matmul(candidates.t()).topk(most); // [block, most]
            var order = nearest.cpu().data<long>().ToArray();
            for (var i = 0; i < asking.Length; i++)
            {
                Keep(pictures, start + i, pool, order.AsSpan(i * most, most), found.AsSpan((start + i) * count, count));
            }
        }
        return new HardNegatives(found, count);
    }

    private static void Keep(CcPictures pictures, int picture, int[] pool, ReadOnlySpan<long> nearest, Span<int> into)
    {
        var kept = 0;
        foreach (var position in nearest)
        {
            var caption = pool[position];
            if (kept < into.Length && pictures.PictureOf(caption) != picture && !WordedLikeOwn(pictures, picture, pictures.All[caption].Wording))
            {
                into[kept++] = caption;
            }
        }
    }

    private static bool WordedLikeOwn(CcPictures pictures, int picture, long wording)
    {
        foreach (var own in pictures[picture])
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
