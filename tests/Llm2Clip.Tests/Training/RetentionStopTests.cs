using Llm2Clip.Configuration;
using Llm2Clip.Evaluation;
using Llm2Clip.Evaluation.Classification;
using Llm2Clip.Models;
using Llm2Clip.Pipeline;
using Llm2Clip.Training;
using Llm2Clip.Training.Checkpoints;
using Llm2Clip.Training.Losses;
using Llm2Clip.Training.Stage2;
using static TorchSharp.torch;

namespace Llm2Clip.Tests.Training;

/// <summary>
/// <c>clip_train.retention.max_drop</c>: training stops where too much is lost, and the weights from before are the model.
/// </summary>
public sealed class RetentionStopTests : IDisposable
{
    private static readonly ClipTrainConfig Config = TinyTraining.Config with
    {
        EvalEvery = 2,
        Steps = 10,
        Retention = new RetentionConfig { Data = "photos", MaxDrop = 5 },
    };

    private readonly string _folder = Directory.CreateTempSubdirectory("clip-train-").FullName;
    private readonly List<float[]> _measured = [];
    private readonly Lines _log = new();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(KeptWeights.Last)]
    [InlineData(KeptWeights.Best)]
    public void TheLastPermittedWeightsAreTheModel(KeptWeights keep)
    {
        var result = Train(Config with { Keep = keep }, [0.80, 0.82, 0.751, 0.74, 0.9]);
        Assert.Equal((6, TrainingEnd.Retention, 4), (result.State.Step, result.End, result.ModelStep));
        Assert.Equal(new RetainedShares(0.80, 0.74, 4), result.State.Retained);
        Assert.Equal("watched", result.Watched);
        Assert.Equal(_measured[2], Model(result));
        Assert.Contains(_log.Texts, line => line == "Retention, before training: 80.0 % (watched).");
        Assert.Contains(_log.Texts, line => line.StartsWith("step 4: loss ", StringComparison.Ordinal)
            && line.EndsWith(", retained 75.1 %", StringComparison.Ordinal));
        Assert.Contains(
            "Stopping at step 6: of 80.0 % before training 6.0 points are lost, more than the 5 of clip_train.retention.max_drop.",
            _log.Texts);
    }

    /// <summary>Exactly so many points are allowed, and what was gained before counts for nothing.</summary>
    [Fact]
    public void ARunThatLosesNoMoreThanThatTrainsToItsEnd()
    {
        var result = Train(Config, [0.80, 0.99, 0.75, 0.75, 0.76, 0.75]);
        Assert.Equal((10, TrainingEnd.Budget, 10), (result.State.Step, result.End, result.ModelStep));
        Assert.Equal(_measured[^1], Model(result));
        Assert.DoesNotContain(_log.Texts, line => line.StartsWith("Stopping", StringComparison.Ordinal));
    }

    [Fact]
    public void WhereTheFirstEvaluationHasLostTooMuchTheModelIsTheStart()
    {
        var result = Train(Config, [0.80, 0.10]);
        Assert.Equal((2, TrainingEnd.Retention, 0), (result.State.Step, result.End, result.ModelStep));
        Assert.Equal(_measured[0], Model(result));
    }

    [Fact]
    public void AScoreOfWeightsThatLostTooMuchIsNotTheBest()
    {
        var scores = new Scores(0.3, 0.2, 0.9);
        var result = Train(Config, [0.80, 0.80, 0.80, 0.60], scores);
        Assert.Equal((6, TrainingEnd.Retention, 2), (result.State.Step, result.End, result.ModelStep));
        Assert.Equal(2, result.State.BestStep);
        Assert.Equal(_measured[1], Model(result));

        // The last weights count, so that those of step 4 are the model, although 2 scored better.
        var last = Train(Config with { Keep = KeptWeights.Last }, [0.80, 0.80, 0.80, 0.60], new Scores(0.3, 0.2, 0.9), "last");
        Assert.Equal(4, last.ModelStep);
    }

    [Fact]
    public void WithoutALimitItIsMeasuredAndNothingElse()
    {
        var result = Train(Config with { Retention = new RetentionConfig { Data = "photos" } }, [0.80, 0.1, 0.1, 0.1, 0.1, 0.1]);
        Assert.Equal((10, TrainingEnd.Budget), (result.State.Step, result.End));
        Assert.Equal(0.1, result.State.Retained!.Now);
    }

    [Fact]
    public void AStoppedRunStaysStoppedUntilTheLimitIsRaised()
    {
        Train(Config, [0.80, 0.70]);
        var again = Train(Config, []);
        Assert.Equal((2, TrainingEnd.Retention, 0), (again.State.Step, again.End, again.ModelStep));
        Assert.Contains(
            _log.Texts, line => line.Contains("it lost too much. Raise clip_train.retention.max_drop", StringComparison.Ordinal));

        // The start is not measured again: the checkpoint has it.
        var further = Train(Config with { Retention = Config.Retention with { MaxDrop = 15 } }, [0.69, 0.68, 0.64]);
        Assert.Equal((8, TrainingEnd.Retention, 6), (further.State.Step, further.End, further.ModelStep));
        Assert.Contains("Changed since: clip_train.retention.max_drop: 5 in the checkpoint, 15 now.", _log.Texts);
        var error = Assert.Throws<ConfigException>(() => Train(Config with { Retention = Config.Retention with { Data = "others" } }, []));
        Assert.Contains(
            "clip_train.retention.data: \"photos\" in the checkpoint, \"others\" now\n", error.Message, StringComparison.Ordinal);
    }

    /// <summary>A key that a section got since a checkpoint was saved makes no difference as long as it is left out.</summary>
    [Fact]
    public void CheckpointsFromBeforeAKeyAreResumed()
    {
        var wanted = RunIdentity.Section("clip_train", new ClipTrainConfig())
            .Append(KeyValuePair.Create("data.train", "{a,b}.tar")).ToDictionary();
        var stored = wanted.ToDictionary();
        stored["clip_train.retention"] = """{"weight":0}""";
        Assert.Empty(RunIdentity.Differences(stored, wanted));
        stored["clip_train.retention"] = """{"weight":0.5}""";
        var change = Assert.Single(RunIdentity.Differences(stored, wanted));
        Assert.Equal(("clip_train.retention.weight", "0.5", "0"), (change.Key, change.Stored, change.Wanted));
    }

    [Theory]
    [InlineData("clip_train: {retention: {max_drop: 2}}", "clip_train.retention.max_drop is 2, but retention.data names no labeled images")]
    [InlineData("clip_train: {retention: {max_drop: 2, data: x}}", "clip_train.retention.max_drop is 2, but eval_every 0 measures it only")]
    [InlineData("clip_train: {unlocked_blocks: 0, retention: {data: x}}", "clip_train.retention.data names images to watch, but unlocked")]
    [InlineData("clip_train: {retention: {max_drop: 101}}", "clip_train.retention.max_drop is '101'; it must be")]
    public void SettingsThatContradictEachOther(string yaml, string problem)
    {
        var error = Assert.Throws<ConfigException>(() => ConfigBinder.Parse<RunConfig>(yaml, "run.yaml"));
        Assert.Contains(problem, error.Message, StringComparison.Ordinal);
    }

    private ClipTrainResult Train(ClipTrainConfig config, double[] shares, IStudentEvaluator? evaluator = null, string name = "run")
    {
        using var student = TinyTraining.NewStudent(config);
        var left = new Queue<double>(shares);
        var watch = new RetentionWatch("watched", (now, _) =>
        {
            _measured.Add(TinyTraining.Weights(now));
            return left.Dequeue();
        });
        var inputs = TinyTraining.Inputs(Path.Combine(_folder, name), config, student);
        return ClipTrainer.Run(inputs with { Watch = watch, Evaluator = evaluator, Log = _log }, TestContext.Current.CancellationToken);
    }

    private static float[] Model(ClipTrainResult result)
    {
        using var model = Student.Load(result.ModelFolder, CPU);
        return TinyTraining.Weights(model);
    }

    private sealed class Scores(params double[] scores) : IStudentEvaluator
    {
        private int _seen;

        public StudentScore Evaluate(Student student, CancellationToken cancellation) =>
            new(scores[_seen++], "score", new Dictionary<string, double>());
    }
}
