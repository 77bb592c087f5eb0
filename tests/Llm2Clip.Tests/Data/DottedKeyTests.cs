using System.Formats.Tar;
using System.IO.Compression;
using Llm2Clip.Data;
using Llm2Clip.Tests.Inspection;

namespace Llm2Clip.Tests.Data;

/// <summary>
/// Members whose names have several dots: read, or named and counted, by the readers of plain, gzip and streamed tars alike.
/// </summary>
public sealed class DottedKeyTests : IDisposable
{
    private static readonly byte[] Jpeg = DataFolder.Image(1);
    private readonly DataFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("22.05.jpg 22.05.json 22.06.jpg 22.06.txt 7.jpg 7.txt", "22.05 22.06 7", "")]
    [InlineData("a.b.jpg a.b.txt a.jpg a.txt", "a.b a", "")]
    [InlineData("A.B.c.JPG A.B.c.TXT", "A.B.c", "")]
    [InlineData("k.input.jpg k.json", "k", "")]
    [InlineData("k.jpg k.caption.txt", "k", "")]
    [InlineData("1.jpg 1.seg.png 1.txt", "1", "1.seg.png: belongs to no sample (remark)")]
    [InlineData("1.jpg 1.png 1.txt", "1", "1.png: is not used: its sample has another image (remark)")]
    [InlineData("1.png 1.jpg 1.txt", "1", "1.png: is not used: its sample has another image (remark)")]
    [InlineData("1.jpg 1.txt 1.txt", "1", "1.txt: occurs twice in this shard; the first one is used")]
    [InlineData("22.05.jpg 22.06.json", "", "22.05: no caption | 22.06: has no image")]
    [InlineData(".DS_Store 1.jpg 1.txt README a/._1.jpg x.cls x.npy", "1",
        ".DS_Store: belongs to no sample (remark) | README: belongs to no sample (remark) | a/._1.jpg: belongs to no sample (remark)"
        + " | x.cls: belongs to no sample (remark) | x.npy: belongs to no sample (remark)")]
    [InlineData("1.cls 1.jpg 1.txt", "1", "")]
    public void EveryMemberIsReadOrNamed(string members, string keys, string named)
    {
        _folder.Tar("a.tar", TarEntryFormat.Ustar, [.. members.Split(' ').Select(name => (name, Content(name)))]);
        using (var packed = new GZipStream(File.Create(_folder["b.tar.gz"]), CompressionLevel.Fastest))
        {
            packed.Write(File.ReadAllBytes(_folder["a.tar"]));
        }
        foreach (var pattern in new[] { _folder["a.tar"], _folder["b.tar.gz"], $"pipe:cat {_folder["a.tar"]}" })
        {
            var bad = new List<string>();
            var source = Datasets.Open(pattern, new DataConfig(), SilentLog.Instance);
            var samples = source.ReadShard(0, report => bad.Add(Said(report)), TestContext.Current.CancellationToken).ToList();
            Assert.Equal(keys, string.Join(' ', samples.Select(sample => sample.Key)));
            Assert.All(samples, sample => Assert.Equal(Jpeg, sample.Image.Read()));
            Assert.Equal(named, string.Join(" | ", bad.Order(StringComparer.Ordinal)));
        }

        static string Said(BadSample report) => report.Origin.Split(": ")[^1] + ": "
            + (report.Cause is BadSampleCause.NoCaption or BadSampleCause.NoImage ? report.Reason.Split(" (")[0] : report.Reason)
            + (report.Kept ? " (remark)" : "");
    }

    /// <summary>One key before the first dot, many samples: each goes out when its members end, and its bytes are not held.</summary>
    [Fact]
    public void SamplesOfOneYearStreamOneByOne()
    {
        var image = new byte[1 << 20];
        _folder.Tar("a.tar", TarEntryFormat.Ustar, [.. Enumerable.Range(0, 64).SelectMany(i =>
            new[] { ($"2024.{i:D4}.jpg", image), ($"2024.{i:D4}.txt", DataFolder.Bytes($"caption {i}")) })]);
        var source = Datasets.Open($"pipe:cat {_folder["a.tar"]}", new DataConfig(), SilentLog.Instance);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Equal("2024.0000", source.ReadShard(0, _ => { }, TestContext.Current.CancellationToken).First().Key);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 8 << 20);
        Assert.Equal(64, source.ReadShard(0, _ => { }, TestContext.Current.CancellationToken).Count());
    }

    [Fact]
    public void InspectionAndEveryPassStateMembersThatBelongToNoSample()
    {
        _folder.Tar("a.tar", TarEntryFormat.Ustar, ("README", [1]), ("1.jpg", Jpeg), ("1.txt", DataFolder.Bytes("one")), ("2.cls", [2]));
        var set = InspectionCase.Inspect(_folder, "a.tar").Data;
        Assert.Equal(2, set.StrayMembers.Members);
        Assert.Equal(
            $"No record is broken. 2 members belong to no sample and were not read, such as {_folder["a.tar"]}: README, {_folder["a.tar"]}: 2.cls.",
            Llm2Clip.Data.Inspection.InspectionText.Broken(set));
        Assert.Single(_folder.ReadAll("a.tar"));
        Assert.Contains(_folder.Lines, line =>
            line.Contains("2 members belong to no sample and were not read, such as ", StringComparison.Ordinal));
    }

    private static byte[] Content(string name) => Path.GetExtension(name).ToLowerInvariant() switch
    {
        ".jpg" => Jpeg,
        ".json" => DataFolder.Bytes($$"""{"caption": "of {{name}}"}"""),
        _ => DataFolder.Bytes("of " + name),
    };
}
