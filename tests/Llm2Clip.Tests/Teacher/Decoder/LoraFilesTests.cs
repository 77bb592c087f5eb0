using System.Numerics.Tensors;
using Llm2Clip.Layers;
using Llm2Clip.Teachers;
using Llm2Clip.Teachers.Decoder;
using Llm2Clip.Teachers.Llm;
using Llm2Clip.Weights;
using Llm2Clip.Weights.Gguf;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Tests.Teachers.Decoder;

/// <summary>LoRA files against golden/lora, whose README states sources and tolerances.</summary>
[Trait("Category", "Golden")]
public sealed class LoraFilesTests : IDisposable
{
    private const float StateTolerance = 1e-4f;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private static string Golden(string name, string file) => SharedData.RequireGolden("lora", name, file);

    private static LoraWeights Read(string name, string path) =>
        LoraFiles.Read(path, GgufFile.Open(LlamaCases.GoldenModel(name)));

    private static DecoderShape ShapeOf(string name)
    {
        using var model = DecoderCases.Load(LlamaCases.GoldenModel(name));
        return model.Shape;
    }

    [Theory]
    [InlineData("llama", "peft", true)]
    [InlineData("llama", "lora.gguf", true)]
    [InlineData("llama", "peft", false)]
    [InlineData("gemma3", "peft", true)]
    [InlineData("gemma3", "lora.gguf", true)]
    [InlineData("gemma3", "lora.gguf", false)]
    public void StatesInTensorsAgree(string name, string file, bool isMerged)
    {
        var (gguf, path) = (LlamaCases.GoldenModel(name), Golden(name, file));
        using var model = DecoderWeights.Load(gguf, Precision.Fp32, GoldenTensors.Device, isMerged ? path : null);
        if (!isMerged)
        {
            using var lora = Read(name, path);
            lora.AddTo(model, new TrainingNoise());
        }
        Assert.Equal(!isMerged, LoraLayers.Of(model).Any());
        Compare(name, (sequence, attention, fullWindow) => DecoderCases.States(model, [sequence], attention, fullWindow)[0],
            _ => StateTolerance);
    }

    /// <summary>Through LLamaSharp: a GGUF file, a folder of PEFT, and what is written here.</summary>
    [Theory]
    [InlineData("llama", "lora.gguf")]
    [InlineData("llama", "peft")]
    [InlineData("gemma3", "lora.gguf")]
    [InlineData("gemma3", "peft")]
    public void StatesInLibllamaAgree(string name, string file)
    {
        foreach (var fullWindow in new[] { true, false })
        {
            using var model = LlamaModel.Load(LlamaCases.GoldenModel(name), fullWindow);
            LoraFiles.WithGguf(Golden(name, file), model.Header, model.LoadLora);
            Compare(name, (sequence, attention, _) =>
            {
                using var decoder = LlamaCases.Decoder(model, attention);
                return LlamaCases.States(decoder, [sequence])[0];
            }, states => LlamaGoldenTests.Tolerance(model, states).States, fullWindow);
        }
    }

    private static void Compare(
        string name, Func<LLama.Native.LLamaToken[], TeacherAttention, bool, float[]> statesOf,
        Func<IReadOnlyList<float[]>, float> tolerance, bool? onlyWindow = null)
    {
        var expected = new GoldenStates(Golden(name, "expectations.safetensors"));
        var compared = 0;
        foreach (var entry in expected.Names.Where(entry => !entry.EndsWith(".ids", StringComparison.Ordinal)))
        {
            var (sequence, mode) = (entry.Split('.')[0], entry.Split('.')[1]);
            var (attention, fullWindow) = DecoderCases.Of(mode);
            if (onlyWindow is { } wanted && wanted != fullWindow)
            {
                continue;
            }
            var states = statesOf(expected.Tokens($"{sequence}.ids"), attention, fullWindow);
            Assert.InRange(LlamaCases.LargestDifference(expected.Floats(entry), states), 0, tolerance([expected.Floats(entry)]));
            compared++;
        }
        Assert.NotEqual(0, compared);
    }

    [Theory]
    [InlineData("llama")]
    [InlineData("gemma3")]
    public void AGgufIsReadAsPeftIs(string name)
    {
        using var peft = Read(name, Golden(name, "peft"));
        using var gguf = Read(name, Golden(name, "lora.gguf"));
        Assert.Equal(new LoraShape(4, 8, 0), peft.Shape);
        Same(peft, gguf);
    }

    [Theory]
    [InlineData("llama")]
    [InlineData("gemma3")]
    public void TheGgufIsLlamaCppsTensorForTensor(string name)
    {
        using var lora = Read(name, Golden(name, "peft"));
        var path = _folder.File("lora.gguf");
        LoraGguf.Write(path, lora, ShapeOf(name));

        var (theirs, ours) = (GgufFile.Open(Golden(name, "lora.gguf")), GgufFile.Open(path));
        Assert.Equal(
            theirs.Tensors.Select(tensor => (tensor.Name, tensor.Type, string.Join(',', tensor.Shape))).Order(),
            ours.Tensors.Select(tensor => (tensor.Name, tensor.Type, string.Join(',', tensor.Shape))).Order());
        Assert.All(theirs.Tensors, tensor =>
            Assert.Equal(GgufCopy.Values(theirs.Path, tensor.Name), GgufCopy.Values(path, tensor.Name)));
        Assert.All(
            ["general.architecture", "general.type", "adapter.type", "adapter.lora.alpha"],
            key => Assert.Equal(theirs.Metadata[key], ours.Metadata[key]));
    }

    [Fact]
    public void HalvesAreTheRoundedValues()
    {
        using var lora = Read("llama", Golden("llama", "peft"));
        var path = _folder.File("lora.gguf");
        LoraGguf.Write(path, lora, ShapeOf("llama"), GgufType.F16);
        var theirs = GgufFile.Open(Golden("llama", "lora.gguf"));
        Assert.All(GgufFile.Open(path).Tensors, tensor =>
        {
            Assert.Equal(GgufType.F16, tensor.Type);
            Assert.Equal(
                GgufCopy.Values(theirs.Path, tensor.Name).Select(value => (float)(Half)value), GgufCopy.Values(path, tensor.Name));
        });
    }

    /// <summary>Both forms of names, and a LoRA of some layers alone.</summary>
    [Theory]
    [InlineData(true, "")]
    [InlineData(false, "")]
    [InlineData(true, "v_proj")]
    [InlineData(true, "layers.1.mlp.up_proj")]
    public void WhatIsWrittenAsPeftIsReadBack(bool hasHead, string only)
    {
        using var model = DecoderCases.Load(LlamaCases.GoldenModel("llama"));
        using var whole = Read("llama", Golden("llama", "peft"));
        using var lora = new LoraWeights(whole.Shape with { Dropout = 0.05 }, whole.Changes
            .Where(change => change.Key.EndsWith(only, StringComparison.Ordinal))
            .ToDictionary(change => change.Key, change => new LoraChange(change.Value.Down.clone(), change.Value.Up.clone())));
        lora.AddTo(model, new TrainingNoise());
        using var copy = LoraWeights.Of(model);
        LoraPeft.Write(_folder.Path, copy, model.Shape, hasHead);

        using var back = LoraPeft.Read(_folder.Path, model.Shape);
        Assert.Equal(lora.Shape, back.Shape);
        Same(lora, back);
        using var file = SafetensorsFile.Open(_folder.File("adapter_model.safetensors"));
        Assert.All(file.Names, name =>
            Assert.StartsWith(hasHead ? "base_model.model.model.layers." : "base_model.model.layers.", name, StringComparison.Ordinal));
        var targets = System.Text.Json.JsonDocument.Parse(File.ReadAllBytes(_folder.File("adapter_config.json"))).RootElement
            .GetProperty("target_modules").EnumerateArray().Select(target => target.GetString()!).Order();
        string[] all = ["down_proj", "gate_proj", "k_proj", "o_proj", "q_proj", "up_proj", "v_proj"];
        Assert.Equal(only.Length == 0 ? all : [only], targets);
    }

    /// <summary>Reading back what PEFT wrote gives the same tensors under the same names.</summary>
    [Fact]
    public void WhatIsWrittenAsPeftIsPefts()
    {
        using var lora = Read("llama", Golden("llama", "peft"));
        LoraPeft.Write(_folder.Path, lora, ShapeOf("llama"));
        using var theirs = SafetensorsFile.Open(Path.Combine(Golden("llama", "peft"), "adapter_model.safetensors"));
        using var ours = SafetensorsFile.Open(_folder.File("adapter_model.safetensors"));
        Assert.Equal(theirs.Names, ours.Names);
        Assert.All(theirs.Names, name => Assert.Equal(theirs.Bytes(name), ours.Bytes(name)));
    }

    [Theory]
    [InlineData("llama")]
    [InlineData("gemma3")]
    public void TheMergedModelIsTheirs(string name)
    {
        var path = _folder.File("merged.gguf");
        using var lora = Read(name, Golden(name, "peft"));
        MergedGguf.Write(path, GgufFile.Open(LlamaCases.GoldenModel(name)), lora, GgufType.F32);

        var (theirs, ours) = (GgufFile.Open(Golden(name, "merged.gguf")), GgufFile.Open(path));
        Assert.Equal(
            theirs.Tensors.Select(tensor => (tensor.Name, tensor.Type, string.Join(',', tensor.Shape))).Order(),
            ours.Tensors.Select(tensor => (tensor.Name, tensor.Type, string.Join(',', tensor.Shape))).Order());
        // W + s B A: three roundings of values up to 1.
        Assert.All(theirs.Tensors, tensor => Assert.InRange(
            LlamaCases.LargestDifference(GgufCopy.Values(theirs.Path, tensor.Name), GgufCopy.Values(path, tensor.Name)), 0, 5e-7f));
        var architecture = theirs.Architecture + ".";
        Assert.All(
            theirs.Keys.Where(key => key.StartsWith(architecture, StringComparison.Ordinal)
                || key.StartsWith("tokenizer.", StringComparison.Ordinal) || key is "general.file_type" or "general.quantization_version"),
            key => Assert.Equal(theirs.Metadata[key].Value, ours.Metadata[key].Value));
    }

    /// <summary>
    /// Each format against the one before: a value is off by half a step of its format at most, of Q8_0 by half of the largest of 32
    /// values / 127 and the rounding of that scale to half precision.
    /// </summary>
    [Theory]
    [InlineData(nameof(GgufType.F16), 1u, 0.9999f)]
    [InlineData(nameof(GgufType.BF16), 32u, 0.9995f)]
    [InlineData(nameof(GgufType.Q8_0), 7u, 0.995f)]
    public void TheMergedModelInOtherFormatsRunsInLibllama(string format, uint fileType, float least)
    {
        const string Name = "llama";
        var type = Enum.Parse<GgufType>(format);
        var path = _folder.File("merged.gguf");
        using var lora = Read(Name, Golden(Name, "lora.gguf"));
        MergedGguf.Write(path, GgufFile.Open(LlamaCases.GoldenModel(Name)), lora, type);
        var written = GgufFile.Open(path);
        Assert.Equal(fileType, written.Metadata["general.file_type"].Value);
        foreach (var tensor in written.Tensors)
        {
            var expected = tensor.Shape.Count == 1 ? GgufType.F32
                : type == GgufType.Q8_0 && tensor.Shape[0] % 32 != 0 ? GgufType.F16
                : type;
            Assert.Equal(expected, tensor.Type);
            var (exact, rounded) = (GgufCopy.Values(Golden(Name, "merged.gguf"), tensor.Name), GgufCopy.Values(path, tensor.Name));
            for (var i = 0; i < exact.Length; i++)
            {
                var step = tensor.Type switch
                {
                    GgufType.F16 => (Math.Abs(exact[i]) * MathF.Pow(2, -11)) + MathF.Pow(2, -25),
                    GgufType.BF16 => Math.Abs(exact[i]) * MathF.Pow(2, -8),
                    GgufType.Q8_0 => exact.AsSpan(i / 32 * 32, 32).ToArray().Max(Math.Abs) * (0.5f / 127 + MathF.Pow(2, -11)),
                    _ => 0,
                };
                Assert.InRange(Math.Abs(exact[i] - rounded[i]), 0, step + 5e-7f);
            }
        }
        using var merged = LlamaCases.Encoder(path);
        using var beside = LlamaCases.Encoder(LlamaCases.GoldenModel(Name), lora: Golden(Name, "lora.gguf"));
        Assert.InRange(TensorPrimitives.CosineSimilarity(beside.Vectors("a dog"), merged.Vectors("a dog")), least, 1.00001f);
    }

    /// <summary>The loaders take a file of parts; one file comes out.</summary>
    [Fact]
    public void TheMergedModelOfPartsIsOneFile()
    {
        var folder = SharedData.RequireGolden("llm", "quant");
        var first = Directory.GetFiles(folder, "*-00001-of-*.gguf").Order(StringComparer.Ordinal).First();
        var header = GgufFile.Open(first);
        using var weights = GgufWeights.Open(header);
        var shape = DecoderShapes.Read(header, weights);
        using var lora = Small(shape, "layers.0.mlp.up_proj");
        var path = _folder.File("merged.gguf");
        MergedGguf.Write(path, header, lora, GgufType.F16);

        var merged = GgufFile.Open(path);
        Assert.DoesNotContain(merged.Keys, key => key.StartsWith("split.", StringComparison.Ordinal));
        Assert.Equal(weights.Names, merged.Tensors.Select(tensor => tensor.Name).Order(StringComparer.Ordinal));
        using var encoder = LlamaCases.Encoder(path);
        Assert.Equal(shape.Width, encoder.Dimension);
    }

    /// <summary>
    /// In bf16 a LoRA is in the weights too, where it costs no time. Rounding W + s B A gives vectors no farther from those in fp32 than
    /// rounding W, B and A does.
    /// </summary>
    [Fact]
    public void InTheWeightsBf16IsAsNearToFp32AsBesideThem()
    {
        string[] texts = ["A dog runs through the snow.", "玩滑板的两个女孩。", "Zwei Männer betrachten etwas im Garten", "Dog"];
        var path = LlamaCases.SharedModel();
        var model = GgufFile.Open(path);
        using var weights = GgufWeights.Open(model);
        var shape = DecoderShapes.Read(model, weights);
        using var scope = NewDisposeScope();
        using var generator = new Generator(7, CPU);
        using var lora = new LoraWeights(new LoraShape(16, 32, 0), LoraTarget.Of(shape).ToDictionary(
            target => target.Name,
            target => new LoraChange(
                randn([16, target.Inputs], generator: generator) * 0.02, randn([target.Outputs, 16], generator: generator) * 0.02)));
        LoraGguf.Write(_folder.File("lora.gguf"), lora, shape);
        float[] Vectors(Precision precision, string? file, bool isBeside)
        {
            using var encoder = LlamaCases.Encoder(path, DecoderCases.Tensors with { Precision = precision }, lora: file);
            if (isBeside)
            {
                lora.AddTo(encoder.Tensors!.Model, new TrainingNoise());
            }
            return encoder.Vectors(texts);
        }

        var exact = Vectors(Precision.Fp32, _folder.File("lora.gguf"), false);
        var plain = Least(Vectors(Precision.Fp32, null, false));
        var (within, beside) = (
            Least(Vectors(Precision.Bf16, _folder.File("lora.gguf"), false)), Least(Vectors(Precision.Bf16, null, true)));
        Assert.True(plain < 0.99f, $"The LoRA changes little: {plain}.");
        Assert.InRange(beside, 0.999f, 1.00001f);
        Assert.InRange(within, beside - 1e-4f, 1.00001f);

        float Least(float[] found) => Enumerable.Range(0, texts.Length).Min(i => TensorPrimitives.CosineSimilarity(
            exact.AsSpan(i * shape.Width, shape.Width), found.AsSpan(i * shape.Width, shape.Width)));
    }

    private static LoraWeights Small(DecoderShape shape, string layer)
    {
        var target = LoraTarget.Of(shape).Single(target => target.Name == layer);
        return new LoraWeights(new LoraShape(2, 4, 0), new Dictionary<string, LoraChange>
        {
            [layer] = new(ones([2, target.Inputs]), ones([target.Outputs, 2])),
        });
    }

    private static void Same(LoraWeights expected, LoraWeights found)
    {
        Assert.Equal(expected.Changes.Keys.Order(), found.Changes.Keys.Order());
        Assert.All(expected.Changes, change =>
        {
            Assert.Equal(GoldenTensors.Values(change.Value.Down), GoldenTensors.Values(found.Changes[change.Key].Down));
            Assert.Equal(GoldenTensors.Values(change.Value.Up), GoldenTensors.Values(found.Changes[change.Key].Up));
        });
    }
}
