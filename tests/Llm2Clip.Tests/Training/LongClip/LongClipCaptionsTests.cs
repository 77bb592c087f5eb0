using System.Text.Json;
using Llm2Clip.Configuration;
using Llm2Clip.Data;
using Llm2Clip.Training.LongClip;

namespace Llm2Clip.Tests.Training.LongClip;

/// <summary>Which captions an image trains with.</summary>
public sealed class LongClipCaptionsTests
{
    /// <summary>
    /// Where there is only a long caption, the short one is its beginning, as the original cuts it. The original takes nothing where a
    /// caption begins with the stop; here the whole caption is taken.
    /// </summary>
    [Fact]
    [Trait("Category", "Golden")]
    public void TheBeginningIsTheOriginals()
    {
        using var golden = JsonDocument.Parse(File.ReadAllText(SharedData.RequireGolden("longclip", "tokenizer.json")));
        var captions = new LongClipCaptions(new LongClipConfig());
        var count = 0;
        foreach (var one in golden.RootElement.GetProperty("cases").EnumerateArray())
        {
            var text = one.GetProperty("text").GetString()!;
            var pair = captions.Pick(Of(new Caption(text, "en", CaptionKind.Long)), 0);
            Assert.Equal(text.Replace('\n', ' '), pair.Long);
            var expected = one.GetProperty("short").GetString()!;
            Assert.Equal(expected.Length > 0 ? expected : pair.Long, pair.Short);
            count++;
        }
        Assert.True(count > 0);
    }

    [Theory]
    [InlineData(@"\. ", "Mr. X waits. He reads.", "Mr")]
    [InlineData(@"(?<=[.!?]) |(?<=[。！？])", "Does he wait? He reads.", "Does he wait?")]
    [InlineData(@"(?<=[.!?]) |(?<=[。！？])", "一只狗。它在跑。", "一只狗。")]
    [InlineData(@"\. ", ". It begins with a stop.", ". It begins with a stop.")]
    [InlineData(@"\. ", "No stop within", "No stop within")]
    public void TheSplitterIsARegularExpression(string split, string text, string expected) => Assert.Equal(
        expected, new LongClipCaptions(new LongClipConfig { Split = split }).Pick(Of(new Caption(text, "en", CaptionKind.Long)), 0).Short);

    /// <summary>A short caption is of the long one's language; raw texts are neither. What is drawn follows from the pass.</summary>
    [Fact]
    public void CaptionsAreDrawnByKindAndLanguage()
    {
        var sample = Of(
            new("alt text", "en", CaptionKind.Raw), new("a dog", "en", CaptionKind.Short), new("a hound", "en", CaptionKind.Short),
            new("A dog. It runs.", "en", CaptionKind.Long), new("ein Hund", "de", CaptionKind.Short),
            new("Ein Hund. Er rennt.", "de", CaptionKind.Long), new("Un chien. Il court.", "fr", CaptionKind.Long));
        var captions = new LongClipCaptions(new LongClipConfig());
        var drawn = Enumerable.Range(0, 200).Select(pass => captions.Pick(sample, pass)).Distinct().ToHashSet();
        Assert.Equal(
            [
                new("A dog. It runs.", "a dog"), new("A dog. It runs.", "a hound"), new("Ein Hund. Er rennt.", "ein Hund"),
                new("Un chien. Il court.", "Un chien"),
            ],
            drawn.OrderBy(pair => pair.Long, StringComparer.Ordinal).ThenBy(pair => pair.Short, StringComparer.Ordinal));
        Assert.Equal(captions.Pick(sample, 7), new LongClipCaptions(new LongClipConfig()).Pick(sample, 7));
        Assert.Equal(["A dog. It runs.", "Ein Hund. Er rennt.", "Un chien. Il court."], captions.Long(sample));
        Assert.Equal(["a dog", "a hound", "ein Hund", "Un chien"], captions.Short(sample));
        var german = new LongClipCaptions(new LongClipConfig { Languages = ["de"], ShortKinds = [] });
        Assert.Equal(new("Ein Hund. Er rennt.", "Ein Hund"), german.Pick(sample, 3));
        Assert.Equal(["Ein Hund"], german.Short(sample));
        Assert.False(new LongClipCaptions(new LongClipConfig { Languages = ["zh"] }).Accepts(sample.Captions));
    }

    /// <summary>Without a splitter, an image with long captions alone has no short form.</summary>
    [Fact]
    public void WithoutASplitterShortCaptionsMustBeThere()
    {
        var captions = new LongClipCaptions(new LongClipConfig { Split = "" });
        Caption[] both = [new("A dog. It runs.", "en", CaptionKind.Long), new("a dog", "en", CaptionKind.Short)];
        Assert.True(captions.HaveShort(both));
        Assert.False(captions.HaveShort(both[..1]));
        Assert.True(new LongClipCaptions(new LongClipConfig { Split = "", ShortWeight = 0 }).HaveShort(both[..1]));
        Assert.Contains(
            "place has a long caption and no short one (longclip.short_kinds), and longclip.split is empty",
            Assert.Throws<InputException>(() => captions.Pick(Of(both[0]), 0)).Message, StringComparison.Ordinal);
    }

    /// <summary>An expression that backtracks without end on a caption is stopped, and the caption named.</summary>
    [Fact]
    public void AnExpressionWithoutEndIsStopped()
    {
        var captions = new LongClipCaptions(new LongClipConfig { Split = "(a+)+b" });
        Assert.Contains(
            "place: longclip.split takes more than 1 s",
            Assert.Throws<InputException>(() => captions.Pick(Of(new Caption(new('a', 40), "en", CaptionKind.Long)), 0)).Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("batch_size: 33", "longclip.pcm.k is 32, which are all directions that 33 images (longclip.batch_size) have")]
    [InlineData("batch_size: 64\n  pcm: {scope: rank, rank_size: 32}", "32 images (rank_size) have")]
    [InlineData("batch_size: 100\n  pcm: {scope: rank, rank_size: 64}", "longclip.pcm.rank_size is 64, which does not divide longclip.batch_size, 100")]
    [InlineData("image_blocks: 0\n  text_blocks: 0", "longclip.text_blocks is 0 and so is image_blocks, so that nothing would train")]
    [InlineData("image_blocks: 0\n  drop_path: 0.1", "longclip.drop_path is above 0, but image_blocks 0 locks the image tower")]
    [InlineData("text_blocks: 0\n  text_drop_path: 0.1", "longclip.text_drop_path is above 0, but text_blocks 0 locks the text tower")]
    [InlineData("split: '('", "longclip.split is no regular expression: ")]
    [InlineData("scale_start: 200\n  scale_limit: 100", "longclip.scale_start is 200, above scale_limit, 100")]
    [InlineData("micro_batch: 300", "longclip.micro_batch is 300, more than batch_size, 256")]
    public void SettingsThatContradictAreRefused(string yaml, string message) => Assert.Contains(
        message,
        Assert.Throws<ConfigException>(() => ConfigBinder.Parse<Llm2Clip.Pipeline.RunConfig>($"longclip:\n  {yaml}", "run.yaml")).Message,
        StringComparison.Ordinal);

    [Theory]
    [InlineData("batch_size: 34")]
    [InlineData("batch_size: 8\n  short_weight: 0")]
    [InlineData("batch_size: 8\n  pcm: {k: 0}")]
    public void SmallBatchesAreRefusedOnlyWhereSomethingIsMatched(string yaml) =>
        ConfigBinder.Parse<Llm2Clip.Pipeline.RunConfig>($"longclip:\n  {yaml}", "run.yaml");

    private static Sample Of(params Caption[] captions) => new("key", "place", captions, new NoBytes());

    private sealed class NoBytes : IImageBytes
    {
        public byte[] Read() => throw new InvalidOperationException("No image is read.");
    }
}
