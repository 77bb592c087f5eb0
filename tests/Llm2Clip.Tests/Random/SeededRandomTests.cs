using Llm2Clip.Randomness;

namespace Llm2Clip.Tests.Randomness;

public class SeededRandomTests
{
    /// <summary>The numbers that are published for SplitMix64 (https://rosettacode.org/wiki/Pseudo-random_numbers/Splitmix64).</summary>
    [Fact]
    public void BitsAreThoseOfSplitMix64()
    {
        var random = new SeededRandom(1234567);
        ulong[] published = [6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821];
        Assert.Equal(published, Enumerable.Range(0, 5).Select(_ => random.NextBits()));
    }

    [Fact]
    public void EveryPartChangesTheSequence()
    {
        ulong[] seeds =
        [
            SeededRandom.Mix(1, 2, "k", "crop"), SeededRandom.Mix(2, 2, "k", "crop"), SeededRandom.Mix(1, 3, "k", "crop"),
            SeededRandom.Mix(1, 2, "l", "crop"), SeededRandom.Mix(1, 2, "k", "caption"), SeededRandom.Mix(1, 2, "crop", "k"),
            SeededRandom.Mix(1, 2, "k"), SeededRandom.Mix(1, 2, "k", "crop", 0),
        ];
        Assert.Equal(seeds.Length, seeds.Distinct().Count());
        var (again, first) = (SeededRandom.For(1, 2, "k", "crop"), new SeededRandom(seeds[0]));
        Assert.Equal(first.NextBits(), again.NextBits());
    }

    [Fact]
    public void WholeNumbersAreUniformBelowTheBound()
    {
        var random = new SeededRandom(3);
        var counts = new int[7];
        for (var i = 0; i < 70_000; i++)
        {
            counts[random.NextInt32(7)]++;
        }
        Assert.All(counts, count => Assert.InRange(count, 9_500, 10_500)); // five standard deviations are 463
        Assert.Throws<ArgumentOutOfRangeException>(() => random.NextInt32(0));
    }

    [Fact]
    public void SinglesDoublesAndNormalsHaveTheirMoments()
    {
        var random = new SeededRandom(4);
        const int count = 100_000;
        double single = 0, real = 0, normal = 0, squares = 0;
        for (var i = 0; i < count; i++)
        {
            single += random.NextSingle();
            real += random.Uniform(-1, 3);
            var value = random.NextGaussian();
            (normal, squares) = (normal + value, squares + (value * value));
        }
        Assert.InRange(single / count, 0.495, 0.505);
        Assert.InRange(real / count, 0.98, 1.02);
        Assert.InRange(normal / count, -0.016, 0.016);
        Assert.InRange(squares / count, 0.977, 1.023);
    }

    /// <summary>All 24 orders of four items, each as often as the others; likewise all 12 ordered pairs in front.</summary>
    [Fact]
    public void AllOrdersAreEquallyLikely()
    {
        var random = new SeededRandom(5);
        var (orders, pairs) = (new Dictionary<string, int>(), new Dictionary<string, int>());
        for (var i = 0; i < 24_000; i++)
        {
            var (items, drawn) = ("abcd".ToCharArray(), "abcd".ToCharArray());
            random.Shuffle(items.AsSpan());
            random.Draw(drawn.AsSpan(), 2);
            Assert.Equal("abcd", new string([.. drawn.Order()]));
            Count(orders, new string(items));
            Count(pairs, new string(drawn, 0, 2));
        }
        Assert.Equal((24, 12), (orders.Count, pairs.Count));
        Assert.All(orders.Values, count => Assert.InRange(count, 840, 1_160)); // five standard deviations are 155
        Assert.All(pairs.Values, count => Assert.InRange(count, 1_780, 2_220)); // and 214

        static void Count(Dictionary<string, int> counts, string order) => counts[order] = counts.GetValueOrDefault(order) + 1;
    }

    [Fact]
    public void ASplitSequenceMovesNothingElse()
    {
        var (random, other) = (new SeededRandom(6), new SeededRandom(6));
        var split = random.Split();
        _ = other.Split();
        split.NextGaussian();
        Assert.Equal(other.NextBits(), random.NextBits());
    }
}
