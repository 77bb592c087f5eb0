using System.Formats.Tar;
using Llm2Clip.Data;
using Llm2Clip.Data.Loading;
using Llm2Clip.Images;

namespace Llm2Clip.Tests.Data;

/// <summary>Tars from commands and standard input.</summary>
public sealed class PipeShardTests : IDisposable
{
    private static readonly ImageTransformConfig Small = new() { ImageSize = 8 };

    private readonly DataFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public void CommandsGiveWhatTheirTarsHold()
    {
        _folder.Shard("s-00.tar", "a", 5);
        _folder.Shard("s-01.tar", "b", 4, width: 900, height: 700);
        var files = _folder.ReadAll("s-{00..01}.tar");
        var piped = ReadAll($"pipe:cat {_folder["s-{00..01}.tar"]} && true");
        Assert.Equal(files.Select(sample => sample.Key), piped.Select(sample => sample.Key));
        Assert.Equal(files.Select(sample => sample.Captions[0]), piped.Select(sample => sample.Captions[0]));
        Assert.All(files.Zip(piped), pair => Assert.Equal(pair.First.Image.Read(), pair.Second.Image.Read()));
        Assert.StartsWith($"pipe:cat {_folder["s-01.tar"]} && true: b0.jpg", piped[5].Origin);
        Assert.Equal(piped[6].Image.Read().Length, piped[6].Image.HeldBytes);
        Assert.Equal(10, ReadAll(_folder["s-00.tar"] + "::pipe:cat " + _folder["s-00.tar"]).Count);
    }

    [Theory]
    [InlineData("pipe:a {0..1} x", "pipe:a 0 x|pipe:a 1 x")]
    [InlineData("pipe:a ${X} {b,c}", "pipe:a ${X} b|pipe:a ${X} c")]
    [InlineData("pipe:awk '{print}' {1..x} {", "pipe:awk '{print}' {1..x} {")]
    [InlineData("-", "-")]
    public void BracesExpandAsBeforeARunOfTheShell(string pattern, string shards) =>
        Assert.Equal(shards.Split('|'), ShardPattern.Expand(pattern));

    [Fact]
    public void AFailedCommandIsNamedWithItsStatusAndItsErrors()
    {
        _folder.Shard("a.tar", "a", 3);
        var source = Open($"pipe:cat {_folder["a.tar"]}; echo 'fatal: no such bucket' >&2; exit 7");
        var read = new List<string>();
        var error = Assert.Throws<InputException>(() =>
            read.AddRange(source.ReadShard(0, _ => { }, Stop).Select(sample => sample.Key).Select(Noted)));
        Assert.Contains("the command ended with exit status 7, so this shard is not complete. It wrote: fatal: no such bucket",
            error.Message);
        Assert.StartsWith($"pipe:cat {_folder["a.tar"]};", error.Message);
        Assert.Equal(3, error.ExitCode);
        Assert.Equal(["a0", "a1"], _seen); // whole ones were given out; whether the last one is whole is known at the end alone

        Assert.Contains("exit status 127", Assert.Throws<InputException>(() => ReadAll("pipe:no-such-command-here")).Message);
        // A cut tar whose command failed is the command's fault.
        Assert.Contains("exit status 3",
            Assert.Throws<InputException>(() => ReadAll($"pipe:head -c 1300 {_folder["a.tar"]}; exit 3")).Message);
        Assert.Contains("exit status 137", Assert.Throws<InputException>(() => ReadAll("pipe:kill -9 $$")).Message);
    }

    [Theory]
    [InlineData("head -c 100 a.tar", "needs 512 bytes, but only 100 are left")]
    [InlineData("head -c 900 a.tar", "cut short")]
    [InlineData("head -c 1100 a.tar", "cut short")]
    [InlineData("gzip -c a.tar", "this is gzip data")]
    [InlineData("yes x | head -c 2000", "this is not a tar file")]
    [InlineData("cat a.tar a.tar", "data follows the end of the archive")]
    public void DamagedStreamsAreErrors(string command, string message)
    {
        _folder.Shard("a.tar", "a", 3);
        Assert.Contains(message, Assert.Throws<InputException>(() => ReadAll($"pipe:cd {_folder.Path}; {command}")).Message);
    }

    [Theory]
    [InlineData("04000000000", "cut short")] // 512 MB
    [InlineData("\u0080\0\0\0\u007f\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff", "has 9223372036854775807 bytes, but only ")] // GNU's binary form
    public void ASizeThatLiesCostsNoMemory(string size, string message)
    {
        _folder.Shard("a.tar", "a", 1);
        var tar = File.ReadAllBytes(_folder["a.tar"]);
        System.Text.Encoding.Latin1.GetBytes(size, tar.AsSpan(124));
        tar.AsSpan(148, 8).Fill((byte)' ');
        var sum = tar.AsSpan(0, 512).ToArray().Sum(value => value);
        System.Text.Encoding.ASCII.GetBytes(Convert.ToString(sum, 8).PadLeft(6, '0') + "\0 ", tar.AsSpan(148));
        File.WriteAllBytes(_folder["b.tar"], tar);
        var before = GC.GetTotalAllocatedBytes();
        Assert.Contains(message, Assert.Throws<InputException>(() => ReadAll($"pipe:cat {_folder["b.tar"]}")).Message);
        Assert.InRange(GC.GetTotalAllocatedBytes() - before, 0, 64 << 20);
    }

    [Fact]
    public void MembersThatStandApartAreBad()
    {
        _folder.Tar("a.tar", TarEntryFormat.Ustar, ("1.jpg", [1]), ("2.jpg", [2]), ("2.txt", DataFolder.Bytes("two")),
            ("1.txt", DataFolder.Bytes("one")), ("3.txt", DataFolder.Bytes("three")), ("3.cls", [0]), ("3.png", [3]));
        Assert.Equal(["two", "three"],
            ReadAll($"pipe:cat {_folder["a.tar"]}", new DataConfig { MaxBadShare = 1 }).Select(sample => sample.Captions[0].Text));
        Assert.Contains(_folder.Lines, line => line.Contains(": 1.txt: is apart from the other members of its sample"));
    }

    [Fact]
    public void StandardInputIsReadOnce()
    {
        var source = Open("-");
        var cancelled = new CancellationToken(canceled: true);
        Assert.ThrowsAny<OperationCanceledException>(() => source.ReadShard(0, _ => { }, cancelled).Count());
        Assert.Contains("standard input can be read once",
            Assert.Throws<InputException>(() => source.ReadShard(0, _ => { }, cancelled).Count()).Message);
    }

    [Fact]
    public void ACommandThatIsNotReadToItsEndIsEnded()
    {
        _folder.Shard("a.tar", "a", 3);
        var source = Open($"pipe:echo $$ > {_folder["pid"]}; cat {_folder["a.tar"]}; sleep 600");
        Assert.Equal("a0", source.ReadShard(0, _ => { }, Stop).First().Key);
        Assert.False(Directory.Exists("/proc/" + File.ReadAllText(_folder["pid"]).Trim()), "The command is still there, or a zombie.");
    }

    [Fact]
    public async Task CancellingEndsACommandThatStalls()
    {
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        using var loader = new SampleLoader(Open($"pipe:echo $$ > {_folder["pid"]}; sleep 600"),
            LoaderConfig.ForEvaluation(new DataConfig(), Small, 4), _folder);
        var reading = Task.Run(() => loader.Epoch(0, 0, cancel.Token).Count(), Stop);
        while (!File.Exists(_folder["pid"]) || File.ReadAllText(_folder["pid"]).Length == 0)
        {
            await Task.Delay(5, Stop);
        }
        cancel.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);
        Assert.False(Directory.Exists("/proc/" + File.ReadAllText(_folder["pid"]).Trim()));
    }

    /// <summary>
    /// Order and images are those of the files as long as they fit the buffer; each pass that does not fit runs the command again.
    /// </summary>
    [Theory]
    [InlineData(1024, 1)]
    [InlineData(1, 3)]
    public void TheShuffleBufferBoundsImages(int megabytes, int runs)
    {
        Noise("a.tar", 24, 100_000);
        var config = new LoaderConfig
        {
            BatchSize = 4, Transform = Small, Shuffle = true, Seed = 1,
            Data = new DataConfig { ShuffleBufferMb = megabytes }
        };
        using var files = new SampleLoader(_folder.Open("a.tar"), config, _folder);
        using var piped = new SampleLoader(Open($"pipe:echo run >> {_folder["runs"]}; cat {_folder["a.tar"]}"), config, _folder);
        Assert.Equal(24, piped.CountSamples(Stop));
        for (var epoch = 0; epoch < 2; epoch++)
        {
            var keys = Keys(piped, epoch);
            Assert.Equal(24, keys.Distinct().Count());
            Assert.NotEqual(keys.Order(StringComparer.Ordinal), keys);
            Assert.Equal(megabytes > 1, keys.SequenceEqual(Keys(files, epoch)));
            Assert.Equal(keys.Skip(12), Keys(piped, epoch, skip: 3).Take(12)); // resume
        }
        Assert.Equal(megabytes > 1 ? runs : runs + 2, File.ReadAllLines(_folder["runs"]).Length);
    }

    /// <summary>Images that take 1 MB each, through a buffer of 2 MB, while the batches of a resumed epoch are skipped.</summary>
    [Fact]
    public void ImagesThatAreNotNeededAreNotKept()
    {
        var source = new HeldImages(24);
        var config = new LoaderConfig
        {
            BatchSize = 1, Transform = Small, Shuffle = true,
            Data = new DataConfig { ShuffleBufferMb = 2, Prefetch = 1, Workers = 1 }
        };
        using var loader = new SampleLoader(source, config, _folder);
        using var batch = loader.Epoch(0, 20, Stop).First();
        GC.Collect();
        Assert.InRange(source.Given.Count(image => image.IsAlive), 1, 8);
        Assert.InRange(source.Given.Count, 21, 24);
    }

    /// <summary>Images that say they take 1 MB, and whether they are still referred to.</summary>
    private sealed class HeldImages(int count) : ISampleSource
    {
        private static readonly byte[] Png = ImageCodec.EncodePng(new RgbImage(8, 8, new byte[192]));

        public List<WeakReference> Given { get; } = [];

        public string Description => "held images";

        public int ShardCount => 1;

        public string ShardName(int shard) => "held";

        public IEnumerable<Sample> ReadShard(int shard, Action<BadSample> onBad, CancellationToken cancellation = default)
        {
            for (var i = 0; i < count; i++)
            {
                yield return Make(i);
            }
        }

        private Sample Make(int i)
        {
            var image = new Image();
            Given.Add(new WeakReference(image));
            return new Sample($"{i}", $"{i}", [], image);
        }

        private sealed class Image : IImageBytes
        {
            public long HeldBytes => 1 << 20;

            public byte[] Read() => Png;
        }
    }

    private readonly List<string> _seen = [];

    private string Noted(string key)
    {
        _seen.Add(key);
        return key;
    }

    /// <summary>PNGs with a chunk of noise, so that they have a size in bytes that is known and decode all the same.</summary>
    private void Noise(string name, int count, int bytes)
    {
        var members = new List<(string, byte[])>();
        var png = ImageCodec.EncodePng(new RgbImage(8, 8, new byte[192]));
        for (var i = 0; i < count; i++)
        {
            members.Add(($"k{i:00}.png", [.. png, .. new byte[bytes]]));
            members.Add(($"k{i:00}.txt", DataFolder.Bytes("text")));
        }
        _folder.Tar(name, TarEntryFormat.Ustar, [.. members]);
    }

    private static List<string> Keys(SampleLoader loader, int epoch, long skip = 0)
    {
        var keys = new List<string>();
        foreach (var batch in loader.Epoch(epoch, skip, Stop))
        {
            keys.AddRange(batch.Samples.Select(sample => sample.Key));
            batch.Dispose();
        }
        return keys;
    }

    private ISampleSource Open(string pattern, DataConfig? config = null) => Datasets.Open(pattern, config ?? new DataConfig(), _folder);

    private List<Sample> ReadAll(string pattern, DataConfig? config = null) =>
        [.. Datasets.ReadAll(Open(pattern, config), config ?? new DataConfig(), _folder)];
}
