using Llm2Clip.Data;
using Llm2Clip.Models;
using Llm2Clip.Teachers.Store;
using Llm2Clip.Training.Losses;
using Llm2Clip.Training.Stage2;
using static TorchSharp.torch;

namespace Llm2Clip.Tests.Training;

/// <summary>The queue of cached captions, and runs with all terms of the loss: what is in them, resumed runs, micro-batches.</summary>
public sealed class TextQueueTests : IDisposable
{
    private const int Size = 40;

    private static readonly ClipTrainConfig Config = TinyTraining.Config with
    {
        TextQueue = Size,
        TextQueueSteps = 4,
        Retention = new RetentionConfig { Weight = 0.5 },
        Relational = new RelationalConfig { Weight = 0.3 },
    };

    private readonly string _folder = Directory.CreateTempSubdirectory("text-queue-").FullName;
    private readonly List<string> _texts =
        [.. Enumerable.Range(0, 7 * 8).SelectMany(image => Enumerable.Range(0, 3).Select(c => $"image {image} caption {c}"))];

    private readonly EmbeddingStore _store;

    public TextQueueTests()
    {
        using (var writer = EmbeddingStore.Create(Path.Combine(_folder, "store"), "tiny", TinyTraining.VectorLength, VectorType.Fp32))
        {
            var vectors = new float[_texts.Count * TinyTraining.VectorLength];
            new TinyVectors().Gather([.. _texts.Select(text => new Caption(text, "en", CaptionKind.Short))], vectors);
            writer.Append(_texts, vectors);
            writer.Complete();
        }
        _store = EmbeddingStore.Open(Path.Combine(_folder, "store"));
    }

    public void Dispose()
    {
        _store.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>
    /// Each row of the queue is the features of a different training caption, by the weights of the step at which it came, and those of the
    /// batch's images are masked. A quarter of the queue is new in each step.
    /// </summary>
    [Fact]
    public void TheQueueHoldsDifferentCaptionsAndMasksThoseOfTheBatch()
    {
        using var scope = NewDisposeScope();
        using var student = TinyTraining.NewStudent(Config);
        using var queue = new TextQueue(Pool(), Config, Config.CreateSampler(), student.TextAdapter);
        var features = Features(student);
        List<float[]> before = [];
        var (masked, step) = (0, 0);
        foreach (var batch in new TinyBatches(8).Epoch(0, 0, TestContext.Current.CancellationToken))
        {
            var queued = queue.At(step++, batch);
            var (rows, mask) = (Rows(queued.Features), GoldenTensors.Values(queued.Mask));
            var texts = rows.Select(row => features.Single(entry => Close(entry.Value, row)).Key).ToList();
            Assert.Equal(Size, texts.Distinct().Count());
            var own = batch.Samples.SelectMany(sample => sample.Captions).Select(caption => caption.Text).ToHashSet();
            Assert.Equal(texts.Select(text => own.Contains(text) ? QueuedCaptions.Gone : 0), mask);
            masked += mask.Count(value => value < 0);
            if (before.Count > 0)
            {
                Assert.Equal(Size - Size / 4, rows.Zip(before).Count(pair => pair.First.SequenceEqual(pair.Second)));
            }
            before = rows;
        }
        Assert.InRange(masked, 1, 7 * 24);
    }

    [Fact]
    public void FeaturesStayUntilTheirTurnComes()
    {
        using var scope = NewDisposeScope();
        using var student = TinyTraining.NewStudent(Config);
        using var queue = new TextQueue(Pool(), Config, Config.CreateSampler(), student.TextAdapter);
        var batches = new TinyBatches(8).Epoch(0, 0, TestContext.Current.CancellationToken).Take(5).ToList();
        queue.At(0, batches[0]);
        using (no_grad())
        {
            student.TextAdapter.Initialize(99);
        }
        var (old, fresh) = (Features(TinyTraining.NewStudent(Config)), Features(student));
        for (var step = 1; step <= 4; step++)
        {
            var rows = Rows(queue.At(step, batches[step]).Features);
            Assert.Equal(Size * step / 4, rows.Count(row => fresh.Values.Any(other => Close(other, row))));
            Assert.Equal(Size - (Size * step / 4), rows.Count(row => old.Values.Any(other => Close(other, row))));
        }
    }

    [Theory]
    [InlineData(0, ContrastiveLossKind.MultiPositive)]
    [InlineData(3, ContrastiveLossKind.Infonce)]
    [InlineData(3, ContrastiveLossKind.Sigmoid)]
    public void AnInterruptedRunWithAllTermsEqualsAStraightOne(int micro, ContrastiveLossKind loss)
    {
        var config = Config with { MicroBatch = micro, Loss = loss };
        var straight = Train("straight", config, out var terms);
        Assert.Contains("train/retention", terms);
        Assert.Contains("train/relational", terms);
        Assert.Throws<Killed>(() => Train("broken", config, out _, stopAfter: 13));
        Assert.Equal(straight, Train("broken", config, out _));
        // Each term has its part in it.
        Assert.NotEqual(straight, Train("no queue", config with { TextQueue = 0 }, out _));
        Assert.NotEqual(straight, Train("no retention", config with { Retention = new RetentionConfig() }, out _));
        Assert.NotEqual(straight, Train("no relation", config with { Relational = new RelationalConfig() }, out _));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void MicroBatchesGiveTheGradientOfTheWholeBatch(bool projected)
    {
        var config = Config with { DropPath = 0, PatchDropout = 0, TextDropout = 0 };
        var (loss, gradient) = Gradient(config, projected);
        var (partLoss, partGradient) = Gradient(config with { MicroBatch = 3 }, projected);
        Assert.Equal(loss, partLoss, 1e-5);
        Assert.Equal(gradient.Length, partGradient.Length);
        // The same sums in another order: fp32 of gradients up to about 1.
        Assert.True(gradient.Zip(partGradient).Max(pair => Math.Abs(pair.First - pair.Second)) < 1e-5);
    }

    [Fact]
    public void AQueueThatIsLongerThanTheDataIsRefused()
    {
        using var student = TinyTraining.NewStudent(Config);
        var error = Assert.Throws<ConfigException>(() => new TextQueue(
            Pool(), Config with { TextQueue = 169 }, Config.CreateSampler(), student.TextAdapter));
        Assert.Equal(
            "clip_train.text_queue is 169, and the training draws 168 different captions: set it to at most that.", error.Message);
    }

    [Fact]
    public void AFrozenEncoderHasNothingToRetain() => Assert.Contains(
        Config with { UnlockedBlocks = 0, DropPath = 0, PatchDropout = 0 } is var config ? config.Check() : [],
        problem => problem.Key == "retention.weight");

    private TextPool Pool() => new(_store, [.. _texts.Concat(_texts).Select(text => _store.Find(CaptionHash.Of(text)))]);

    private float[] Train(string name, ClipTrainConfig config, out HashSet<string> tags, int stopAfter = int.MaxValue)
    {
        using var student = TinyTraining.NewStudent(config);
        using var original = config.Retention.Weight > 0 ? new OriginalEncoder(TinyTraining.NewStudent(config), false) : null;
        var steps = 0;
        var sink = new Tags();
        var batches = new TinyBatches(config.BatchSize, (_, _) =>
        {
            if (++steps > stopAfter)
            {
                throw new Killed();
            }
        });
        var inputs = TinyTraining.Inputs(Path.Combine(_folder, name), config, student, batches) with
        {
            TextPool = Pool(),
            Original = original,
            Metrics = sink,
        };
        ClipTrainer.Run(inputs, TestContext.Current.CancellationToken);
        tags = sink.Seen;
        return TinyTraining.Weights(student);
    }

    private (double Loss, float[] Gradient) Gradient(ClipTrainConfig config, bool projected)
    {
        using var student = TinyTraining.NewStudent(config);
        using var original = new OriginalEncoder(TinyTraining.NewStudent(config with { Seed = 77 }), projected);
        using var queue = new TextQueue(Pool(), config, config.CreateSampler(), student.TextAdapter);
        using var loss = config.CreateLoss(CPU);
        var step = new ClipTrainStep(student, config, new TinyVectors(), config.CreateSampler(), loss, original, queue);
        using var batch = new TinyBatches(config.BatchSize).Epoch(0, 0, TestContext.Current.CancellationToken).First();
        var value = step.Backward(batch, 0, 0);
        // The loss is the sum of its terms: the parts are of a size that shows.
        Assert.All(step.Terms, term => Assert.InRange(term.Value, 1e-4, 2.5));
        return (value, [.. student.NamedParameters().Where(p => p.Parameter.grad is not null)
            .SelectMany(p => GoldenTensors.Values(p.Parameter.grad!))]);
    }

    private Dictionary<string, float[]> Features(Student student)
    {
        var vectors = new float[_texts.Count * TinyTraining.VectorLength];
        _store.Gather(_texts, vectors);
        var features = student.EncodeTexts(vectors, _texts.Count).Chunk(TinyTraining.Model.EmbedDim ?? 0).ToList();
        return _texts.Zip(features).ToDictionary(pair => pair.First, pair => pair.Second);
    }

    private static List<float[]> Rows(TorchSharp.torch.Tensor rows) => [.. GoldenTensors.Values(rows).Chunk((int)rows.shape[1])];

    private static bool Close(float[] x, float[] y) => x.Zip(y).All(pair => Math.Abs(pair.First - pair.Second) < 1e-5);

    private sealed class Killed : Exception;

    private sealed class Tags : IMetricsSink
    {
        public HashSet<string> Seen { get; } = [];

        public void Scalar(string tag, long step, double value) => Seen.Add(tag);
    }
}
