using Llm2Clip.Data;
using Llm2Clip.Teachers;
using Llm2Clip.Teachers.Store;
using Llm2Clip.Tests.Cli;

namespace Llm2Clip.Tests.Teachers;

/// <summary>The LLM's vectors are kept batch by batch, and its progress is shown from the first batch on.</summary>
public sealed class CaptionFillerTests : IDisposable
{
    private const int Window = 64;

    private readonly string _root = Directory.CreateTempSubdirectory("filler-").FullName;
    private readonly TestClock _clock = new();

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void AStoppedRunLosesOneBatchAndNotAWindow()
    {
        using var stop = new CancellationTokenSource();
        var encoder = new BatchEncoder(batch =>
        {
            if (batch == 5)
            {
                stop.Cancel();
            }
        });
        Assert.Throws<OperationCanceledException>(() => Fill(encoder, SilentLog.Instance, stop.Token));
        using (var store = EmbeddingStore.Open(Store))
        {
            Assert.Equal(5 * BatchEncoder.Texts, store.Count);
        }
        var rest = new BatchEncoder(_ => { });
        Assert.Equal(100 - 5 * BatchEncoder.Texts, Fill(rest, SilentLog.Instance, TestContext.Current.CancellationToken).Added);
        using var whole = EmbeddingStore.Open(Store);
        Assert.Equal(100, whole.Count);
        var (stored, vector) = (new float[4], rest.Encode(["caption 7"], SilentLog.Instance, CancellationToken.None).Vectors);
        Assert.True(whole.TryGet("caption 7", stored));
        Assert.Equal(vector, stored);
    }

    [Fact]
    public void VectorsAreCommittedByTime()
    {
        List<long> readable = [];
        var encoder = new BatchEncoder(_ =>
        {
            using (var store = EmbeddingStore.Open(Store))
            {
                readable.Add(store.Count);
            }
            _clock.Pass(4);
        });
        Fill(encoder, SilentLog.Instance, TestContext.Current.CancellationToken);
        Assert.Equal([0, 0, 0, 24, 24, 24, 48], readable.Take(7));
    }

    [Fact]
    public void ProgressBeginsWithTheFirstBatchAndKnowsTheWhole()
    {
        var log = new Progress();
        List<long> done = [];
        var encoder = new BatchEncoder(_ =>
        {
            done.Add(log.Done);
            _clock.Pass(2);
        });
        Fill(encoder, log, TestContext.Current.CancellationToken);
        Assert.Equal((100, 100), (log.Total, log.Done));
        Assert.Equal([0, 8, 16, 24], done.Take(4));
        Assert.Equal("5 tok/s", log.Detail);
    }

    private string Store => Path.Combine(_root, "store");

    private (long Seen, long Added, long Truncated) Fill(BatchEncoder encoder, IRunLog log, CancellationToken cancellation)
    {
        using var writer = EmbeddingStore.Create(Store, "batches", 4, VectorType.Fp32);
        return CaptionFiller.Fill(
            writer, Captions(), (texts, _, stop) => ((ILlmEncoder)encoder).EncodeInBatches(texts, stop), Window, "Embed", log, cancellation,
            clock: _clock);
    }

    /// <summary>A sequence that does not know its length.</summary>
    private static IEnumerable<Caption> Captions() =>
        Enumerable.Range(0, 100).Where(_ => true).Select(i => new Caption($"caption {i}", "en", CaptionKind.Short));

    /// <summary>Eight texts per batch; a vector follows from its text. <paramref name="before"/> is called before each batch.</summary>
    private sealed class BatchEncoder(Action<int> before) : ILlmEncoder
    {
        public const int Texts = 8;

        private readonly FakeEncoder _vectors = new(4);
        private int _batches;

        public int Dimension => 4;

        public string Fingerprint => "batches";

        public EncodedTexts Encode(IReadOnlyList<string> texts, IRunLog log, CancellationToken cancellation = default) =>
            _vectors.Encode(texts, log, cancellation);

        public IEnumerable<EncodedBatch> EncodeInBatches(IReadOnlyList<string> texts, CancellationToken cancellation = default)
        {
            for (var start = 0; start < texts.Count; start += Texts)
            {
                before(_batches++);
                cancellation.ThrowIfCancellationRequested();
                int[] batch = [.. Enumerable.Range(start, Math.Min(Texts, texts.Count - start)).Reverse()];
                var encoded = Encode([.. batch.Select(text => texts[text])], SilentLog.Instance, cancellation);
                yield return new EncodedBatch(batch, encoded.Vectors, 0, Tokens: 10, (double)(start + batch.Length) / texts.Count);
            }
        }

        public void Dispose()
        {
        }
    }

    private sealed class Progress : IRunLog, IProgressTask
    {
        public long Total { get; private set; }

        public long Done { get; private set; }

        public string Detail { get; private set; } = "";

        public void Info(string message)
        {
        }

        public void Warn(string message)
        {
        }

        public IProgressTask Start(string title, long total, string unit)
        {
            Total = total;
            return this;
        }

        public void Advance(long units, string? detail = null)
        {
            Done += units;
            Detail = detail ?? Detail;
        }

        public void Dispose()
        {
        }
    }
}
