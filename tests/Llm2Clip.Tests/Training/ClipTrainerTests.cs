using Llm2Clip.Evaluation;
using Llm2Clip.Layers;
using Llm2Clip.Models;
using Llm2Clip.Training;
using Llm2Clip.Training.Losses;
using Llm2Clip.Training.Stage2;
using static TorchSharp.torch;

namespace Llm2Clip.Tests.Training;

public sealed class ClipTrainerTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("clip-train-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void LossFallsOnImagesThatCanBeLearnedByHeart()
    {
        using var student = TinyTraining.NewStudent(TinyTraining.Config);
        var metrics = new Collected();
        Train(TinyTraining.Inputs(_folder, TinyTraining.Config with { Steps = 70, PatchDropout = 0, DropPath = 0, LearningRate = 3e-3 },
            student) with
        { Metrics = metrics });
        Assert.True(metrics.Of("train/loss").TakeLast(7).Average() < 0.7 * metrics.Of("train/loss").Take(7).Average());
    }

    [Theory]
    [InlineData(0, Precision.Fp32, ContrastiveLossKind.MultiPositive)]
    [InlineData(3, Precision.Fp32, ContrastiveLossKind.Infonce)]
    [InlineData(0, Precision.Bf16, ContrastiveLossKind.MultiPositive)]
    [InlineData(3, Precision.Fp32, ContrastiveLossKind.Sigmoid)]
    public void InterruptedRunEqualsAStraightOne(int microBatch, Precision precision, ContrastiveLossKind loss)
    {
        var config = TinyTraining.Config with { MicroBatch = microBatch, Precision = precision, Loss = loss };
        var straight = Path.Combine(_folder, "straight");
        using var one = TinyTraining.NewStudent(config);
        Train(TinyTraining.Inputs(straight, config, one));

        // The process ends without any clean-up after step 13; the checkpoint of step 10 is the last.
        var broken = Path.Combine(_folder, "broken");
        using var two = TinyTraining.NewStudent(config);
        var steps = 0;
        Assert.Throws<Killed>(() => Train(TinyTraining.Inputs(broken, config, two, new TinyBatches(config.BatchSize, (_, _) =>
        {
            if (++steps > 13)
            {
                throw new Killed();
            }
        }))));
        using var three = TinyTraining.NewStudent(config with { Seed = 99 });
        var resumed = Train(TinyTraining.Inputs(broken, config, three));

        Assert.Equal(20, resumed.State.Step);
        Assert.Equal(TinyTraining.Weights(one), TinyTraining.Weights(three));
        using var modelOfOne = Student.Load(Path.Combine(straight, "model"), CPU);
        using var modelOfThree = Student.Load(Path.Combine(broken, "model"), CPU);
        Assert.Equal(TinyTraining.Weights(modelOfOne), TinyTraining.Weights(modelOfThree));
        if (loss == ContrastiveLossKind.Sigmoid)
        {
            Assert.Equal(File.ReadAllBytes(Path.Combine(straight, "model", "loss.safetensors")),
                File.ReadAllBytes(Path.Combine(broken, "model", "loss.safetensors")));
        }
    }

    [Fact]
    public void CancellingSavesACheckpoint()
    {
        using var student = TinyTraining.NewStudent(TinyTraining.Config);
        using var source = new CancellationTokenSource();
        var steps = 0;
        var batches = new TinyBatches(TinyTraining.Config.BatchSize, (_, _) =>
        {
            if (++steps == 4)
            {
                source.Cancel();
            }
        });
        Assert.ThrowsAny<OperationCanceledException>(() =>
            Train(TinyTraining.Inputs(_folder, TinyTraining.Config, student, batches), source.Token));
        using var again = TinyTraining.NewStudent(TinyTraining.Config);
        var log = new Lines();
        Train(TinyTraining.Inputs(_folder, TinyTraining.Config, again) with { Log = log });
        Assert.Contains(log.Texts, line => line.StartsWith("Resumed at step 3,", StringComparison.Ordinal));
    }

    [Fact]
    public void CheckpointOfOtherSettingsIsRefusedByName()
    {
        using var student = TinyTraining.NewStudent(TinyTraining.Config);
        Train(TinyTraining.Inputs(_folder, TinyTraining.Config with { Steps = 5 }, student));
        using var other = TinyTraining.NewStudent(TinyTraining.Config);
        var error = Assert.Throws<ConfigException>(() =>
            Train(TinyTraining.Inputs(_folder, TinyTraining.Config with { Steps = 5, WeightDecay = 0.3, ClipNorm = 2, LogEvery = 1 },
                other)));
        Assert.Contains("\n  clip_train.weight_decay: 0.2 in the checkpoint, 0.3 now\n", error.Message);
        Assert.Contains("\n  clip_train.clip_norm: 1 in the checkpoint, 2 now\n", error.Message);
        Assert.Contains("\n  clip_train.log_every: 5 in the checkpoint, 1 now (this one may change)\n", error.Message);
        Assert.Contains("What may change when a run is resumed: clip_train.checkpoint_every, clip_train.checkpoint_minutes, ", error.Message);
        Assert.Contains(" clip_train.steps", error.Message);
    }

    [Fact]
    public void DamagedCheckpointIsAnInputError()
    {
        using var student = TinyTraining.NewStudent(TinyTraining.Config);
        Train(TinyTraining.Inputs(_folder, TinyTraining.Config with { Steps = 5 }, student));
        var last = Path.Combine(_folder, "checkpoints", "last");
        using var again = TinyTraining.NewStudent(TinyTraining.Config);
        var weights = TinyTraining.Weights(again);

        var stored = File.ReadAllBytes(Path.Combine(last, "weights.safetensors"));
        File.WriteAllBytes(Path.Combine(last, "weights.safetensors"), stored[..^100]);
        Assert.Throws<InputException>(() => Train(TinyTraining.Inputs(_folder, TinyTraining.Config with { Steps = 5 }, again)));
        Assert.Equal(weights, TinyTraining.Weights(again));

        File.WriteAllText(Path.Combine(last, "state.json"), "{");
        Assert.Contains("state.json", Assert.Throws<InputException>(() =>
            Train(TinyTraining.Inputs(_folder, TinyTraining.Config with { Steps = 5 }, again))).Message);
    }

    [Fact]
    public void LastWeightsAreKeptWhereConfigured()
    {
        using var student = TinyTraining.NewStudent(TinyTraining.Config);
        var scores = new Scores(0.9, 0.1, 0.1);
        var config = TinyTraining.Config with { EvalEvery = 3, Keep = KeptWeights.Last, Steps = 9 };
        using var model = Student.Load(Train(TinyTraining.Inputs(_folder, config, student) with { Evaluator = scores }).ModelFolder, CPU);
        Assert.Equal(scores.Seen[2], TinyTraining.Weights(model));
    }

    [Fact]
    public void NonFiniteLossStopsBeforeTheOptimizerMoves()
    {
        using var student = TinyTraining.NewStudent(TinyTraining.Config);
        var config = TinyTraining.Config with { CheckpointEvery = 2 };
        var steps = 0;
        var weights = Array.Empty<float>();
        var batches = new TinyBatches(config.BatchSize, (_, _) =>
        {
            if (++steps == 4)
            {
                using var off = no_grad();
                student.LogitScale.fill_(float.NaN);
                weights = TinyTraining.Weights(student);
            }
        });
        var error = Assert.Throws<RunException>(() => Train(TinyTraining.Inputs(_folder, config, student, batches)));
        Assert.Contains("is not finite at step 3", error.Message);
        Assert.Contains("is kept", error.Message);
        // The batch of index 3 holds the images from 3 * 8 on.
        Assert.Contains(
            "(epoch 1, batch 3: image 24, image 25, image 26, image 27, image 28, and 3 more, which --verbose lists)", error.Message);
        Assert.Equal(weights, TinyTraining.Weights(student));
        Assert.True(Directory.Exists(Path.Combine(_folder, "checkpoints", "last")));

        // Once the cause is gone, the run resumes as if nothing had been.
        using var straight = TinyTraining.NewStudent(config);
        Train(TinyTraining.Inputs(Path.Combine(_folder, "straight"), config, straight));
        using var again = TinyTraining.NewStudent(config with { Seed = 99 });
        var log = new Lines();
        Train(TinyTraining.Inputs(_folder, config, again) with { Log = log });
        Assert.Contains(log.Texts, line => line.StartsWith("Resumed at step 2,", StringComparison.Ordinal));
        Assert.Equal(TinyTraining.Weights(straight), TinyTraining.Weights(again));
    }

    [Fact]
    public void BestModelIsExportedAndTrainingStopsEarly()
    {
        using var student = TinyTraining.NewStudent(TinyTraining.Config);
        var scores = new Scores(0.1, 0.3, 0.2, 0.2, 0.9);
        var config = TinyTraining.Config with { EvalEvery = 3, EarlyStop = 2, Steps = 30 };
        var result = Train(TinyTraining.Inputs(_folder, config, student) with { Evaluator = scores });
        Assert.Equal(12, result.State.Step);
        Assert.Equal(6, result.State.BestStep);
        using var model = Student.Load(result.ModelFolder, CPU);
        Assert.Equal(scores.Seen[1], TinyTraining.Weights(model));
        Assert.Equal("tiny", model.TeacherFingerprint);
    }

    private static ClipTrainResult Train(ClipTrainInputs inputs, CancellationToken? cancellation = null) =>
        ClipTrainer.Run(inputs, cancellation ?? TestContext.Current.CancellationToken);

    private sealed class Killed : Exception;

    private sealed class Scores(params double[] scores) : IStudentEvaluator
    {
        public List<float[]> Seen { get; } = [];

        public StudentScore Evaluate(Student student, CancellationToken cancellation)
        {
            Seen.Add(TinyTraining.Weights(student));
            return new StudentScore(scores[Seen.Count - 1], "score", new Dictionary<string, double>());
        }
    }

    private sealed class Collected : IMetricsSink
    {
        private readonly List<(string Tag, double Value)> _values = [];

        public void Scalar(string tag, long step, double value) => _values.Add((tag, value));

        public IEnumerable<double> Of(string tag) => _values.Where(v => v.Tag == tag).Select(v => v.Value);
    }
}
