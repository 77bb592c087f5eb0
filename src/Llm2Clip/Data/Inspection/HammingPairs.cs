using System.Collections.Concurrent;
using System.Numerics;

namespace Llm2Clip.Data.Inspection;

/// <summary>Takes pairs of one worker; <see cref="HammingPairs"/> makes one for each.</summary>
internal interface IPairSink
{
    /// <summary>
    /// A pair of places with <paramref name="first"/> &lt; <paramref name="second"/>, and in how many bits their hashes differ.
    /// </summary>
    void Add(int first, int second, int distance);
}

/// <summary>
/// All pairs of 64-bit hashes that differ in few bits, without comparing all with all: multi-index hashing (M. Norouzi, A. Punjani, D.
/// Fleet, Fast Search in Hamming Space with Multi-Index Hashing, CVPR 2012, https://arxiv.org/abs/1307.2982). Hashes are cut into m bands
/// of 64 / m bits, with m near 64 / log2 n. Two that differ in r bits differ in r / m, rounded down, or fewer in some band (proposition
/// 2), so only those are compared that have nearly equal bands. Exact: no pair is missed. Takes 12 bytes a hash and 16 MB on top of the
/// hashes.
/// </summary>
internal static class HammingPairs
{
    private const int FewestBands = 3; // of 22 bits: a table of 4 million places
    private const int MostBands = 8;
    private const int Chunk = 1024;

    /// <summary>
    /// Gives every pair within <paramref name="radius"/> bits to a sink, once, in no order; returns the sinks of all workers.
    /// </summary>
    public static IReadOnlyList<T> Find<T>(ulong[] hashes, int radius, Func<T> newSink, int workers, CancellationToken cancellation)
        where T : IPairSink
    {
        var sinks = new ConcurrentBag<T>();
        var bands = Bands(hashes.Length, radius);
        for (var band = 0; band < bands.Length; band++)
        {
            if (bands[band].Radius < 0 || hashes.Length < 2)
            {
                continue;
            }
            var index = new BandIndex(hashes, bands[band]);
            var masks = Masks(bands[band]);
            var done = bands[..band];
            Parallel.ForEach(
                Partitioner.Create(0, hashes.Length, Chunk),
                new ParallelOptions { MaxDegreeOfParallelism = workers, CancellationToken = cancellation },
                newSink,
                (range, _, sink) =>
                {
                    for (var i = range.Item1; i < range.Item2; i++)
                    {
                        Probe(index, i, radius, masks, done, sink);
                    }
                    return sink;
                },
                sinks.Add);
        }
        return [.. sinks];
    }

    /// <summary>
    /// Compares an entry with those of greater keys, and with those behind it under its own: every pair has one entry that meets the
    /// other.
    /// </summary>
    private static void Probe<T>(BandIndex index, int entry, int radius, uint[] masks, Band[] done, T sink)
        where T : IPairSink
    {
        var hash = index.Hashes[entry];
        var key = index.Band.Key(hash);
        foreach (var mask in masks)
        {
            if ((key ^ mask) < key)
            {
                continue;
            }
            var (from, to) = index.Entries(key ^ mask);
            for (var other = mask == 0 ? entry + 1 : from; other < to; other++)
            {
                var difference = hash ^ index.Hashes[other];
                if (BitOperations.PopCount(difference) <= radius && !FoundBefore(difference, done))
                {
                    var (one, two) = (index.Places[entry], index.Places[other]);
                    sink.Add(Math.Min(one, two), Math.Max(one, two), BitOperations.PopCount(difference));
                }
            }
        }
    }

    /// <summary>Whether an earlier band has led to this pair.</summary>
    private static bool FoundBefore(ulong difference, Band[] done)
    {
        foreach (var band in done)
        {
            if (BitOperations.PopCount(band.Key(difference)) <= band.Radius)
            {
                return true;
            }
        }
        return false;
    }

    private static Band[] Bands(int count, int radius)
    {
        var m = Math.Clamp((int)Math.Round(64 / Math.Log2(Math.Max(count, 4))), FewestBands, MostBands);
        var (whole, rest) = (radius / m, radius % m);
        return [.. Enumerable.Range(0, m).Select(k => new Band(64 * k / m, 64 * (k + 1) / m - 64 * k / m, k <= rest ? whole : whole - 1))];
    }

    private static uint[] Masks(Band band) =>
        [.. Enumerable.Range(0, band.Radius + 1).SelectMany(bits => Choose(band.Bits, bits))];

    /// <summary>All numbers of <paramref name="width"/> bits of which <paramref name="bits"/> are set.</summary>
    private static IEnumerable<uint> Choose(int width, int bits) => bits == 0
        ? [0]
        : Enumerable.Range(0, width).SelectMany(top => Choose(top, bits - 1).Select(rest => rest | 1u << top));

    private readonly record struct Band(int Shift, int Bits, int Radius)
    {
        public uint Key(ulong hash) => (uint)(hash >> Shift) & ((1u << Bits) - 1);
    }

    /// <summary>
    /// Hashes in the order of one band: a counting sort. Entries of a key are side by side, and of near keys near each other.
    /// </summary>
    private sealed class BandIndex
    {
        private readonly int[] _starts;

        public BandIndex(ulong[] hashes, Band band)
        {
            Band = band;
            _starts = new int[(1 << band.Bits) + 1];
            Places = new int[hashes.Length];
            Hashes = new ulong[hashes.Length];
            foreach (var hash in hashes)
            {
                _starts[band.Key(hash)]++;
            }
            for (var key = 1; key < _starts.Length; key++)
            {
                _starts[key] += _starts[key - 1];
            }
            // So far these are ends; each moves to its start as entries are filled in, from the last backwards.
            for (var place = hashes.Length - 1; place >= 0; place--)
            {
                var entry = --_starts[band.Key(hashes[place])];
                (Places[entry], Hashes[entry]) = (place, hashes[place]);
            }
        }

        public Band Band { get; }

        /// <summary>Places of the entries in the list of hashes.</summary>
        public int[] Places { get; }

        /// <summary>Hashes of the entries.</summary>
        public ulong[] Hashes { get; }

        /// <summary>The first entry of a key, and the one behind the last.</summary>
        public (int From, int To) Entries(uint key) => (_starts[key], _starts[key + 1]);
    }
}
