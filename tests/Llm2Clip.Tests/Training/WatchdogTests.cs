using System.Diagnostics;
using System.Text.RegularExpressions;
using Llm2Clip.Data;
using Llm2Clip.Data.Loading;
using Llm2Clip.Images;
using Llm2Clip.Models;
using Llm2Clip.Teachers.Store;
using Llm2Clip.Tests.Cli;
using Llm2Clip.Tests.Data;
using Llm2Clip.Training;
using Llm2Clip.Training.Stage2;

namespace Llm2Clip.Tests.Training;

public sealed class WatchdogTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("watchdog-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void ItSpeaksOnceAndAgainWhenTheRunMoves()
    {
        var (clock, log) = (new TestClock(), new Lines());
        var activity = new Activity(0, "x.tar: k7 is in a decoder");
        using (var watchdog = new Watchdog(TimeSpan.FromMinutes(1), () => activity, log, clock))
        {
            Pass(clock, 9); // of 6 seconds each
            Assert.Empty(log.Texts);
            Pass(clock, 5);
            Assert.Equal(["No progress for 1.0 minutes: x.tar: k7 is in a decoder."], log.Texts);
            activity = activity with { Done = 1 };
            Pass(clock, 1);
            Assert.Equal("Progress again, after 1.5 minutes.", log.Texts[^1]);
            Pass(clock, 11);
            Assert.Equal(3, log.Texts.Count); // It hangs again.
        }
        Assert.Equal(0, clock.Timers);
    }

    [Fact]
    public void ASlowRunAndAStoppedProcessAreLeftAlone()
    {
        var (clock, log) = (new TestClock(), new Lines());
        var done = 0L;
        using (new Watchdog(TimeSpan.FromMinutes(1), () => new Activity(done, null), log, clock))
        {
            for (var piece = 0; piece < 20; piece++)
            {
                Pass(clock, 9);
                done++;
                Pass(clock, 1);
            }
            clock.Pass(3600); // SIGSTOP, or the machine slept: one look after an hour.
        }
        using (new Watchdog(TimeSpan.Zero, () => new Activity(0, null), log, clock))
        {
            Assert.Equal(0, clock.Timers);
            Pass(clock, 1000);
        }
        Assert.Empty(log.Texts);
    }

    [Theory]
    [InlineData("decoder", "the run waits for images: hanging.tar: k3 has been in a decoder for ")]
    [InlineData("shard", "the run waits for images: the shard hanging.tar is being read.")]
    [InlineData("store", "caption vectors are being read from the embedding store.")]
    public void TheStalledPartIsNamed(string part, string message)
    {
        using var gate = new ManualResetEventSlim();
        using var again = new ManualResetEventSlim(); // The run must not end before the watchdog has seen it move.
        var log = new Lines();
        log.Heard = line =>
        {
            if (line.StartsWith("No progress", StringComparison.Ordinal))
            {
                gate.Set();
            }
            if (line.StartsWith("Progress again", StringComparison.Ordinal))
            {
                again.Set();
            }
        };
        Train(Inputs(part, gate, log, again), TestContext.Current.CancellationToken);
        // The order of the images decides whether it is the first batch.
        Assert.Contains(log.Texts, line => Regex.IsMatch(line, $"^No progress for 0\\.\\d seconds: after step [01] {Regex.Escape(message)}"));
        Assert.Contains(log.Texts, line => line.StartsWith("Progress again, after ", StringComparison.Ordinal));
    }

    /// <summary>A run that is stopped saves although a thread hangs in a read that nothing ends.</summary>
    [Fact]
    public void ARunThatHangsSavesWhenItIsStopped()
    {
        using var gate = new ManualResetEventSlim();
        using var stop = new CancellationTokenSource();
        var log = new Lines();
        log.Heard = line =>
        {
            if (line.StartsWith("No progress", StringComparison.Ordinal))
            {
                stop.Cancel();
            }
        };
        var clock = Stopwatch.StartNew();
        Assert.ThrowsAny<OperationCanceledException>(() => Train(Inputs("decoder", gate, log), stop.Token));
        gate.Set();
        Assert.True(Directory.Exists(Path.Combine(_folder, "checkpoints", "last")));
        Assert.InRange(clock.Elapsed.TotalSeconds, 0, 60);
    }

    private static void Pass(TestClock clock, int looks)
    {
        for (var look = 0; look < looks; look++)
        {
            clock.Pass(6);
        }
    }

    private ClipTrainInputs Inputs(string part, ManualResetEventSlim gate, Lines log, ManualResetEventSlim? again = null)
    {
        var config = TinyTraining.Config with { Steps = 4, CaptionsPerImage = 1, StallMinutes = 0.005 };
        var student = TinyTraining.NewStudent(config);
        var source = new HangingSource(part, gate, again);
        var loader = new SampleLoader(
            source, LoaderConfig.ForTraining(new DataConfig { Workers = 2 }, student.Transform, config.BatchSize, 1), log);
        return TinyTraining.Inputs(_folder, config, student, loader) with
        {
            Log = log,
            Vectors = part == "store" ? new HangingVectors(gate) : new TinyVectors(),
        };
    }

    private static void Train(ClipTrainInputs inputs, CancellationToken cancellation)
    {
        using (inputs.Student)
        using (inputs.Batches)
        {
            ClipTrainer.Run(inputs, cancellation);
        }
    }

    /// <summary>
    /// Sixteen images of one shard; the part that is named waits for the gate, and the second epoch for <paramref name="again"/>.
    /// </summary>
    private sealed class HangingSource(string part, ManualResetEventSlim gate, ManualResetEventSlim? again) : ISampleSource
    {
        private readonly byte[] _jpeg = DataFolder.Image(1);

        public string Description => "hanging";

        public int ShardCount => 1;

        public string ShardName(int shard) => "hanging.tar";

        public IEnumerable<Sample> ReadShard(int shard, Action<BadSample> onBad, CancellationToken cancellation = default)
        {
            for (var i = 0; i < 16; i++)
            {
                if (part == "shard" && i == 9)
                {
                    gate.Wait(cancellation);
                }
                yield return new Sample(
                    $"k{i}", $"hanging.tar: k{i}", [new Caption($"caption {i}", "en", CaptionKind.Short)],
                    new Image(_jpeg, part == "decoder" && i == 3 ? gate : null, again));
            }
        }
    }

    private sealed class Image(byte[] jpeg, ManualResetEventSlim? gate, ManualResetEventSlim? again) : IImageBytes
    {
        private int _reads;

        public byte[] Read()
        {
            var first = Interlocked.Increment(ref _reads) == 1;
            (first ? gate : again)?.Wait(TestContext.Current.CancellationToken);
            return jpeg;
        }
    }

    private sealed class HangingVectors(ManualResetEventSlim gate) : ICaptionVectors
    {
        private readonly TinyVectors _vectors = new();

        public int Dimension => _vectors.Dimension;

        public string Fingerprint => _vectors.Fingerprint;

        public void Gather(IReadOnlyList<Caption> captions, Span<float> into)
        {
            gate.Wait(TestContext.Current.CancellationToken);
            _vectors.Gather(captions, into);
        }
    }

    private sealed class Lines : IRunLog
    {
        private readonly Lock _lock = new();
        private readonly List<string> _texts = [];

        public Action<string> Heard { get; set; } = _ => { };

        public List<string> Texts
        {
            get
            {
                lock (_lock)
                {
                    return [.. _texts];
                }
            }
        }

        public void Info(string message)
        {
            lock (_lock)
            {
                _texts.Add(message);
            }
            Heard(message);
        }

        public void Warn(string message) => Info(message);

        public IProgressTask Start(string title, long total, string unit) => SilentLog.Instance;
    }
}
