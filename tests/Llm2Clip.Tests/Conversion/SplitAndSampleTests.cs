using Llm2Clip.Data;
using Llm2Clip.Data.Conversion;
using Llm2Clip.Pipeline;
using Llm2Clip.Tests.Data;

namespace Llm2Clip.Tests.Conversion;

public sealed class SplitAndSampleTests : IDisposable
{
    private readonly DataFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void PartsAreDisjointCompleteAndKeepEqualImagesTogether()
    {
        // 400 images, each under two keys.
        Write("source", Enumerable.Range(0, 800).Select(i => ($"k{i}", i % 400)));
        var split = Split("a", seed: 1);
        var (train, val) = (_folder.ReadAll("a/train"), _folder.ReadAll("a/val"));
        Assert.Equal(Enumerable.Range(0, 800).Select(i => $"k{i}").Order(), train.Concat(val).Select(sample => sample.Key).Order());
        Assert.Empty(train.Select(Image).Intersect(val.Select(Image)));
        Assert.Equal([("train", train.Count), ("val", val.Count)], split.Parts.Select(part => (part.Name, (int)part.Images)));
        // 400 draws at 0.25: five standard deviations are 43.
        Assert.InRange(val.Count / 2, 57, 143);
        Assert.Equal(train.Select(Key), train.Select(Key).Order()); // The order of the source.

        Split("again", seed: 1);
        Assert.Equal(ConversionCase.Files(_folder["a"]), ConversionCase.Files(_folder["again"]));
        Split("other", seed: 2);
        Assert.NotEqual(val.Select(Key), _folder.ReadAll("other/val").Select(Key));
    }

    [Fact]
    public void AddingDataMovesNothing()
    {
        Write("source", Enumerable.Range(0, 100).Select(i => ($"k{i}", i)));
        Split("a", seed: 3);
        Directory.Delete(_folder["source"], recursive: true);
        Write("source", Enumerable.Range(1000, 50).Concat(Enumerable.Range(0, 100)).Select(i => ($"other{i}", i)));
        Split("b", seed: 3);
        Assert.Subset(_folder.ReadAll("b/val").Select(Image).ToHashSet(), _folder.ReadAll("a/val").Select(Image).ToHashSet());
        Assert.Subset(_folder.ReadAll("b/train").Select(Image).ToHashSet(), _folder.ReadAll("a/train").Select(Image).ToHashSet());
    }

    [Theory]
    [InlineData("train", 0.9, "val", 0.2, "convert.parts add up to 1.1")]
    [InlineData("train", 1.5, "val", -0.5, "convert.parts has 'val=-0.5'")]
    [InlineData("../up", 0.5, "val", 0.5, "convert.parts has '../up=0.5'")]
    public void BadPartsAreRefused(string first, double share, string second, double other, string message)
    {
        var config = new ConvertConfig
        {
            Data = "x", To = "y", Parts = new Dictionary<string,
            double>
            { [first] = share, [second] = other }
        };
        Assert.StartsWith(message, Assert.Throws<ConfigException>(() =>
            DataConvert.Split(new RunConfig { Convert = config, Data = new DataConfig() }, _folder, CancellationToken.None)).Message);
    }

    [Fact]
    public void SamplesHaveTheirNumberAndTheOrderOfTheSource()
    {
        Write("source", Enumerable.Range(0, 500).Select(i => ($"k{i:D4}", i)));
        var drawn = Draw("a", 120, seed: 1);
        Assert.Equal(120, drawn.Distinct().Count());
        Assert.Equal(drawn, drawn.Order());
        Assert.Equal(drawn, Draw("again", 120, seed: 1));
        Assert.NotEqual(drawn, Draw("other", 120, seed: 2));
        // The draw of fewer is part of the draw of more, and it does not ask how the data is cut into shards.
        Assert.Subset(drawn.ToHashSet(), Draw("fewer", 60, seed: 1).ToHashSet());
        Assert.Equal(500, Draw("all", 1000, seed: 1).Count);
        Assert.Contains(_folder.Lines, line => line.Contains("1,000 images were asked for, 500 written"));
    }

    [Fact]
    public void EverySampleIsDrawnAboutEquallyOften()
    {
        var samples = Enumerable.Range(0, 60).Select(i => (Sample: ListedSource.Sample(i), At: new SourcePosition(0, i, 0, 0, 0))).ToList();
        var times = new int[samples.Count];
        const int Draws = 2000;
        for (var seed = 0; seed < Draws; seed++)
        {
            var draw = SampleDraw.Of(samples, 15, seed);
            var taken = samples.Where(item => draw.Takes(item.Sample, item.At)).ToList();
            Assert.Equal(15, taken.Count);
            taken.ForEach(item => times[item.At.Sample]++);
        }
        // Binomial (2000, 0.25): five standard deviations are 97.
        Assert.All(times, count => Assert.InRange(count, Draws / 4 - 97, Draws / 4 + 97));
    }

    [Fact]
    public void EqualKeysStillGiveTheExactNumber()
    {
        var samples = Enumerable.Range(0, 40)
            .Select(i => (ListedSource.Sample(i) with { Key = $"k{i % 4}" }, new SourcePosition(i / 8, i % 8, 0, 0, 0))).ToList();
        for (var count = 1; count <= 40; count++)
        {
            var draw = SampleDraw.Of(samples, count, 5);
            Assert.Equal(count, samples.Count(item => draw.Takes(item.Item1, item.Item2)));
        }
    }

    [Fact]
    public void ACountIsAskedFor() => Assert.StartsWith(
        "convert.count is 0", Assert.Throws<ConfigException>(() =>
            DataConvert.Sample(new RunConfig { Convert = new ConvertConfig { Data = "x", To = "y" }, Data = new DataConfig() }, _folder,
            CancellationToken.None)).Message);

    private void Write(string to, IEnumerable<(string Key, int Image)> samples) => ConversionCase.Convert(
        _folder,
        new ListedSource([[.. samples.Select(s =>
            new Sample(s.Key, s.Key, [new Caption(s.Key, "en", CaptionKind.Short)],
            new MemoryImage(BitConverter.GetBytes(s.Image + 1))))]]),
        to, DatasetFormat.Webdataset, 64);

    private ConversionResult Split(string to, long seed) => DataConvert.Split(new RunConfig
    {
        Convert = ConversionCase.Config(_folder, to, DatasetFormat.Webdataset, 50) with
        {
            Data = _folder["source"],
            Seed = seed,
            Parts = new Dictionary<string, double> { ["val"] = 0.25, ["train"] = 0.75 },
        }, Data = new DataConfig()
    }, _folder, CancellationToken.None);

    private List<string> Draw(string to, int count, long seed)
    {
        DataConvert.Sample(new RunConfig
        {
            Convert =
            ConversionCase.Config(_folder, to, DatasetFormat.Folder, 50) with { Data = _folder["source"], Seed = seed, Count = count },
            Data = new DataConfig()
        }, _folder, CancellationToken.None);
        return [.. _folder.ReadAll(to).Select(sample => sample.Key)];
    }

    private static string Image(Sample sample) => System.Convert.ToHexString(sample.Image.Read());

    private static int Key(Sample sample) => int.Parse(sample.Key[1..]);
}
