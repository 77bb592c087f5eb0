using Llm2Clip.Files;
using Llm2Clip.Search;
using Llm2Clip.Tests.PowerCuts;
using Llm2Clip.Tests.Teachers;

namespace Llm2Clip.Tests.Search;

/// <summary>The files of an index: what is committed is there, whatever happens to the writer; what is damaged is named.</summary>
public sealed class ImageIndexTests : IDisposable
{
    private readonly TemporaryFolder _root = new();

    public void Dispose() => _root.Dispose();

    private string Folder => _root.File("index");

    [Fact]
    public void WhatIsCommittedIsReadAndAReaderKeepsItsState()
    {
        Write(0, 10);
        using var before = ImageIndex.Open(Folder);
        using (var writer = IndexCases.Writer(Folder))
        {
            IndexCases.Add(writer, 10);
            writer.Remove(IndexCases.Record(3).Identity);
        }
        Assert.Equal(Enumerable.Range(0, 10), IndexCases.Numbers(before));
        Assert.Equal([0, 1, 2, 4, 5, 6, 7, 8, 9, 10], IndexCases.Numbers(Folder));
        IndexUpkeep.Compact(Folder, TestContext.Current.CancellationToken);
        Assert.Equal(Enumerable.Range(0, 10), IndexCases.Numbers(before));
        Assert.Equal([0, 1, 2, 4, 5, 6, 7, 8, 9, 10], IndexCases.Numbers(Folder));
    }

    [Fact]
    public void AnImageOfTheSameNameIsReplaced()
    {
        Write(0, 3);
        using (var writer = IndexCases.Writer(Folder))
        {
            IndexCases.Add(writer, 1, version: 1);
            Assert.Equal(3, writer.Count);
        }
        using var index = ImageIndex.Open(Folder);
        Assert.Equal(3, index.Count);
        Assert.Equal(IndexCases.Vector(1, 1), index.Vector(index.Locators().Last()).ToArray());
    }

    /// <summary>A writer that is killed leaves rows behind its last commit, and perhaps half of one.</summary>
    [Theory]
    [InlineData("vectors-00000.bin", 9)]
    [InlineData("images-00000.bin", 70)]
    [InlineData("records-00000.jsonl", 5)]
    [InlineData("thumbnails-00000.bin", 2)]
    public void WholeRowsBehindTheLastCommitAreTakenOver(string file, int cut)
    {
        Directory.CreateDirectory(Folder);
        using (var writer = ImageIndexWriter.Open(_root.File("living"), IndexCases.Model, 64, 16))
        {
            IndexCases.Add(writer, 0);
            writer.Commit();
            IndexCases.Add(writer, 1);
            IndexCases.Add(writer, 2);
            foreach (var path in Directory.GetFiles(_root.File("living")).Where(path => Path.GetFileName(path) != FolderLock.FileName))
            {
                File.Copy(path, Path.Combine(Folder, Path.GetFileName(path)));
            }
        }
        using (var torn = File.OpenWrite(Path.Combine(Folder, file)))
        {
            torn.SetLength(torn.Length - cut);
        }
        Assert.Equal([0], IndexCases.Numbers(Folder));
        using (var writer = IndexCases.Writer(Folder))
        {
            Assert.Equal(1, writer.Recovered);
            IndexCases.Add(writer, 5);
        }
        Assert.Equal([0, 1, 5], IndexCases.Numbers(Folder));
        Assert.Empty(IndexUpkeep.Verify(Folder, TestContext.Current.CancellationToken));
    }

    [Fact]
    public void CompactionLeavesOutRemovedRowsAndTheirBytes()
    {
        Write(0, 10);
        using (var writer = IndexCases.Writer(Folder))
        {
            for (var i = 0; i < 9; i++)
            {
                writer.Remove(IndexCases.Record(i).Identity);
            }
        }
        Assert.Contains("removed-000000.bin", IndexCases.Files(Folder));
        var done = IndexUpkeep.Compact(Folder, TestContext.Current.CancellationToken);
        Assert.Equal((1, 0), (done.Kept, done.Lost));
        Assert.True(done.After < done.Before);
        Assert.Equal([9], IndexCases.Numbers(Folder));
        Assert.Equal(
            ["images-00003.bin", "manifest.json", "records-00003.jsonl", "thumbnails-00003.bin", "vectors-00003.bin", "write.lock"],
            IndexCases.Files(Folder));
        Write(20, 1);
        Assert.Equal([9, 20], IndexCases.Numbers(Folder));
    }

    [Theory]
    [InlineData("vectors-00001.bin", 3)]
    [InlineData("images-00001.bin", 140)]
    [InlineData("records-00001.jsonl", 8)]
    [InlineData("thumbnails-00001.bin", 3)]
    public void ADamagedFileIsNamedAndCompactionKeepsTheRest(string file, int place)
    {
        Write(0, 10);
        using (var damaged = File.OpenWrite(Path.Combine(Folder, file)))
        {
            damaged.Position = place;
            damaged.WriteByte(0xA5);
        }
        var problem = Assert.Single(IndexUpkeep.Verify(Folder, TestContext.Current.CancellationToken));
        Assert.Equal($"{file}: 3 of 4 images are sound", problem);
        var done = IndexUpkeep.Compact(Folder, TestContext.Current.CancellationToken);
        Assert.Equal((9, 1), (done.Kept, done.Lost));
        Assert.Equal(9, IndexCases.Numbers(Folder).Length);
        Assert.Empty(IndexUpkeep.Verify(Folder, TestContext.Current.CancellationToken));
    }

    /// <summary>The last segment, which is written on: its damage must not get checksums of its own.</summary>
    [Fact]
    public void ADamagedIndexIsNotWrittenOn()
    {
        Write(0, 2);
        using (var damaged = File.OpenWrite(Path.Combine(Folder, "vectors-00000.bin")))
        {
            damaged.WriteByte(0xA5);
        }
        var refused = Assert.Throws<InputException>(() => IndexCases.Writer(Folder));
        Assert.Contains($"{Folder} is damaged: a file of its segment 0 does not have the checksum", refused.Message);
        Assert.Contains($"`llm2clip index compact {Folder}` keeps what is sound", refused.Message);
    }

    [Theory]
    [InlineData("vectors-00001.bin", "63 bytes, expected 64")]
    [InlineData("images-00001.bin", "543 bytes, expected 544")]
    public void ACutFileIsNamed(string file, string why)
    {
        Write(0, 10);
        using (var cut = File.OpenWrite(Path.Combine(Folder, file)))
        {
            cut.SetLength(cut.Length - 1);
        }
        var refused = Assert.Throws<InputException>(() => ImageIndex.Open(Folder));
        Assert.StartsWith($"{Path.Combine(Folder, file)} is damaged: {why}.", refused.Message);
        IndexUpkeep.Compact(Folder, TestContext.Current.CancellationToken);
        Assert.Equal(9, IndexCases.Numbers(Folder).Length);
    }

    [Fact]
    public void AMissingFileIsNamed()
    {
        Write(0, 10);
        File.Delete(Path.Combine(Folder, "thumbnails-00001.bin"));
        var refused = Assert.Throws<InputException>(() => ImageIndex.Open(Folder));
        Assert.StartsWith($"{Path.Combine(Folder, "thumbnails-00001.bin")} is missing.", refused.Message);
        Assert.Equal(4, IndexUpkeep.Compact(Folder, TestContext.Current.CancellationToken).Lost);
        Assert.Equal([0, 1, 2, 3, 8, 9], IndexCases.Numbers(Folder));
    }

    [Fact]
    public void AnotherStudentsIndexAForeignFolderAndASecondWriterAreRefused()
    {
        Write(0, 1);
        var other = Assert.Throws<InputException>(() => ImageIndexWriter.Open(Folder, IndexCases.Model with { Student = "x", Model = "runs/x" }, 64));
        Assert.StartsWith($"{Folder} was made with another student (runs/student, student) than runs/x (x)", other.Message);
        using (var writer = IndexCases.Writer(Folder))
        {
            var second = Assert.Throws<ConfigException>(() => IndexCases.Writer(Folder));
            Assert.Contains("is being written to by another process", second.Message);
        }
        var foreign = Directory.CreateDirectory(_root.File("holiday")).FullName;
        File.WriteAllText(Path.Combine(foreign, "a.jpg"), "");
        var refused = Assert.Throws<InputException>(() => IndexCases.Writer(foreign));
        Assert.Contains("is not an image index and not empty (it holds a.jpg)", refused.Message);
        Assert.Equal(["a.jpg"], IndexCases.Files(foreign));
    }

    [Theory]
    [InlineData("", "it has no manifest.json")]
    [InlineData("{}", "is not the manifest of an image index")]
    [InlineData("{\"format\": 1", "is not the manifest of an image index")]
    public void WhatIsNoIndexIsSaid(string manifest, string why)
    {
        Assert.Contains("is not there. Name the folder", Assert.Throws<InputException>(() => ImageIndex.Open(Folder)).Message);
        Directory.CreateDirectory(Folder);
        if (manifest.Length > 0)
        {
            File.WriteAllText(Path.Combine(Folder, "manifest.json"), manifest);
        }
        Assert.Contains(why, Assert.Throws<InputException>(() => ImageIndex.Open(Folder)).Message);
    }

    [Fact]
    public void ANewIndexThatGotNothingLeavesNothing()
    {
        IndexCases.Writer(Folder).Dispose();
        Assert.False(Directory.Exists(Folder));
    }

    /// <summary>Nothing that was committed is lost, and the same call goes on when there is room.</summary>
    [Theory]
    [InlineData(12)]
    [InlineData(40)]
    public void AFullDiskIsSaid(int kilobytes)
    {
        using var disk = new SmallDisk(kilobytes);
        var folder = Path.Combine(disk.Path, "index");
        var committed = 0;
        var full = Assert.Throws<RunException>(() =>
        {
            using var writer = ImageIndexWriter.Open(folder, IndexCases.Model, 64, 1000);
            for (var i = 0; i < 250; i++)
            {
                IndexCases.Add(writer, i);
                if (i % 10 == 9)
                {
                    writer.Commit();
                    committed = i + 1;
                }
            }
        });
        Assert.Contains("No space left on device", full.Message);
        Assert.DoesNotContain(PendingFile.Suffix, full.Message);
        if (IndexManifest.Exists(folder))
        {
            Assert.Equal(Enumerable.Range(0, committed), IndexCases.Numbers(folder));
        }
        disk.Resize(64_000);
        using (var writer = ImageIndexWriter.Open(folder, IndexCases.Model, 64, 1000))
        {
            Assert.InRange(writer.Count, committed, 249);
            for (var i = writer.Count; i < 250; i++)
            {
                IndexCases.Add(writer, i);
            }
        }
        Assert.Equal(Enumerable.Range(0, 250), IndexCases.Numbers(folder));
        Assert.Empty(IndexUpkeep.Verify(folder, TestContext.Current.CancellationToken));
        CutRun.AssertNothingTemporary(folder);
    }

    private void Write(int first, int count)
    {
        using var writer = IndexCases.Writer(Folder);
        for (var i = first; i < first + count; i++)
        {
            IndexCases.Add(writer, i);
        }
    }
}
