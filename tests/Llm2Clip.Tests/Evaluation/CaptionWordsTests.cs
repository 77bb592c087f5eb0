using Llm2Clip.Data;
using Llm2Clip.Data.Inspection;
using Llm2Clip.Evaluation;
using Llm2Clip.Images;

namespace Llm2Clip.Tests.Evaluation;

/// <summary>Recall against the length of captions.</summary>
public sealed class CaptionWordsTests
{
    [Theory]
    [InlineData("Two dogs, brown, run.", 2, "Two dogs,")]
    [InlineData("Two dogs, brown, run.", 4, "Two dogs, brown, run.")]
    [InlineData("  Two   dogs", 1, "  Two")]
    [InlineData("well-known, isn't it", 2, "well-known, isn't")]
    [InlineData("a dog (brown) - and a cat", 2, "a dog")]
    [InlineData("a dog (brown) - and a cat", 3, "a dog (brown) -")]
    [InlineData("\"Go\" said he", 1, "\"Go\"")]
    [InlineData("一只狗在跑。两只猫", 5, "一只狗在跑。")]
    [InlineData("两只 iPhone 手机", 4, "两只 iPhone 手")]
    [InlineData("𠮷野家で", 2, "𠮷野")]
    [InlineData("カメラを", 2, "カメ")]
    [InlineData("", 3, "")]
    public void ACaptionIsCutBehindAWord(string text, int words, string expected)
    {
        var cut = CaptionText.Cut(text, words);
        Assert.Equal(expected, cut);
        Assert.Equal(Math.Min(words, CaptionText.Words(text).Words), CaptionText.Words(cut).Words);
    }

    /// <summary>The second word tells the image, so that one word finds nothing for certain and two find all.</summary>
    [Fact]
    public void RecallIsTakenAtEachLength()
    {
        List<Sample> samples =
        [
            .. Enumerable.Range(0, 4).Select(i => new Sample(
                $"{i}", $"{i}", [new Caption($"image {i} {(i == 0 ? "" : "indeed")}", "en", CaptionKind.Short)], new NoImage())),
        ];
        float[] Axis(int i) => [.. Enumerable.Range(0, 4).Select(axis => axis == i ? 1f : 0f)];
        var evaluation = new RetrievalEvaluation(
            EncodedImages.Of(samples, [.. Enumerable.Range(0, 4).SelectMany(Axis)], new DecodeOptions()),
            new RetrievalConfig { CaptionWords = [2, 1, 2, 5], ShownQueries = 0 },
            (texts, _, _) =>
                [.. texts.SelectMany(text => text.Split(' ') is [_, var number, ..] ? Axis(int.Parse(number)) : [1f, 1, 1, 1])]);
        var (rows, _) = evaluation.Run(_ => false);
        Assert.Equal(1, rows.Single().TextToImage.RecallAt1);
        Assert.Equal([1, 2, 5], evaluation.Lengths.Select(row => row.Words));
        Assert.Equal([0.0, 1, 1], evaluation.Lengths.Select(row => row.TextToImage.RecallAt1)); // ties count against the query
        Assert.Equal([1, 0.75, 0], evaluation.Lengths.Select(row => row.Shortened));
    }

    private sealed class NoImage : IImageBytes
    {
        public byte[] Read() => [];
    }
}
