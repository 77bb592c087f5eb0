using Llm2Clip.Data;
using Llm2Clip.Data.Conversion;
using Llm2Clip.Pipeline;
using Llm2Clip.Tests.Data;

namespace Llm2Clip.Tests.Conversion;

/// <summary>A conversion that is stopped anywhere and started again writes what an unbroken one writes.</summary>
public sealed class ConversionResumeTests : IDisposable
{
    private readonly DataFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(DatasetFormat.Webdataset)]
    [InlineData(DatasetFormat.Coco)]
    public void BrokenAnywhereItGoesOnToTheSameBytes(DatasetFormat form)
    {
        var whole = ConversionCase.Convert(_folder, ListedSource.Make(2, 15), "whole", form);
        var expected = ConversionCase.Files(_folder["whole"]);
        for (var breaks = 0; breaks < 30; breaks++)
        {
            var to = $"broken-{breaks}";
            var source = ListedSource.Make(2, 15);
            source.BreaksAfter = breaks;
            Assert.Throws<InputException>(() => ConversionCase.Convert(_folder, source, to, form));
            Assert.All(ConversionCase.Files(_folder[to]), file =>
                Assert.False(file.Key.EndsWith(".llm2clip-tmp", StringComparison.Ordinal), file.Key));
            // Shards that are complete are the unbroken run's.
            Assert.All(ConversionCase.Files(_folder[to]).Where(file => !file.Key.StartsWith(".convert", StringComparison.Ordinal)), file =>
                Assert.Equal(expected[file.Key], file.Value));
            var resumed = ConversionCase.Convert(_folder, ListedSource.Make(2, 15), to, form);
            Assert.Equal(expected, ConversionCase.Files(_folder[to]));
            Assert.Equal((whole.Seen, whole.BadSamples), (resumed.Seen, resumed.BadSamples));
            Assert.Equal(breaks > 4, resumed.Kept > 0); // The fifth image completes the first shard.
        }
    }

    [Fact]
    public void CompleteShardsAreNotWrittenAgain()
    {
        var source = ListedSource.Make(2, 20);
        source.BreaksAfter = 30;
        Assert.Throws<InputException>(() => ConversionCase.Convert(_folder, source, "out", DatasetFormat.Webdataset));
        var first = new FileInfo(_folder["out/data-00000.tar"]).LastWriteTimeUtc;
        File.SetLastWriteTimeUtc(_folder["out/data-00000.tar"], first.AddDays(-1));
        ConversionCase.Convert(_folder, ListedSource.Make(2, 20), "out", DatasetFormat.Webdataset);
        Assert.Equal(first.AddDays(-1), new FileInfo(_folder["out/data-00000.tar"]).LastWriteTimeUtc);
        // Once more: all is there.
        var again = ConversionCase.Convert(_folder, ListedSource.Make(2, 20), "out", DatasetFormat.Webdataset);
        Assert.Equal((40, again.Parts[0].Images), (again.Seen, again.Kept));
        Assert.Contains(_folder.Lines, line => line.EndsWith("is complete; nothing is written.", StringComparison.Ordinal));
    }

    [Fact]
    public void ASplitGoesOnInAllItsParts()
    {
        ConversionCase.Convert(_folder, ListedSource.Make(4, 50), "source", DatasetFormat.Webdataset, 50);
        var config = ConversionCase.Config(_folder, "whole", DatasetFormat.Folder) with
        {
            Data = _folder["source"],
            Parts = new Dictionary<string, double> { ["train"] = 0.7, ["val"] = 0.25, ["test"] = 0.05 },
        };
        var whole = DataConvert.Split(new RunConfig { Convert = config, Data = new DataConfig() }, _folder, CancellationToken.None);
        foreach (var stop in new[] { 1, 40, 90, 141, 160 })
        {
            var to = _folder[$"stopped-{stop}"];
            using var cancel = new CancellationTokenSource();
            Assert.Throws<OperationCanceledException>(() =>
                DataConvert.Split(new RunConfig { Convert = config with { To = to }, Data = new DataConfig() },
                new CancellingLog(cancel, stop), cancel.Token));
            var resumed = DataConvert.Split(new RunConfig { Convert = config with { To = to }, Data = new DataConfig() }, _folder,
                CancellationToken.None);
            Assert.Equal(ConversionCase.Files(_folder["whole"]), ConversionCase.Files(to));
            Assert.Equal(whole.Seen, resumed.Seen);
            Assert.Equal(whole.Parts.Select(part => part.Images), resumed.Parts.Select(part => part.Images));
        }
    }

    [Fact]
    public void OtherFoldersAreRefusedAndLeftAlone()
    {
        Directory.CreateDirectory(_folder["mine/deep"]);
        File.WriteAllText(_folder["mine/deep/letter.txt"], "dear");
        var error = Assert.Throws<InputException>(() =>
            ConversionCase.Convert(_folder, ListedSource.Make(1, 9), "mine", DatasetFormat.Webdataset));
        Assert.Contains("is not empty and not a data set that this program was writing (it holds deep/letter.txt)", error.Message);
        Assert.Equal(["deep/letter.txt"], ConversionCase.Files(_folder["mine"]).Keys);

        ConversionCase.Convert(_folder, ListedSource.Make(1, 9), "out", DatasetFormat.Webdataset);
        var before = ConversionCase.Files(_folder["out"]);
        error = Assert.Throws<InputException>(() => ConversionCase.Convert(_folder, ListedSource.Make(1, 9), "out", DatasetFormat.Csv));
        Assert.Contains("format was webdataset and is now csv", error.Message);
        Assert.Contains("samples_per_shard was 4 and is now 5",
            Assert.Throws<InputException>(() =>
                ConversionCase.Convert(_folder, ListedSource.Make(1, 9), "out", DatasetFormat.Webdataset, 5)).Message);
        Assert.Equal(before, ConversionCase.Files(_folder["out"]));

        File.WriteAllText(_folder["out/.convert/progress.json"], "{\"request\": {}}");
        Assert.Contains("progress.json is damaged",
            Assert.Throws<InputException>(() =>
            ConversionCase.Convert(_folder, ListedSource.Make(1, 9), "out", DatasetFormat.Csv)).Message);
    }

    [Fact]
    public void AStoppedRunWithoutACompleteShardBindsNobody()
    {
        var source = ListedSource.Make(1, 9);
        source.BreaksAfter = 3;
        Assert.Throws<InputException>(() => ConversionCase.Convert(_folder, source, "out", DatasetFormat.Folder));
        ConversionCase.Convert(_folder, ListedSource.Make(1, 9), "out", DatasetFormat.Webdataset);
        Assert.True(File.Exists(_folder["out/data-00000.tar"]));
    }

    [Fact]
    public void TheSecondWriterOfAFolderIsRefused()
    {
        var source = new ListedSource([
            [ListedSource.Sample(0) with { Image =
            new Interfering(() => ConversionCase.Convert(_folder, ListedSource.Make(1, 9), "out", DatasetFormat.Webdataset)) }]]);
        var error = Assert.Throws<ConfigException>(() => ConversionCase.Convert(_folder, source, "out", DatasetFormat.Webdataset));
        Assert.Contains($"{_folder["out"]} is being written to by another process", error.Message);
    }

    [Theory]
    [InlineData(DatasetFormat.Webdataset, "data-00001.tar.llm2clip-tmp")]
    [InlineData(DatasetFormat.Tsv, ".convert/data-00001.0.llm2clip-tmp")]
    [InlineData(DatasetFormat.Tsv, "captions.tsv.llm2clip-tmp")]
    [InlineData(DatasetFormat.Tsv, ".convert/progress.json.llm2clip-tmp")]
    public void AFullDiskIsAnErrorThatKeepsWhatIsComplete(DatasetFormat form, string fills)
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "This system has no /dev/full, which fails like a full disk.");
        ConversionCase.Convert(_folder, ListedSource.Make(2, 20), "whole", form);
        var expected = ConversionCase.Files(_folder["whole"]);
        var source = ListedSource.Make(2, 20);
        source.BreaksAfter = 6;
        Assert.Throws<InputException>(() => ConversionCase.Convert(_folder, source, "out", form));
        var full = ListedSource.Make(2, 20);
        // When the run is under way: at its start it sweeps what dead writers left.
        full.Before = number =>
        {
            if (number == 2 && !Path.Exists(_folder["out/" + fills]))
            {
                File.CreateSymbolicLink(_folder["out/" + fills], "/dev/full");
            }
        };
        var error = Assert.Throws<RunException>(() => ConversionCase.Convert(_folder, full, "out", form));
        Assert.Matches("out.* cannot be written: No space left on device.*Complete shards are kept", error.Message);
        var left = ConversionCase.Files(_folder["out"]).Where(file => !file.Key.StartsWith(".convert", StringComparison.Ordinal)).ToList();
        Assert.NotEmpty(left);
        Assert.All(left, file => Assert.Equal(expected[file.Key], file.Value));
        ConversionCase.Convert(_folder, ListedSource.Make(2, 20), "out", form);
        Assert.Equal(expected, ConversionCase.Files(_folder["out"]));
    }

    /// <summary>
    /// The first shard had its name when the disk was full for the entry that tells of it: the folder was refused ever after, as a
    /// stranger's.
    /// </summary>
    [Fact]
    public void ADiskThatIsFullBetweenAShardAndItsEntryDoesNotLoseTheFolder()
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "This system has no /dev/full, which fails like a full disk.");
        ConversionCase.Convert(_folder, ListedSource.Make(2, 20), "whole", DatasetFormat.Webdataset);
        var full = ListedSource.Make(2, 20);
        full.Before = number =>
        {
            if (number == 2 && !Path.Exists(_folder["out/.convert/progress.json.llm2clip-tmp"]))
            {
                File.CreateSymbolicLink(_folder["out/.convert/progress.json.llm2clip-tmp"], "/dev/full");
            }
        };
        Assert.Throws<RunException>(() => ConversionCase.Convert(_folder, full, "out", DatasetFormat.Webdataset));
        Assert.True(File.Exists(_folder["out/data-00000.tar"]));
        ConversionCase.Convert(_folder, ListedSource.Make(2, 20), "out", DatasetFormat.Webdataset);
        Assert.Equal(ConversionCase.Files(_folder["whole"]), ConversionCase.Files(_folder["out"]));
    }

    [Fact]
    public void ASourceThatShrankIsNoticed()
    {
        var source = ListedSource.Make(1, 20);
        source.BreaksAfter = 19;
        Assert.Throws<InputException>(() => ConversionCase.Convert(_folder, source, "out", DatasetFormat.Webdataset));
        var error = Assert.Throws<InputException>(() =>
            ConversionCase.Convert(_folder, ListedSource.Make(1, 9), "out", DatasetFormat.Webdataset));
        Assert.Contains("The data has changed", error.Message);
    }

    private sealed class Interfering(Action read) : IImageBytes
    {
        public byte[] Read()
        {
            read();
            return [1];
        }
    }

    /// <summary>Asks for a stop when a certain number of images was copied.</summary>
    private sealed class CancellingLog(CancellationTokenSource cancel, int stop) : Llm2Clip.IRunLog, Llm2Clip.IProgressTask
    {
        private int _copied;

        public void Info(string message) { }

        public void Warn(string message) { }

        public Llm2Clip.IProgressTask Start(string title, long total, string unit) => this;

        public void Advance(long units, string? detail = null)
        {
            if (detail is not null && ++_copied == stop)
            {
                cancel.Cancel();
            }
        }

        public void Dispose() { }
    }
}
