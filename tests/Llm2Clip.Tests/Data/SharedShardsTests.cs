using Llm2Clip.Data;
using Llm2Clip.Images;

namespace Llm2Clip.Tests.Data;

/// <summary>The real shards, where they are at hand (counts from <c>shared/data/README.md</c>).</summary>
public sealed class SharedShardsTests : IDisposable
{
    private readonly DataFolder _log = new();

    public void Dispose() => _log.Dispose();

    [Theory]
    [InlineData("train-{00000..00011}.tar", 6000)]
    [InlineData("val-*.tar", 1000)]
    public void EverySampleAndCaptionIsRead(string pattern, int count)
    {
        var samples = Read(pattern);
        Assert.Equal(count, samples.Count);
        Assert.Equal(count, samples.Select(sample => sample.Key).Distinct().Count());
        foreach (var sample in samples)
        {
            var languages = sample.Captions.GroupBy(caption => caption.Language).ToDictionary(group => group.Key, group => group.Count());
            Assert.Equal(5, languages["en"]);
            Assert.Equal(5, languages["zh"]);
            Assert.Equal(5, languages["zh-mt"]);
            Assert.All(["de", "fr"], language => Assert.Equal(1, languages.GetValueOrDefault(language, 1)));
        }
        Assert.DoesNotContain(_log.Lines, line => line.StartsWith("warning", StringComparison.Ordinal));
    }

    [Fact]
    public void ImagesAreWhereTheIndexSays()
    {
        foreach (var sample in Read("val-*.tar").Where((_, index) => index % 50 == 0))
        {
            var image = ImageCodec.Decode(sample.Image.Read(), sample.Origin);
            Assert.Equal((224, 224), (image.Width, image.Height));
        }
    }

    private List<Sample> Read(string pattern)
    {
        var config = new DataConfig();
        var full = Path.Combine(SharedData.RequireShared("data", "flickr8k"), "flickr8k-" + pattern);
        return [.. Datasets.ReadAll(Datasets.Open(full, config, _log), config, _log)];
    }
}
