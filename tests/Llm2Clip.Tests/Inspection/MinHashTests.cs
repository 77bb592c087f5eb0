using Llm2Clip.Data.Inspection;

namespace Llm2Clip.Tests.Inspection;

public sealed class MinHashTests
{
    [Fact]
    public void AgreementsAreByteByByte()
    {
        var one = new MinHash(0x0102030405060708, 0, ulong.MaxValue);
        Assert.Equal(24, one.Agreements(one));
        Assert.Equal(0, one.Agreements(new MinHash(~one.A, ~one.B, ~one.C)));
        Assert.Equal(21, one.Agreements(new MinHash(0x0102030405060788, 0x80, ulong.MaxValue - 0x0100)));
        Assert.Equal([0x05060708u, 0x01020304, 0, 0, uint.MaxValue, uint.MaxValue], Enumerable.Range(0, 6).Select(one.Band));
    }

    /// <summary>
    /// The share of agreements is J + (1 - J) / 256 on average (Li and König 2010, theorem 1, for sets that are small against the range).
    /// </summary>
    [Fact]
    public void AgreementsEstimateTheSimilarity()
    {
        var random = new Random(5);
        ulong[] scratch = [];
        foreach (var kept in new[] { 60, 40, 20, 0 })
        {
            var (agreements, expected) = (0.0, 0.0);
            const int Pairs = 400;
            for (var i = 0; i < Pairs; i++)
            {
                var first = Text(60);
                var second = first[..kept] + Text(60 - kept);
                agreements += MinHash.Of(first, ref scratch).Agreements(MinHash.Of(second, ref scratch)) / 24.0;
                var similarity = CaptionText.Similarity(first, second);
                expected += similarity + (1 - similarity) / 256;
            }
            // Standard error below sqrt(0.25 / 9600) = 0.005, were all agreements independent.
            Assert.Equal(expected / Pairs, agreements / Pairs, 0.03);
        }

        string Text(int length) => new([.. Enumerable.Range(0, length).Select(_ => (char)('a' + random.Next(26)))]);
    }

    [Fact]
    public void AlikeTextsAreMetOnceAndUnlikeOnesAreNot()
    {
        string[] texts =
        [
            "a brown dog runs through the deep snow in the forest",
            "two children play chess at a wooden table in the park",
            "the brown dog runs through the deep snow in the forest",
            "a red car is parked in front of an old brick building",
        ];
        ulong[] scratch = [];
        MinHash[] signatures = [.. texts.Select(text => MinHash.Of(text, ref scratch))];
        var (pairs, cut) = MinHashPairs.Find(signatures, 0.8, (_, _) => true, TestContext.Current.CancellationToken);
        Assert.Equal([(0, 2)], pairs);
        Assert.False(cut);
        Assert.Empty(MinHashPairs.Find(signatures, 0.8, (a, _) => a != 0, TestContext.Current.CancellationToken).Pairs);
    }

    [Fact]
    public void ABucketOfThousandsIsNotComparedAllWithAll()
    {
        var signatures = Enumerable.Repeat(new MinHash(1, 2, 3), MinHashPairs.MostNeighbours + 3).ToArray();
        var (pairs, cut) = MinHashPairs.Find(signatures, 0.8, (a, b) =>
            b - a == MinHashPairs.MostNeighbours || b - a == 1, TestContext.Current.CancellationToken);
        Assert.True(cut);
        Assert.Equal(pairs.Count, pairs.Distinct().Count());
        Assert.Contains(pairs, pair => pair.Second - pair.First == 1);
    }
}
