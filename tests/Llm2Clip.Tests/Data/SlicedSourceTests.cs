using Llm2Clip.Data;

namespace Llm2Clip.Tests.Data;

/// <summary>A part of a data set by the numbers of its records.</summary>
public sealed class SlicedSourceTests : IDisposable
{
    private readonly DataFolder _folder = new();

    public SlicedSourceTests()
    {
        _folder.Shard("a.tar", "a", 4);
        _folder.Shard("b.tar", "b", 3);
        _folder.Shard("c.tar", "c", 5);
    }

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("#:", 0, 12)]
    [InlineData("#:3", 0, 3)]
    [InlineData("#:4", 0, 4)]
    [InlineData("#2:6", 2, 6)]
    [InlineData("#4:7", 4, 7)]
    [InlineData("#5:6", 5, 6)]
    [InlineData("#6:", 6, 12)]
    [InlineData("#11:", 11, 12)]
    [InlineData("#0:12", 0, 12)]
    public void APartIsTheRecordsOfItsNumbers(string range, int from, int to)
    {
        var all = _folder.ReadAll("[abc].tar").Select(sample => sample.Key).ToList();
        var source = _folder.Open("[abc].tar" + range);
        Assert.Equal(all[from..to], Keys(source));
        // Each shard by itself, in any order.
        var byShard = Enumerable.Range(0, source.ShardCount).Reverse()
            .SelectMany(shard => source.ReadShard(shard, _ => { }).Select(sample => sample.Key).Reverse()).Reverse();
        Assert.Equal(all[from..to], byShard);
    }

    [Fact]
    public void BrokenRecordsHaveNumbersAndAreNamedInTheirOwnPartAlone()
    {
        _folder.Tar("d.tar", System.Formats.Tar.TarEntryFormat.Ustar,
            ("1.jpg", DataFolder.Image(1)), ("1.txt", DataFolder.Bytes("one")), ("2.jpg", DataFolder.Image(2)),
            ("3.jpg", DataFolder.Image(3)), ("3.json", DataFolder.Bytes("""{"captions": {"en": ["three", ""]}}""")));
        Assert.Equal(["1"], Part("#:2", out var first));
        Assert.Contains("no caption", Assert.Single(first).Reason);
        Assert.Equal(["3"], Part("#2:", out var second));
        Assert.True(Assert.Single(second).Kept);

        List<string> Part(string range, out List<BadSample> problems)
        {
            var found = new List<BadSample>();
            problems = found;
            return [.. _folder.Open("d.tar" + range).ReadShard(0, found.Add).Select(sample => sample.Key)];
        }
    }

    [Theory]
    [InlineData("[abc].tar#:13", "has 12 records, so that #:13 names some that are not there")]
    [InlineData("[abc].tar#12:", "has 12 records, so that #12: names some that are not there")]
    public void APartBeyondTheDataIsRefused(string pattern, string message) =>
        Assert.Contains(message, Assert.Throws<InputException>(() => _folder.Open(pattern)).Message);

    [Theory]
    [InlineData("a.tar#3:3", "names no record: #3:3 is FROM:TO")]
    [InlineData("a.tar#99999999999999999999:", "is too large for the number of a record")]
    public void APartThatMakesNoSenseIsRefused(string pattern, string message) =>
        Assert.Contains(message, Assert.Throws<ConfigException>(() => _folder.Open(pattern)).Message);

    [Fact]
    public void AStreamHasNoParts() => Assert.Contains(
        "names records #:3 of a stream",
        Assert.Throws<ConfigException>(() => Datasets.Open("pipe:cat a.tar#:3", new DataConfig(), _folder)).Message);

    private static IEnumerable<string> Keys(ISampleSource source) => Enumerable.Range(0, source.ShardCount)
        .SelectMany(shard => source.ReadShard(shard, bad => Assert.Fail(bad.Reason)).Select(sample => sample.Key));
}
