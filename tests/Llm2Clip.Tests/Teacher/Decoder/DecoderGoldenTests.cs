using System.Numerics.Tensors;
using System.Text.Json;
using LLama.Native;
using Llm2Clip.Layers;
using Llm2Clip.Teachers;
using Llm2Clip.Teachers.Decoder;
using Llm2Clip.Teachers.Llm;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Tests.Teachers.Decoder;

/// <summary>
/// The LLM in tensors against golden/llm: states and pooled vectors of transformers, within the tolerances of its README.
/// </summary>
[Trait("Category", "Golden")]
public sealed class DecoderGoldenTests : IDisposable
{
    private const float StateTolerance = 1e-4f;
    private const float PooledTolerance = 5e-5f;

    /// <summary>
    /// The largest state that the README's tolerance is for; the stream between blocks may be larger, and rounding with it.
    /// </summary>
    private const float LargestState = 6.1f;

    private readonly TemporaryFolder _folder = new();

    /// <summary>Every model of the folder with every mode that its file of expectations has.</summary>
    public static TheoryData<string, string> Modes()
    {
        var data = new TheoryData<string, string>();
        foreach (var name in LlamaCases.GoldenModels())
        {
            var expected = new GoldenStates(Path.Combine(SharedData.Golden, "llm", name, "expectations.safetensors"));
            foreach (var tensor in expected.Names.Where(tensor => tensor.StartsWith("seq0.", StringComparison.Ordinal)))
            {
                if (tensor != "seq0.ids" && !tensor.Contains(".layer", StringComparison.Ordinal))
                {
                    data.Add(name, tensor["seq0.".Length..]);
                }
            }
        }
        if (data.Count == 0)
        {
            data.Add("", "");
        }
        return data;
    }

    public static TheoryData<string> Models => LlamaCases.GoldenModelData();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Modes))]
    public void StatesAgreeInABatchWithPadding(string name, string mode)
    {
        var expected = new GoldenStates(SharedData.RequireGolden("llm", name, "expectations.safetensors"));
        using var model = DecoderCases.Load(ModelOf(name, mode));
        var (attention, fullWindow) = DecoderCases.Of(mode);
        var sequences = expected.Sequences();

        var states = DecoderCases.States(model, sequences, attention, fullWindow);

        for (var i = 0; i < sequences.Count; i++)
        {
            Assert.InRange(LlamaCases.LargestDifference(expected.Floats($"seq{i}.{mode}"), states[i]), 0, StateTolerance);
        }
    }

    [Theory]
    [MemberData(nameof(Modes))]
    public void PooledVectorsAgree(string name, string mode)
    {
        var expected = new GoldenStates(SharedData.RequireGolden("llm", name, "expectations.safetensors"));
        using var model = DecoderCases.Load(ModelOf(name, mode));
        var (attention, fullWindow) = DecoderCases.Of(mode);
        using var off = no_grad();
        using var scope = NewDisposeScope();
        var states = model.Run(
            TokenBatch.Of(expected.Sequences(), GoldenTensors.Device), attention, fullWindow, [TeacherLayer.Final])[0];
        foreach (var (pool, pooling, skipped) in new[]
        {
            ("mean_all", TeacherPooling.Mean, 0), ("mean_without_bos", TeacherPooling.Mean, 1), ("last", TeacherPooling.Last, 1),
        })
        {
            var texts = expected.Sequences().ConvertAll(tokens => new TokenizedText(tokens, skipped, false));
            var vectors = PooledStates.Of(states, PooledStates.Shares(pooling, texts, GoldenTensors.Device), isScaled: false);
            var reference = expected.Floats($"pool.{mode}.{pool}");
            Assert.InRange(LlamaCases.LargestDifference(reference, GoldenTensors.Values(vectors)), 0, PooledTolerance);
        }
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void BlocksGiveTheResidualStreamOfTransformers(string name)
    {
        var expected = new GoldenStates(SharedData.RequireGolden("llm", name, "expectations.safetensors"));
        using var model = DecoderCases.Load(LlamaCases.GoldenModel(name));
        var compared = 0;
        foreach (var mode in new[] { "causal", "bidir" })
        {
            var (attention, fullWindow) = DecoderCases.Of(mode);
            for (var block = 0; expected.Names.Contains($"seq1.{mode}.layer{block}"); block++, compared++)
            {
                var reference = expected.Floats($"seq1.{mode}.layer{block}");
                var states = DecoderCases.States(model, expected.Sequences(), attention, fullWindow, block)[1];
                var largest = Math.Abs(TensorPrimitives.MaxMagnitude<float>(reference));
                Assert.InRange(
                    LlamaCases.LargestDifference(reference, states), 0, StateTolerance * Math.Max(1, largest / LargestState));
            }
        }
        Assert.NotEqual(0, compared);
    }

    /// <summary>Rounding alone differs: the README measured 5e-6 of padding; products of other sizes are summed in another order.</summary>
    [Theory]
    [MemberData(nameof(Modes))]
    public void ATextAloneEqualsTheTextInABatch(string name, string mode)
    {
        var sequences = new GoldenStates(SharedData.RequireGolden("llm", name, "expectations.safetensors")).Sequences();
        using var model = DecoderCases.Load(ModelOf(name, mode));
        var (attention, fullWindow) = DecoderCases.Of(mode);
        var together = DecoderCases.States(model, sequences, attention, fullWindow);
        for (var i = 0; i < sequences.Count; i++)
        {
            var alone = DecoderCases.States(model, [sequences[i]], attention, fullWindow)[0];
            Assert.InRange(LlamaCases.LargestDifference(alone, together[i]), 0, 2e-5f);
        }
    }

    [Fact]
    public void QuantizedAndSplitModelsAgree()
    {
        var folder = SharedData.RequireGolden("llm", "quant");
        var expected = new GoldenStates(Path.Combine(folder, "expectations.safetensors"));
        using var files = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "files.json")));
        var compared = 0;
        foreach (var entry in files.RootElement.EnumerateObject())
        {
            var names = expected.Names.Where(name => name.StartsWith($"{entry.Name}.seq", StringComparison.Ordinal)).ToList();
            if (names.Count == 0)
            {
                continue; // tensors without a model
            }
            using var model = DecoderCases.Load(Path.Combine(folder, entry.Value.GetProperty("files")[0].GetString()!));
            foreach (var name in names)
            {
                var (sequence, mode) = (name.Split('.')[1], name.Split('.')[2]);
                var (attention, fullWindow) = DecoderCases.Of(mode);
                LLamaToken[][] tokens = [expected.Tokens($"{sequence}.ids")];
                var states = DecoderCases.States(model, tokens, attention, fullWindow)[0];
                Assert.InRange(LlamaCases.LargestDifference(expected.Floats(name), states), 0, StateTolerance);
                compared++;
            }
        }
        Assert.NotEqual(0, compared);
    }

    /// <summary>
    /// Gradients of LoRA weights against golden/lora, by the gradient of its loss with respect to the pooled states: what flows through
    /// every frozen part of the model. Tolerance of its README: 1e-4 of the tensor's largest entry.
    /// </summary>
    [Theory]
    [InlineData("llama", "bidir")]
    [InlineData("gemma3", "bidir")]
    [InlineData("gemma3", "bidir_llamacpp")]
    public void GradientsPassThroughTheFrozenModel(string name, string mode)
    {
        var folder = SharedData.RequireGolden("lora", name);
        using var model = DecoderCases.Load(LlamaCases.GoldenModel(name));
        using var weights = Llm2Clip.Weights.SafetensorsFile.Open(Path.Combine(folder, "peft", "adapter_model.safetensors"));
        using var training = Llm2Clip.Weights.SafetensorsFile.Open(Path.Combine(folder, $"train.{mode}.safetensors"));
        Adapt(model, weights, Path.Combine(folder, "peft", "adapter_config.json"));
        var batch = new GoldenStates(Path.Combine(folder, "batch.safetensors"));
        var (attention, fullWindow) = DecoderCases.Of(mode);
        using var scope = NewDisposeScope();
        foreach (var kind in new[] { "query", "positive", "negative" })
        {
            var tokens = Enumerable.Range(0, int.MaxValue).Select(i => $"{kind}{i}.ids").TakeWhile(batch.Names.Contains)
                .Select(batch.Tokens).ToList();
            var shares = PooledStates.Shares(
                TeacherPooling.Mean, tokens.ConvertAll(ids => new TokenizedText(ids, 1, false)), GoldenTensors.Device);
            var states = model.Run(TokenBatch.Of(tokens, GoldenTensors.Device), attention, fullWindow, [TeacherLayer.Final])[0];
            var pooled = PooledStates.Of(states, shares, isScaled: false);
            GoldenTensors.Close(training.Input($"rep.{kind}"), pooled, 1e-4, kind);
            (pooled * training.Input($"rep_grad.{kind}")).sum().backward();
        }
        var changes = model.named_parameters().Where(parameter => LoraLayers.IsChange(parameter.name)).ToList();
        Assert.NotEmpty(changes);
        foreach (var (parameter, change) in changes)
        {
            GoldenTensors.Close(training.Input($"grad.{parameter}"), change.grad!, 0, parameter, relativeToLargest: 1e-4);
        }
        Assert.All(
            model.named_parameters().Where(parameter => !LoraLayers.IsChange(parameter.name)),
            parameter => Assert.True(parameter.parameter.grad is null, parameter.name));
    }

    private static void Adapt(DecoderModel model, Llm2Clip.Weights.SafetensorsFile weights, string config)
    {
        using var settings = JsonDocument.Parse(File.ReadAllBytes(config));
        var (rank, alpha) = (settings.RootElement.GetProperty("r").GetInt32(), settings.RootElement.GetProperty("lora_alpha").GetDouble());
        string[] targets = [.. settings.RootElement.GetProperty("target_modules").EnumerateArray().Select(target => target.GetString()!)];
        LoraLayers.Adapt(model, targets, new LoraShape(rank, alpha, 0), new TrainingNoise(), 1);
        using var off = no_grad();
        foreach (var (name, change) in model.named_parameters().Where(parameter => LoraLayers.IsChange(parameter.name)))
        {
            using var value = weights.Load($"base_model.model.model.{name}");
            change.copy_(value);
        }
    }

    /// <summary>
    /// A model's file; for the mode that gemma-embedding has, a copy with that architecture, which is how the README's authors made
    /// libllama compute it.
    /// </summary>
    private string ModelOf(string name, string mode)
    {
        var path = LlamaCases.GoldenModel(name);
        if (mode != "bidir_symmetric")
        {
            return path;
        }
        var renamed = _folder.File("gemma-embedding.gguf");
        GgufCopy.Write(path, renamed, copy =>
        {
            var old = (string)copy.Metadata.Single(entry => entry.Key == "general.architecture").Value + ".";
            for (var i = 0; i < copy.Metadata.Count; i++)
            {
                var (key, value) = copy.Metadata[i];
                copy.Metadata[i] = key == "general.architecture" ? (key, "gemma-embedding")
                    : key.StartsWith(old, StringComparison.Ordinal) ? ("gemma-embedding." + key[old.Length..], value)
                    : (key, value);
            }
        });
        return renamed;
    }
}
