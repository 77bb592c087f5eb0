using FsCheck;
using FsCheck.Fluent;
using Llm2Clip.Evaluation;

namespace Llm2Clip.Tests.Evaluation;

public class QuerybankTests
{
    private const int Dimension = 5;

    /// <summary>Equations 5 and 6 of the paper in plain loops over double.</summary>
    [Theory]
    [InlineData(1, 3, 4, 10)]
    [InlineData(2, 300, 70, 10)] // candidates beyond a tile, a bank beyond a block
    [InlineData(3, 513, 129, 20)]
    [InlineData(4, 40, 500, 100)]
    public void RanksEqualThoseOfTheLoops(int seed, int candidates, int bankSize, double beta)
    {
        var random = new Random(seed);
        var (images, bank, texts) = (Set(random, candidates), Set(random, bankSize), Set(random, 90));
        var own = Enumerable.Range(0, texts.Count).Select(_ => random.Next(candidates)).ToArray();
        var querybank = Querybank.Of(bank, images, beta);
        var found = Retrieval.Score(images, texts, own, bank: querybank);

        var active = Enumerable.Range(0, bankSize).Select(b => Best(c => Cosine(bank[b], images[c]), candidates)).ToHashSet();
        Assert.Equal(active.Count, querybank.Found);
        var normalized = 0;
        for (var q = 0; q < texts.Count; q++)
        {
            double Score(int c) => Cosine(texts[q], images[c]);
            Func<int, double> score = Score;
            if (active.Contains(Best(Score, candidates)))
            {
                normalized++;
                score = c =>
                    Math.Exp(beta * Score(c)) / Enumerable.Range(0, bankSize).Sum(b => Math.Exp(beta * Cosine(bank[b], images[c])));
            }
            var least = score(own[q]);
            var rank = 1 + Enumerable.Range(0, candidates).Count(c => c != own[q] && score(c) >= least);
            // Random directions in double have no ties; where two scores differ by less than fp32 tells apart, the rank may be one off.
            var close = Enumerable.Range(0, candidates).Count(c => c != own[q] && Math.Abs(Math.Log(score(c) / least)) < 1e-5 * beta);
            Assert.InRange(found.TextToImageRanks[q], rank - close, rank + close);
        }
        Assert.InRange(normalized, 1, texts.Count);
        // The other direction has no bank.
        Assert.Equal(Retrieval.Score(images, texts, own).ImageToTextRanks, found.ImageToTextRanks);
    }

    [Fact]
    public void AHubThatTheBankFindsLosesItsPlace()
    {
        // The hub is near to every query; each query's own image is a little farther away. The bank's queries all find the hub.
        float[] hub = [1, 1, 1, 0, 0];
        float[] images = [.. hub, 1, 0, 0, 0.75f, 0, 0, 1, 0, 0.75f, 0];
        float[] queries = [1, 0.3f, 0.3f, 0, 0, 0.3f, 1, 0.3f, 0, 0];
        var (candidates, texts) = (new VectorSet(images, Dimension), new VectorSet(queries, Dimension));
        var plain = Retrieval.Score(candidates, texts, [1, 2]);
        Assert.Equal([2, 2], plain.TextToImageRanks);
        var bank = new VectorSet([1, 1, 0.9f, 0, 0, 0.9f, 1, 1, 0, 0, 1, 0.9f, 1, 0, 0], Dimension);
        Assert.Equal([1, 1], Retrieval.Score(candidates, texts, [1, 2], bank: Querybank.Of(bank, candidates, 10)).TextToImageRanks);
    }

    [Fact]
    public void AQueryWhoseBestCandidateTheBankNeverFindsKeepsItsScores()
    {
        var candidates = new VectorSet([1, 0, 0, 0, 0, 0, 1, 0, 0, 0], Dimension);
        var querybank = Querybank.Of(new VectorSet([1, 0.1f, 0, 0, 0], Dimension), candidates, 10);
        Assert.Equal((1, 1), (querybank.Size, querybank.Found));
        float[] kept = [0.2f, 0.9f];
        querybank.Normalize(kept);
        Assert.Equal([0.2f, 0.9f], kept);
        float[] changed = [0.9f, 0.2f];
        querybank.Normalize(changed);
        var scale = Math.Sqrt(1.01);
        Assert.Equal(9 - 10 / scale, changed[0], 1e-5);
        Assert.Equal(2 - 1 / scale, changed[1], 1e-5);
    }

    /// <summary>What a bank does to a query does not depend on the bank's order, nor on how many threads it was read with.</summary>
    [Fact]
    public void TheOrderOfTheBankDoesNotMatter() => Prop.ForAll(
        Gen.Choose(0, 1 << 20).ToArbitrary(), seed =>
        {
            var random = new Random(seed);
            var candidates = Set(random, random.Next(1, 600));
            var rows = Enumerable.Range(0, random.Next(1, 200)).Select(_ => Numbers(random)).ToArray();
            var scores = Enumerable.Range(0, candidates.Count).Select(_ => random.NextSingle()).ToArray();
            var other = scores.ToArray();
            Querybank.Of(new VectorSet([.. rows.SelectMany(row => row)], Dimension), candidates, 10).Normalize(scores);
            random.Shuffle(rows);
            Querybank.Of(new VectorSet([.. rows.SelectMany(row => row)], Dimension), candidates, 10).Normalize(other);
            return scores.Zip(other).All(pair => Math.Abs(pair.First - pair.Second) < 1e-5);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void WhatDoesNotFitIsRefused()
    {
        var random = new Random(1);
        var candidates = Set(random, 3);
        Assert.Throws<ArgumentException>(() => Querybank.Of(new VectorSet([], Dimension), candidates, 10));
        Assert.Throws<ArgumentException>(() => Querybank.Of(new VectorSet([1, 0], 2), candidates, 10));
        Assert.Throws<ArgumentException>(() => Querybank.Of(Set(random, 2), candidates, 0));
        Assert.Throws<ArgumentException>(() => Querybank.Of(Set(random, 2), candidates, 501));
        Assert.Throws<ArgumentException>(() => Querybank.Of(Set(random, 2), candidates, 10).Normalize(new float[2]));
    }

    private static int Best(Func<int, double> score, int candidates) => Enumerable.Range(0, candidates).MaxBy(score);

    private static double Cosine(ReadOnlySpan<float> x, ReadOnlySpan<float> y)
    {
        var sum = 0.0;
        for (var i = 0; i < x.Length; i++)
        {
            sum += (double)x[i] * y[i];
        }
        return sum;
    }

    private static VectorSet Set(Random random, int count) =>
        new([.. Enumerable.Range(0, count).SelectMany(_ => Numbers(random))], Dimension);

    private static float[] Numbers(Random random) => [.. Enumerable.Range(0, Dimension).Select(_ => random.NextSingle() - 0.4f)];
}
