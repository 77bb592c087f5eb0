using Llm2Clip.Data;

namespace Llm2Clip.Tests.Data;

public class CaptionSamplerTests
{
    private static readonly CaptionChoice[] ThreeToOne =
    [
        new() { Language = "en", Kind = CaptionKind.Short, Probability = 3 },
        new() { Language = "en", Kind = CaptionKind.Long, Probability = 1 },
        new() { Language = "zh", Probability = 0 },
    ];

    [Fact]
    public void PicksDependOnSeedEpochAndKeyAlone()
    {
        var sampler = new CaptionSampler(ThreeToOne, seed: 3);
        var picks = Enumerable.Range(0, 50).Select(epoch => sampler.Pick(Sample("k"), 2, epoch)).ToList();
        Assert.Equal(picks, Enumerable.Range(0, 50).Select(epoch => new CaptionSampler(ThreeToOne, seed: 3).Pick(Sample("k"), 2, epoch)));
        Assert.NotEqual(picks, Enumerable.Range(0, 50)
            .Select(epoch => new CaptionSampler(ThreeToOne, seed: 4).Pick(Sample("k"), 2, epoch)));
        Assert.NotEqual(picks, Enumerable.Range(0, 50).Select(epoch => sampler.Pick(Sample("other"), 2, epoch)));
    }

    [Fact]
    public void SharesFollowTheProbabilities()
    {
        var sampler = new CaptionSampler(ThreeToOne, seed: 3);
        const int draws = 4000;
        var picks = Enumerable.Range(0, draws).Select(epoch => Assert.Single(sampler.Pick(Sample("k"), 1, epoch))).ToList();
        Assert.DoesNotContain(picks, caption => caption.Language == "zh");
        Assert.InRange(picks.Count(caption => caption.Kind == CaptionKind.Long) / (double)draws, 0.22, 0.28);
        foreach (var text in new[] { "a", "b", "c" })
        {
            Assert.InRange(picks.Count(caption => caption.Text == text) / (double)draws, 0.22, 0.28);
        }
    }

    [Fact]
    public void CaptionsAreDifferentUntilNoneIsLeft()
    {
        var sampler = new CaptionSampler(ThreeToOne, seed: 3);
        for (var epoch = 0; epoch < 20; epoch++)
        {
            Assert.Equal(["a", "b", "c", "d"], sampler.Pick(Sample("k"), 4, epoch).Select(caption => caption.Text).Order());
            Assert.Equal([2, 2, 2, 2], sampler.Pick(Sample("k"), 8, epoch).GroupBy(caption => caption.Text).Select(group => group.Count()));
        }
    }

    [Fact]
    public void AMissingKindLeavesItsShareToTheOthers()
    {
        var sampler = new CaptionSampler(ThreeToOne, seed: 3);
        var onlyLong = new Sample("k", "o", [new("d", "en", CaptionKind.Long)], null!);
        Assert.Equal("d", Assert.Single(sampler.Pick(onlyLong, 1, 0)).Text);
        var onlyChinese = new Sample("k", "o", [new("z", "zh", CaptionKind.Short)], null!);
        Assert.Empty(sampler.Pick(onlyChinese, 1, 0));
        Assert.True(sampler.Accepts(onlyLong));
        Assert.False(sampler.Accepts(onlyChinese));
    }

    /// <summary>
    /// Of an image with three short captions, a long one and one in Chinese, a quarter of the English draws are long, whatever the other
    /// kinds; where it has none of a kind, the others take all.
    /// </summary>
    [Fact]
    public void ALongShareSplitsChoicesWithoutAKind()
    {
        var sampler = new CaptionSampler([new CaptionChoice { Language = "en" }], seed: 3, longShare: 0.25);
        const int draws = 4000;
        var image = Sample("k") with { Captions = [.. Sample("k").Captions, new("e", "en", CaptionKind.Raw)] };
        var picks = Enumerable.Range(0, draws).Select(epoch => Assert.Single(sampler.Pick(image, 1, epoch)).Text).ToList();
        Assert.InRange(picks.Count(text => text == "d") / (double)draws, 0.22, 0.28); // 0.25 +- 4 standard errors
        Assert.InRange(picks.Count(text => text == "e") / (double)draws, 0.16, 0.215); // a quarter of what is left
        var onlyLong = new Sample("k", "o", [new("d", "en", CaptionKind.Long)], null!);
        Assert.Equal("d", Assert.Single(sampler.Pick(onlyLong, 1, 0)).Text);
        var never = new CaptionSampler([new CaptionChoice()], seed: 3, longShare: 0);
        Assert.False(never.Accepts(onlyLong));
    }

    [Fact]
    public void ImpossibleChoicesAreRefused()
    {
        Assert.Throws<ConfigException>(() => new CaptionSampler([], 0));
        Assert.Throws<ConfigException>(() => new CaptionSampler([new CaptionChoice { Probability = -1 }], 0));
    }

    private static Sample Sample(string key) => new(key, "origin",
    [
        new("a", "en", CaptionKind.Short), new("b", "en", CaptionKind.Short), new("c", "en", CaptionKind.Short),
        new("d", "en", CaptionKind.Long), new("z", "zh", CaptionKind.Short),
    ], null!);
}
