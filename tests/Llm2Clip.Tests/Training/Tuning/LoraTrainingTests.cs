using Llm2Clip.Data;
using Llm2Clip.Layers;
using Llm2Clip.Teachers;
using Llm2Clip.Teachers.Llm;
using Llm2Clip.Tests.Teachers;
using Llm2Clip.Training.Stage1;
using Llm2Clip.Training.Stage1.Tuning;
using static TorchSharp.torch;

namespace Llm2Clip.Tests.Training.Tuning;

public sealed class LoraTrainingTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("lora-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void TrainingRaisesRecallOfTheOtherCaption()
    {
        var result = Run(Config("teacher") with { Lora = Lora with { Epochs = 15, LearningRate = 5e-3 } });
        var (before, after) = (Recall(result.History[0]), Recall(result.History[^1]));
        Assert.True(after > before + 0.1, $"R@1 {before} -> {after}");
        Assert.Equal(0, result.History[0].Step);
        Assert.Equal(result.Steps, result.History[^1].Step);

        static double Recall(LoraEvaluation evaluation) => evaluation.Rows.Single(row => row.Name == "raw, training mean").Scores
            .Single(score => score is { From: "en", To: "en" }).Recall.RecallAt1;
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(7)]
    public void AStoppedAndResumedRunEqualsOneThatWasNotStopped(long stop)
    {
        var whole = Run(Config("whole"));
        using var source = new CancellationTokenSource();
        Assert.ThrowsAny<OperationCanceledException>(() => Run(Config("parts"), new StopAfter(stop, source), source.Token));
        var resumed = Run(Config("parts"));
        Assert.Equal(9, whole.Steps);
        Assert.Equal((whole.Steps, whole.FinalLoss, whole.KeptStep), (resumed.Steps, resumed.FinalLoss, resumed.KeptStep));
        Assert.Equal(Written("whole"), Written("parts"));
        Assert.Equal(
            whole.History.SelectMany(e => e.Rows).SelectMany(row => row.Scores).Select(score => score.Recall.RecallAt10),
            resumed.History.SelectMany(e => e.Rows).SelectMany(row => row.Scores).Select(score => score.Recall.RecallAt10));
    }

    [Fact]
    public void AnotherRecipeDoesNotResumeAndMoreEpochsDo()
    {
        var first = Run(Config("teacher"));
        var error = Assert.Throws<ConfigException>(() => Run(Config("teacher") with { Lora = Lora with { Rank = 3 } }));
        Assert.Contains("cc_finetune.lora.rank: 2 in the checkpoint, 3 now", error.Message);
        var grown = Run(Config("teacher") with { Lora = Lora with { Epochs = 4, MicroBatchTokens = 50 } });
        Assert.Equal(first.Steps / 3 * 4, grown.Steps);
    }

    [Fact]
    public void TheBestStepIsChosenOnHeldOutImages()
    {
        var result = Run(Config("teacher") with
        {
            Selection = CcSelection.HeldOut,
            HeldOutImages = 25,
            Lora = Lora with { EvaluateEvery = 1, Epochs = 2, LearningRate = 5e-3, BatchSize = 15 },
        });
        Assert.Equal(result.History.MaxBy(e => e.Criterion)!.Step, result.KeptStep);
        Assert.Contains("held out", result.Selection);
    }

    /// <summary>
    /// Dropout of a micro-batch is the same when it is run again: with one micro-batch there is one pass, with checkpoints two. The sums
    /// are of the same products; gradients differ by the order of additions.
    /// </summary>
    [Fact]
    public void DropoutIsTheSameInBothPasses()
    {
        var lora = Lora with { Dropout = 0.4, MicroBatchTokens = 1 << 20 };
        var (once, onceLoss) = Gradients(lora);
        var (twice, twiceLoss) = Gradients(lora with { GradientCheckpointing = true });
        Assert.Equal(onceLoss, twiceLoss);
        foreach (var (name, gradient) in once)
        {
            var size = gradient.Max(Math.Abs);
            Assert.True(size > 0, name);
            Assert.All(gradient.Zip(twice[name]), pair => Assert.Equal(pair.First, pair.Second, 1e-5 * size));
        }
        Assert.NotEqual(onceLoss, Gradients(lora with { Dropout = 0 }).Loss);
    }

    [Fact]
    public void MicroBatchesDoNotChangeLossAndGradients()
    {
        var (whole, wholeLoss) = Gradients(Lora with { Dropout = 0, MicroBatchTokens = 1 << 20 });
        var (parts, partsLoss) = Gradients(Lora with { Dropout = 0, MicroBatchTokens = 60 });
        Assert.Equal(wholeLoss, partsLoss, 1e-5);
        foreach (var (name, gradient) in whole)
        {
            var size = gradient.Max(Math.Abs);
            Assert.All(gradient.Zip(parts[name]), pair => Assert.Equal(pair.First, pair.Second, 1e-4 * size));
        }
    }

    /// <summary>Where all others are of the query's image, or worded like it, nothing is contrasted: the loss is 0.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void CaptionsOfOneImageAndEqualCaptionsAreNoNegatives(bool sameSource)
    {
        using var llm = Llm(Lora);
        using var step = new LoraStep(Lora, llm, 0);
        var tokenizer = llm.Tokenizer("");
        var rows = new[] { "a dog", "two cats", "a dog runs", "cats sleep" }.Select(tokenizer.Tokenize).ToList();
        long[] own = [1, 2, 1, 2], same = [7, 7, 7, 7];
        Assert.Equal(0, step.Backward(new TuningBatch(2, () => rows, sameSource ? same : own, sameSource ? [1, 2, 3, 4] : same), 0), 1e-6);
        Assert.True(step.Backward(new TuningBatch(2, () => rows, own, [1, 2, 3, 4]), 0) > 1e-3);
    }

    [Fact]
    public void BlocksBehindTheOneThatIsReadAreNotTrained()
    {
        using var llm = Llm(Lora, "1 causal");
        Assert.All(llm.Changes, change => Assert.StartsWith("layers.0.", change.Name));
        Assert.Equal(2 * 7, llm.Changes.Count);
        Assert.Equal(llm.Changes.Sum(change => change.Parameter.numel()), llm.Trained);
        Assert.Equal(llm.Model.parameters().Sum(parameter => parameter.numel()), llm.Trained + llm.Frozen);
        using var some = Llm(Lora with { Targets = ["v_proj", "down_proj"], Blocks = [2] });
        Assert.Equal(
            ["layers.1.mlp.down_proj.lora_A.weight", "layers.1.mlp.down_proj.lora_B.weight", "layers.1.self_attn.v_proj.lora_A.weight",
                "layers.1.self_attn.v_proj.lora_B.weight"],
            some.Changes.Select(change => change.Name).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void WhatCannotBeTunedIsNamed()
    {
        var behind = Assert.Throws<ConfigException>(() => Llm(Lora with { Blocks = [1, 2] }, "1"));
        Assert.Contains("cc_finetune.lora.blocks names 2", behind.Message);
        Assert.Contains("name some of 1 to 1", behind.Message);
        var two = Assert.Throws<ConfigException>(() => Llm(Lora, "1, 0"));
        Assert.Contains("teacher.layers is '1, 0', and cc_finetune.lora trains the LLM at one block", two.Message);
        var problems = (Lora with { Targets = ["embed_tokens", "attn_q"], Epochs = 0, LearningRate = 0 }).Check().ToList();
        Assert.Equal(["targets", "targets", "learning_rate", "epochs"], problems.Select(problem => problem.Key));
        Assert.StartsWith("names 'embed_tokens': token embeddings and output head", problems[0].Problem);
        Assert.StartsWith("names 'attn_q', which is no product of a block", problems[1].Problem);
        Assert.Single((Lora with { Targets = [] }).Check());
        var rank = Assert.Throws<ConfigException>(() => Llm2Clip.Configuration.ConfigBinder.Parse<Llm2Clip.Pipeline.RunConfig>(
            "cc_finetune:\n  lora:\n    rank: 0\n", "run.yaml"));
        Assert.Contains("cc_finetune.lora.rank is '0'; it must be 1 to 1024", rank.Message);
    }

    [Fact]
    public void ImagesWithOneCaptionAreAnError()
    {
        FakeData.Write(_root, "train", 0, 30, 1, "en");
        var error = Assert.Throws<InputException>(() => Run(Config("teacher")));
        Assert.Contains("needs images with two captions or more; 0 of 30 have that", error.Message);
    }

    [Fact]
    public void TooManyLongCaptionsAreAnErrorAndFewAreTold()
    {
        var error = Assert.Throws<InputException>(() => Run(Config("teacher") with { Lora = Lora with { MaxTokens = 8 } }));
        Assert.Contains("longer than 8 tokens (cc_finetune.lora.max_tokens), such as \"en topic", error.Message);
        Assert.Contains("cc_finetune.lora.max_truncated_share allows 10 %", error.Message);
        var log = new Lines();
        Run(Config("teacher") with { Lora = Lora with { MaxTokens = 8, MaxTruncatedShare = 1, Steps = 1 } }, log: log);
        Assert.Contains(log.Texts, line => line.Contains("They lose their right ends.", StringComparison.Ordinal));
    }

    private static LlmLoraConfig Lora { get; } = new()
    {
        Rank = 2, Alpha = 4, Dropout = 0.1, Precision = Precision.Fp32, BatchSize = 20, MicroBatchTokens = 400, LearningRate = 1e-3,
        WarmupSteps = 2, Epochs = 3, EvaluateEvery = 4, Scale = 20, LogEvery = 1,
    };

    private CcFinetuneConfig Config(string name) => new()
    {
        Output = Path.Combine(_root, name),
        Languages = ["en"],
        LanguageText = [new TextSourceConfig { Language = "xx", CaptionsPerGroup = 1, Limit = 20 }],
        Lora = Lora,
    };

    private LoraResult Run(
        CcFinetuneConfig config, IMetricsSink? metrics = null, CancellationToken? cancellation = null, IRunLog? log = null)
    {
        var train = Path.Combine(_root, "train.jsonl");
        var val = Path.Combine(_root, "val.jsonl");
        var data = new DataConfig
        {
            Train = File.Exists(train) ? train : FakeData.Write(_root, "train", 0, 60, 4, "en", "xx"),
            Val = File.Exists(val) ? val : FakeData.Write(_root, "val", 200, 30, 2, "en", "xx"),
        };
        using var llm = TeacherFiles.Open(LlamaCases.AnyModel());
        return LoraTuner.Run(
            config, data, llm, metrics ?? NoMetrics.Instance, log ?? SilentLog.Instance,
            cancellation ?? TestContext.Current.CancellationToken).Result;
    }

    private byte[] Written(string name) => File.ReadAllBytes(Path.Combine(_root, name, TeacherFolder.LoraName));

    private static TunedLlm Llm(LlmLoraConfig lora, string layers = "final") => new(
        new TeacherModel(LlamaCases.AnyModel(), "00"), new TeacherSettings { Layers = layers }, lora, "cpu", 3, SilentLog.Instance);

    /// <summary>Loss and gradients of one step from changes that are not zero.</summary>
    private static (Dictionary<string, float[]> Gradients, double Loss) Gradients(LlmLoraConfig lora)
    {
        using var llm = Llm(lora);
        using (no_grad())
        {
            foreach (var (name, change) in llm.Changes.Where(change => change.Name.Contains("lora_B", StringComparison.Ordinal)))
            {
                using var values = rand(change.shape, generator: new Generator((ulong)name.Length));
                change.copy_(values);
            }
        }
        using var step = new LoraStep(lora, llm, 9);
        step.Weights.Parameters.ZeroGradients();
        var tokenizer = llm.Tokenizer("");
        string[] texts = ["a dog", "two cats sit here", "rain", "a dog runs over the grass", "cats", "it rains on the street"];
        List<TokenizedText> rows = [.. texts.Select(tokenizer.Tokenize)];
        var loss = step.Backward(new TuningBatch(3, () => rows, [1, 2, 3, 1, 2, 3], [1, 2, 3, 4, 5, 6]), 5);
        return (llm.Changes.ToDictionary(change => change.Name, change => GoldenTensors.Values(change.Parameter.grad!)), loss);
    }

    private sealed class StopAfter(long last, CancellationTokenSource source) : IMetricsSink
    {
        public void Scalar(string tag, long step, double value)
        {
            if (step == last && tag == "lora/loss")
            {
                source.Cancel();
            }
        }
    }
}
