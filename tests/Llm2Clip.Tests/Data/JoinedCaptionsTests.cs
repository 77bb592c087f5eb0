using Llm2Clip.Data;

namespace Llm2Clip.Tests.Data;

/// <summary>Long captions made of short ones (<c>data.join_captions</c>).</summary>
public sealed class JoinedCaptionsTests
{
    [Fact]
    public void CaptionsOfALanguageBecomeOneLongCaption()
    {
        Caption[] captions =
        [
            new("A dog runs", "en", CaptionKind.Short), new(" a dog . ", "en", CaptionKind.Short), new("A dog runs", "en", CaptionKind.Raw),
            new("一只狗。", "zh", CaptionKind.Short), new("狗在跑。", "zh", CaptionKind.Short),
            new("ein Hund", "de", CaptionKind.Short),
            new("un chien", "fr", CaptionKind.Short), new("le chien", "fr", CaptionKind.Short), new("Un chien. Il court.", "fr", CaptionKind.Long),
        ];
        var joined = Read(captions);
        Assert.Equal(captions, joined.Take(captions.Length));
        Assert.Equal(
            [new("A dog runs. a dog .", "en", CaptionKind.Long), new("一只狗。 狗在跑。", "zh", CaptionKind.Long)], joined.Skip(captions.Length));
    }

    /// <summary>The key reaches every reader of a data set: a list that is opened has them, and without the key has not.</summary>
    [Fact]
    public void TheKeyAddsThemToADataSet()
    {
        var quickStart = Path.Combine(SharedData.RepositoryRoot(), "data", "quickstart", "val-*.tar");
        var own = Datasets.Open(quickStart, new DataConfig { JoinCaptions = true }, SilentLog.Instance);
        var first = Datasets.ReadAll(own, new DataConfig(), SilentLog.Instance).First().Captions;
        Assert.Equal(3, first.Count(caption => caption.Kind == CaptionKind.Long)); // those that it has, in three languages
        using var folder = new Teachers.TemporaryFolder();
        File.Copy(Path.Combine(SharedData.RepositoryRoot(), "docs", "report.webp"), folder.File("a.webp"));
        File.WriteAllText(folder.File("list.csv"), "image,caption\na.webp,a dog\na.webp,a hound\n");
        var opened = Datasets.Open(folder.File("list.csv"), new DataConfig { JoinCaptions = true }, SilentLog.Instance);
        Assert.Contains(
            new Caption("a dog. a hound.", "en", CaptionKind.Long),
            Datasets.ReadAll(opened, new DataConfig(), SilentLog.Instance).Single().Captions);
    }

    private static IReadOnlyList<Caption> Read(Caption[] captions) =>
        new JoinedCaptions(new One(new Sample("key", "place", captions, null!))).ReadShard(0, _ => { }).Single().Captions;

    private sealed class One(Sample sample) : ISampleSource
    {
        public string Description => "one";

        public int ShardCount => 1;

        public string ShardName(int shard) => "one";

        public IEnumerable<Sample> ReadShard(int shard, Action<BadSample> onBad, CancellationToken cancellation = default) => [sample];
    }
}
