using System.Text.Json;
using Llm2Clip.Layers;
using Llm2Clip.Teachers;
using Llm2Clip.Teachers.Llm;
using Llm2Clip.Tests.Teachers;
using Llm2Clip.Tests.Teachers.Decoder;
using Llm2Clip.Training;
using Llm2Clip.Training.Optimizer;
using Llm2Clip.Training.Stage1;
using Llm2Clip.Training.Stage1.Tuning;
using Llm2Clip.Weights;
using static TorchSharp.torch;

namespace Llm2Clip.Tests.Training.Tuning;

/// <summary>
/// Ten steps of golden/lora through the trainer, the task and its optimizer: transformers', PEFT's and LLM2Vec's own numbers, within the
/// tolerances of its README.
/// </summary>
[Trait("Category", "Golden")]
public sealed class LoraGoldenTests : IDisposable
{
    private const int Steps = 10;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("llama", "bidir", 1 << 20, false)]
    [InlineData("llama", "bidir", 48, false)]
    [InlineData("llama", "bidir", 48, true)]
    [InlineData("gemma3", "bidir", 64, false)]
    [InlineData("gemma3", "bidir", 1 << 20, true)]
    [InlineData("gemma3", "bidir_llamacpp", 64, false)]
    public void TenStepsAgree(string name, string mode, int microBatchTokens, bool checkpointing)
    {
        var folder = SharedData.RequireGolden("lora", name);
        using var expected = SafetensorsFile.Open(Path.Combine(folder, $"train.{mode}.safetensors"));
        var lora = Recipe(folder) with { MicroBatchTokens = microBatchTokens, GradientCheckpointing = checkpointing };
        using var llm = new TunedLlm(
            new TeacherModel(LlamaCases.GoldenModel(name), "00"), Settings(mode), lora, GoldenTensors.Device.ToString(), 1,
            SilentLog.Instance);
        SetChanges(llm, folder);
        using var step = new LoraStep(lora, llm, 0);
        var batch = Batch(folder);
        using var task = new LoraTask(
            new CcFinetuneConfig { Lora = lora }, _folder.File("checkpoint"), new Repeated(batch), step,
            (steps, _) => new LoraEvaluation(steps, null, []), new Dictionary<string, string>());
        var numbers = new Numbers();

        Trainer.Run(task, SilentLog.Instance, numbers, ready: null, TestContext.Current.CancellationToken);
        step.Weights.Parameters.ZeroGradients();
        numbers.Losses.Add(step.Backward(batch, Steps));

        AllClose(GoldenTensors.Values(expected.Load("losses")), numbers.Losses, 1e-3, 0);
        AllClose(GoldenTensors.Values(expected.Load("grad_norms")), numbers.Norms, 0, 1e-4);
        AllClose(GoldenTensors.Values(expected.Load("lrs")), numbers.Rates, 1e-9, 0);
        foreach (var (weight, parameter) in llm.Changes)
        {
            var (reference, found) = (GoldenTensors.Values(expected.Load($"final.{weight}")), GoldenTensors.Values(parameter));
            var apart = reference.Zip(found, (a, b) => Math.Abs(a - b)).ToList();
            Assert.True(apart.Max() <= 5e-4, $"{weight}: {apart.Max()}");
            Assert.True(apart.Count(difference => difference > 2e-5) <= 0.01 * apart.Count, weight);
        }
    }

    /// <summary>
    /// Loss with and without negatives, and gradients, at the start; tolerance 1e-4, of gradients of a tensor's largest entry.
    /// </summary>
    [Theory]
    [InlineData("llama", true)]
    [InlineData("llama", false)]
    public void GradientsAndLossAgreeAtTheStart(string name, bool withNegatives)
    {
        var folder = SharedData.RequireGolden("lora", name);
        using var expected = SafetensorsFile.Open(Path.Combine(folder, "train.bidir.safetensors"));
        var lora = Recipe(folder);
        using var llm = new TunedLlm(
            new TeacherModel(LlamaCases.GoldenModel(name), "00"), Settings("bidir"), lora, GoldenTensors.Device.ToString(), 1,
            SilentLog.Instance);
        SetChanges(llm, folder);
        using var step = new LoraStep(lora, llm, 0);
        var batch = Batch(folder);
        if (!withNegatives)
        {
            var (texts, kept) = (batch.Texts(), 2 * batch.Queries);
            batch = new TuningBatch(
                batch.Queries, () => [.. texts.Take(kept)], [.. batch.Sources.Take(kept)], [.. batch.Wordings.Take(kept)]);
        }
        step.Weights.Parameters.ZeroGradients();
        var loss = step.Backward(batch, 0);
        GoldenTensors.Close(
            GoldenTensors.Values(expected.Load(withNegatives ? "loss" : "loss_without_negatives"))[0], loss, 1e-4, "loss");
        if (withNegatives)
        {
            Assert.All(llm.Changes, change => GoldenTensors.Close(
                expected.Input($"grad.{change.Name}"), change.Parameter.grad!, 0, change.Name, relativeToLargest: 1e-4));
        }
    }

    /// <summary>The recipe of the README, with the sizes that PEFT wrote.</summary>
    private static LlmLoraConfig Recipe(string folder)
    {
        using var settings = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "peft", "adapter_config.json")));
        return new LlmLoraConfig
        {
            Rank = settings.RootElement.GetProperty("r").GetInt32(),
            Alpha = settings.RootElement.GetProperty("lora_alpha").GetDouble(),
            Dropout = 0,
            Precision = Precision.Fp32,
            LearningRate = 1e-3,
            WarmupSteps = 3,
            Epochs = 0,
            Steps = Steps,
        };
    }

    private static TeacherSettings Settings(string mode)
    {
        var (attention, fullWindow) = DecoderCases.Of(mode);
        return new TeacherSettings { Attention = attention, FullWindow = fullWindow };
    }

    /// <summary>Every text is of another source but for the pairs, so that nothing is left out of the loss, as in the golden one.</summary>
    private static TuningBatch Batch(string folder)
    {
        var file = new GoldenStates(Path.Combine(folder, "batch.safetensors"));
        var rows = new[] { "query", "positive", "negative" }.SelectMany(kind => Enumerable.Range(0, int.MaxValue)
            .Select(i => $"{kind}{i}.ids").TakeWhile(file.Names.Contains)
            .Select(name => new TokenizedText(file.Tokens(name), 1, false))).ToList();
        var queries = file.Names.Count(name => name.StartsWith("query", StringComparison.Ordinal));
        return new TuningBatch(
            queries, () => rows, [.. rows.Select((_, row) => row < 2 * queries ? (long)row % queries : row)],
            [.. rows.Select((_, row) => (long)row)]);
    }

    private static void SetChanges(TunedLlm llm, string folder)
    {
        using var off = no_grad();
        using var weights = SafetensorsFile.Open(Path.Combine(folder, "peft", "adapter_model.safetensors"));
        foreach (var (name, change) in llm.Changes)
        {
            using var value = weights.Load($"base_model.model.model.{name}");
            change.copy_(value);
        }
    }

    private static void AllClose(float[] expected, List<double> found, double absolute, double relative)
    {
        Assert.Equal(expected.Length, found.Count);
        for (var i = 0; i < expected.Length; i++)
        {
            GoldenTensors.Close(expected[i], found[i], absolute + (relative * Math.Abs(expected[i])), $"[{i}]");
        }
    }

    private sealed class Repeated(TuningBatch batch) : ITuningSource
    {
        public int PerEpoch => Steps;

        public IEnumerable<TuningBatch> Epoch(int epoch) => Enumerable.Repeat(batch, Steps);
    }

    private sealed class Numbers : IMetricsSink
    {
        public List<double> Losses { get; } = [];

        public List<double> Norms { get; } = [];

        public List<double> Rates { get; } = [];

        public void Scalar(string tag, long step, double value) => (tag switch
        {
            "lora/loss" => Losses,
            "lora/gradient_norm" => Norms,
            "lora/learning_rate" => Rates,
            _ => [],
        }).Add(value);
    }
}
