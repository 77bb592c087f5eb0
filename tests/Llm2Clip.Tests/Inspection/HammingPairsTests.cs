using System.Numerics;
using Llm2Clip.Data.Inspection;

namespace Llm2Clip.Tests.Inspection;

public sealed class HammingPairsTests
{
    /// <summary>Every pair of a double loop, once, whatever the number of bands and workers.</summary>
    [Theory]
    [InlineData(0, 4, 1)]
    [InlineData(1, 4, 1)]
    [InlineData(2, 12, 2)]
    [InlineData(3000, 0, 2)]
    [InlineData(3000, 1, 1)]
    [InlineData(3000, 5, 3)]
    [InlineData(3000, 8, 2)]
    [InlineData(3000, 12, 2)]
    public void FindsWhatADoubleLoopFinds(int count, int radius, int workers)
    {
        var random = new Random(count + radius);
        // Clusters around a few hashes: pairs at every distance.
        var centers = Enumerable.Range(0, 40).Select(_ => (ulong)random.NextInt64()).ToArray();
        var hashes = Enumerable.Range(0, count)
            .Select(i => Flip(i % 3 == 0 ? (ulong)random.NextInt64() : centers[random.Next(40)], random.Next(10), random)).ToArray();
        var expected = new List<(int, int, int)>();
        for (var i = 0; i < count; i++)
        {
            for (var j = i + 1; j < count; j++)
            {
                if (BitOperations.PopCount(hashes[i] ^ hashes[j]) is var distance && distance <= radius)
                {
                    expected.Add((i, j, distance));
                }
            }
        }
        Assert.True(count < 3000 || expected.Count > 100);
        Assert.Equal(expected, Find(hashes, radius, workers));
    }

    /// <summary>Enough hashes for three bands, the fewest; random ones are never this near each other.</summary>
    [Fact]
    public void FindsPlantedPairsAmongMany()
    {
        var random = new Random(1);
        var hashes = Enumerable.Range(0, 400_000).Select(_ => ((ulong)random.NextInt64() << 1) ^ (ulong)random.NextInt64()).ToArray();
        var planted = Enumerable.Range(0, 200).Select(i => (i * 1000, i * 1000 + 1 + i, i % 6)).ToList();
        foreach (var (first, second, distance) in planted)
        {
            hashes[second] = Flip(hashes[first], distance, random);
        }
        Assert.Equal(planted, Find(hashes, 5, 2));
    }

    private static ulong Flip(ulong hash, int bits, Random random)
    {
        foreach (var bit in Enumerable.Range(0, 64).OrderBy(_ => random.Next()).Take(bits))
        {
            hash ^= 1UL << bit;
        }
        return hash;
    }

    private static List<(int, int, int)> Find(ulong[] hashes, int radius, int workers) =>
        [.. HammingPairs.Find(hashes, radius, () => new Sink(), workers, TestContext.Current.CancellationToken)
            .SelectMany(sink => sink.Pairs).Order()];

    private sealed class Sink : IPairSink
    {
        public List<(int, int, int)> Pairs { get; } = [];

        public void Add(int first, int second, int distance) => Pairs.Add((first, second, distance));
    }
}
