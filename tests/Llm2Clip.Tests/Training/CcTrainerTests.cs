using Llm2Clip.Data;
using Llm2Clip.Evaluation;
using Llm2Clip.Pipeline;
using Llm2Clip.Teachers;
using Llm2Clip.Teachers.Adapter;
using Llm2Clip.Teachers.Store;
using Llm2Clip.Tests.Teachers;
using Llm2Clip.Training.Stage1;

namespace Llm2Clip.Tests.Training;

public sealed class CcTrainerTests : IDisposable
{
    private const int Dimension = 32;

    private readonly string _root = Directory.CreateTempSubdirectory("cc-").FullName;
    private readonly FakeEncoder _encoder = new(Dimension);

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void TrainingRaisesRecallAndOwnMeansHelpOtherLanguages()
    {
        FakeData.Write(_root, "train", 1000, 400, 3, "en", "xx"); // Enough topics that what is learned holds for others.
        var adapted = new AdapterConfig { Kind = AdapterKind.Linear, Dimension = 16, Dropout = 0.1, Start = AdapterStart.Random };
        var result = Run(Config("teacher") with { Epochs = 15, EvaluateEvery = 5, BatchSize = 50, LearningRate = 5e-3, Adapter = adapted });
        var before = Recall(result, "raw, training mean", "en", "en");
        var after = Recall(result, "adapter, training mean", "en", "en");
        Assert.True(after > before + 0.15, $"R@10 {before} -> {after}");
        Assert.True(Recall(result, "adapter, own mean", "xx", "en") > Recall(result, "adapter, training mean", "xx", "en") + 0.1);
        Assert.True(Recall(result, "raw", "en", "en") <= before + 0.1);
        Assert.Contains("xx: 400 sentences", Assert.Single(result.Probe!.Rows.Single(row => row.Name == "adapter, own mean").OwnMeans));
        Assert.Equal([0, 5, 10, 15], result.History.Select(e => e.Epoch));

        // What was written is the teacher of the result: its vectors are those that were scored.
        using var adapter = CcAdapter.Load(Path.Combine(_root, "teacher", CcAdapter.FileName));
        Assert.Equal(result.Fingerprint, new Teacher(_encoder, new TeacherSettings(), adapter).Fingerprint);
        Assert.Equal(adapter.Dimension, TeacherFolder.Read(Path.Combine(_root, "teacher")).Dimension);
        Assert.True(File.Exists(Path.Combine(_root, "teacher", "cc-finetune.json")));
        var probe = EvalCaptions.Run(new RunConfig
        {
            EvalCaptions = new CaptionProbeConfig { RawStore = Path.Combine(_root, "raw") },
            Data = Data()
        }, Tuned(adapter), SilentLog.Instance, TestContext.Current.CancellationToken);
        Assert.Equal(after, probe.Rows.Single(row => row.Name == "adapter, training mean").Scores.Single(s =>
            s is { From: "en", To: "en" }).Recall.RecallAt10);
        Assert.Contains(probe.Rows, row => row.Name == "adapter, own mean");
    }

    [Fact]
    public void TheSameSeedGivesTheSameTeacherAndLlmVectorsAreComputedOnce()
    {
        var first = Run(Config("one"));
        var ran = _encoder.Encoded.Count;
        var second = Run(Config("two"));
        Assert.Equal(ran, _encoder.Encoded.Count);
        Assert.Equal(_encoder.Encoded.Count, _encoder.Encoded.Distinct().Count());
        Assert.Equal(first.Fingerprint, second.Fingerprint);
        Assert.NotEqual(first.Fingerprint, Run(Config("three") with { Seed = 1 }).Fingerprint);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public void MicroBatchesDoNotChangeTheTraining(int hardNegatives)
    {
        var config = Config("whole") with { Epochs = 2, HardNegatives = hardNegatives, Adapter = Config("").Adapter with { Dropout = 0 } };
        var whole = Run(config);
        var micro = Run(config with { Output = Path.Combine(_root, "micro"), MicroBatch = 11 });
        Assert.InRange(micro.FinalLoss, whole.FinalLoss - 1e-4, whole.FinalLoss + 1e-4);
    }

    [Fact]
    public void TheKeptEpochIsChosenOnHeldOutTrainingImagesAlone()
    {
        var config = Config("teacher") with
        {
            Selection = CcSelection.HeldOut,
            HeldOutImages = 25,
            Epochs = 6,
            EvaluateEvery = 1,
            LearningRate = 0.02
        };
        var result = Run(config);
        Assert.InRange(result.HeldOut, 10, 45);
        Assert.Equal(60, result.HeldOut + result.Images);
        var best = result.History.MaxBy(e => e.Criterion)!;
        Assert.Equal(best.Epoch, result.KeptEpoch);
        Assert.Equal(Score(best.Rows, "adapter, training mean"), Score(result.Probe!.Rows, "adapter, training mean"));

        static double Score(IReadOnlyList<ProbeRow> rows, string name) => rows.First(row => row.Name == name).Scores[0].Recall.RecallAt10;
    }

    [Fact]
    public void PatienceEndsTheTraining()
    {
        var result = Run(Config("teacher") with
        {
            Selection = CcSelection.HeldOut,
            HeldOutImages = 25,
            Epochs = 50,
            EvaluateEvery = 1,
            Patience = 2,
            LearningRate = 1e-9
        });
        Assert.Equal(2, result.History[^1].Epoch);
        Assert.Equal(0, result.KeptEpoch);
    }

    [Fact]
    public void ALossThatIsNotFiniteEndsTheRunWithNothingWritten()
    {
        var error = Assert.Throws<RunException>(() => Run(Config("teacher") with { LearningRate = 1e30 }));
        Assert.Contains("learning_rate", error.Message);
        Assert.False(Directory.Exists(Path.Combine(_root, "teacher")));
    }

    [Fact]
    public void AFinishedTrainingSaysSoAndMayBeGivenMoreEpochs()
    {
        var first = Run(Config("teacher"));
        var log = new Lines();
        var again = Run(Config("teacher"), log);
        Assert.Contains(log.Texts, line => line.StartsWith("Already complete at step ", StringComparison.Ordinal));
        Assert.Equal((first.Fingerprint, first.FinalLoss, first.Steps), (again.Fingerprint, again.FinalLoss, again.Steps));
        Assert.Equal(first.History.Count, again.History.Count);

        var grown = Run(Config("teacher") with { Epochs = 5 }, log);
        Assert.Equal((5, first.Steps / 3 * 5), (grown.History[^1].Epoch, grown.Steps));
        Assert.NotEqual(first.Fingerprint, grown.Fingerprint);
    }

    [Fact]
    public void ACheckpointIsATeacher()
    {
        using var stop = new CancellationTokenSource();
        var metrics = new StopAfter(4, stop);
        Assert.ThrowsAny<OperationCanceledException>(() => CcTrainer.Run(
            Config("teacher"), Data(), Tuned(null), metrics, SilentLog.Instance, stop.Token));
        var folder = TeacherFolder.Find(Path.Combine(_root, "teacher"));
        Assert.Equal(Path.Combine(_root, "teacher", "checkpoint"), folder);
        var manifest = TeacherFolder.Read(folder);
        Assert.Equal(16, manifest.Dimension);
        Assert.Equal(Path.Combine(_root, "fake.gguf"), Path.GetFullPath(Path.Combine(folder, manifest.Gguf)));
        using (var adapter = CcAdapter.Load(Path.Combine(folder, manifest.Adapter!)))
        {
            Assert.Equal(["en", "xx"], adapter.Means.Languages.Select(mean => mean.Language));
        }
        Run(Config("teacher"));
        Assert.Equal(Path.Combine(_root, "teacher"), TeacherFolder.Find(Path.Combine(_root, "teacher")));
    }

    [Fact]
    public void ExtraTextIsTrainedOnToo()
    {
        var text = Path.Combine(_root, "more.jsonl");
        File.WriteAllLines(text, Enumerable.Range(500, 40).Select(topic =>
            $"{{\"key\": \"m{topic}\", \"captions\": {{\"en\": [\"{FakeEncoder.Text("en", topic, topic)}\", \"{FakeEncoder.Text("en", topic, topic + 1)}\"], \"de\": [\"{FakeEncoder.Text("de", topic, 1)}\"]}}}}"));
        var result = Run(Config("teacher") with { Epochs = 1, ExtraText = [new TextSourceConfig { Path = text, Language = "en" }] });
        Assert.Equal((100, 320), (result.Images, result.Captions));
        Assert.DoesNotContain(_encoder.Encoded, caption => caption.StartsWith("de", StringComparison.Ordinal));
    }

    [Fact]
    public void WithoutLanguagesAllAreTrainedOn()
    {
        var result = Run(Config("teacher") with { Languages = [], LanguageText = [], Epochs = 1 });
        Assert.Equal((60, 480), (result.Images, result.Captions)); // 4 wordings in en and in xx
        using var adapter = CcAdapter.Load(Path.Combine(_root, "teacher", CcAdapter.FileName));
        Assert.All(adapter.Means.Languages, mean => Assert.True(mean.Training));
        Assert.Equal(["en", "xx"], adapter.Means.Languages.Select(mean => mean.Language));
    }

    [Fact]
    public void WithoutAnAdapterTheVectorsAreCenteredAndOneCaptionPerImageIsEnough()
    {
        FakeData.Write(_root, "train", 1000, 40, 1, "en", "xx");
        var result = Run(Config("teacher") with { Adapter = new AdapterConfig { Kind = AdapterKind.None } });
        Assert.Equal((0, 40, 40), (result.Steps, result.Images, result.Captions));
        Assert.Contains(result.Probe!.Rows, row => row.Name == "raw, own mean");

        using var adapter = CcAdapter.Load(Path.Combine(_root, "teacher", CcAdapter.FileName));
        Assert.Equal((Dimension, result.Fingerprint), (adapter.Dimension, Tuned(adapter).Fingerprint));
        var raw = _encoder.Encode(["en topic 1 wording 1"], SilentLog.Instance, TestContext.Current.CancellationToken).Vectors;
        var centered = adapter.Apply(raw, "en", CenteringMode.Training);
        Assert.Equal(raw.Zip(adapter.Means.Of("en")!.Vector, (value, mean) => value - mean), centered);
        Assert.Equal("../raw", TeacherFolder.Read(Path.Combine(_root, "teacher")).RawStore);
    }

    [Fact]
    public void TheConfigurationIsChecked()
    {
        Assert.Throws<ConfigException>(() => Run(Config("teacher") with { Output = "" }));
        var problems = new CcFinetuneConfig
        {
            Languages = ["en"], ExtraText = [new TextSourceConfig { Language = "zh" }], Pairs = ["en-zh"], LearningRate = 0,
        }.Check().Select(problem => problem.Key);
        Assert.Equal(["extra_text", "pairs", "learning_rate"], problems);
    }

    private CcFinetuneConfig Config(string name) => new()
    {
        Output = Path.Combine(_root, name),
        RawStore = Path.Combine(_root, "raw"),
        RawDtype = VectorType.Fp32,
        Languages = ["en"],
        Adapter = new AdapterConfig { Dimension = 16, Dropout = 0.1 },
        LanguageText = [new TextSourceConfig { Language = "xx", CaptionsPerGroup = 1 }],
        Scale = 20,
        BatchSize = 20,
        Epochs = 3,
        LearningRate = 2e-3,
        WarmupSteps = 5,
    };

    private DataConfig Data()
    {
        var train = Path.Combine(_root, "train.jsonl");
        return new DataConfig
        {
            Train = File.Exists(train) ? train : FakeData.Write(_root, "train", 0, 60, 4, "en", "xx"),
            Val = File.Exists(Path.Combine(_root, "val.jsonl")) ? Path.Combine(_root, "val.jsonl")
                : FakeData.Write(_root, "val", 200, 60, 2, "en", "xx"),
        };
    }

    private Teacher Tuned(CcAdapter? adapter) =>
        new(_encoder, new TeacherSettings(), adapter) { Model = new TeacherModel(Path.Combine(_root, "fake.gguf"), "00") };

    private CcFinetuneResult Run(CcFinetuneConfig config, IRunLog? log = null) =>
        CcTrainer.Run(config, Data(), Tuned(null), NoMetrics.Instance, log ?? SilentLog.Instance, TestContext.Current.CancellationToken);

    private sealed class StopAfter(long last, CancellationTokenSource source) : IMetricsSink
    {
        public void Scalar(string tag, long step, double value)
        {
            if (step == last)
            {
                source.Cancel();
            }
        }
    }

    private static double Recall(CcFinetuneResult result, string row, string from, string to) =>
        result.Probe!.Rows.Single(r => r.Name == row).Scores.Single(s => s.From == from && s.To == to).Recall.RecallAt10;
}
