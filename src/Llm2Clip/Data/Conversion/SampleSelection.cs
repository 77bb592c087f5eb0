using System.Buffers.Binary;
using System.IO.Hashing;
using System.Runtime.InteropServices;

namespace Llm2Clip.Data.Conversion;

/// <summary>
/// Which samples of the source are written, and to which part. The answer for a sample depends on nothing that was asked before.
/// </summary>
internal abstract class SampleSelection
{
    /// <summary>Whether a sample is written; asked before its image is read.</summary>
    public virtual bool Takes(Sample sample, SourcePosition at) => true;

    /// <summary>The part that an image goes to.</summary>
    public virtual int PartOf(ReadOnlySpan<byte> image) => 0;
}

/// <summary>Every sample, into one part.</summary>
internal sealed class EverySample : SampleSelection;

/// <summary>
/// Parts by the hash of seed and image: equal images go to one part whatever their keys, and adding data moves no image to another part.
/// Shares are therefore met on average, not exactly.
/// </summary>
internal sealed class SplitByImage(IReadOnlyList<double> shares, long seed) : SampleSelection
{
    public override int PartOf(ReadOnlySpan<byte> image)
    {
        Span<byte> hash = stackalloc byte[24];
        XxHash128.Hash(image, hash);
        BinaryPrimitives.WriteInt64LittleEndian(hash[16..], seed);
        var left = (XxHash3.HashToUInt64(hash) >> 11) * (1.0 / (1UL << 53));
        var part = 0;
        while (part < shares.Count - 1 && left >= shares[part])
        {
            left -= shares[part++];
        }
        return part;
    }
}

/// <summary>
/// A number of samples, each set of them equally likely: those with the smallest hashes of seed and key. Equal keys come in the order of
/// the source.
/// </summary>
internal sealed class SampleDraw : SampleSelection
{
    private readonly long _seed;
    private readonly (ulong Hash, int Shard, int Sample) _last;

    private SampleDraw(long seed, (ulong Hash, int Shard, int Sample) last) => (_seed, _last) = (seed, last);

    /// <summary>Goes once through <paramref name="samples"/>, keeping <paramref name="count"/> hashes in memory.</summary>
    public static SampleDraw Of(IEnumerable<(Sample Sample, SourcePosition At)> samples, int count, long seed)
    {
        // The largest of them leaves first.
        var smallest = new PriorityQueue<ValueTuple, (ulong, int, int)>(Comparer<(ulong, int, int)>.Create((a, b) => b.CompareTo(a)));
        foreach (var (sample, at) in samples)
        {
            var rank = Rank(sample, at, seed);
            if (smallest.Count < count)
            {
                smallest.Enqueue(default, rank);
            }
            else
            {
                smallest.EnqueueDequeue(default, rank);
            }
        }
        return new SampleDraw(seed, smallest.TryPeek(out _, out var last) ? last : default);
    }

    public override bool Takes(Sample sample, SourcePosition at) => Rank(sample, at, _seed).CompareTo(_last) <= 0;

    private static (ulong Hash, int Shard, int Sample) Rank(Sample sample, SourcePosition at, long seed) =>
        (XxHash3.HashToUInt64(MemoryMarshal.AsBytes(sample.Key.AsSpan()), seed), at.Shard, at.Sample);
}
