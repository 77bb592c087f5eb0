using System.Numerics.Tensors;
using Llm2Clip.Layers;
using Llm2Clip.Teachers;
using Llm2Clip.Teachers.Decoder;
using Llm2Clip.Weights.Gguf;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Tests.Teachers.Decoder;

/// <summary><c>teacher.runtime: tensors</c> behind the same interface as libllama.</summary>
public sealed class TensorRuntimeTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static readonly string[] Texts =
    [
        "A dog runs through the snow.",
        "Two children on a skateboard",
        "A man in a blue shirt is standing on a ladder cleaning a window of a tall house.",
        "玩滑板的两个女孩。",
        "Zwei Männer betrachten etwas im Garten",
        "Dog",
        "un chien court dans la neige",
    ];

    private static string Shipped => Path.Combine(SharedData.RepositoryRoot(), "data", "quickstart", "teacher.gguf");

    public void Dispose() => _folder.Dispose();

    /// <summary>
    /// libllama rounds states to 8 bits for products with quantized weights, which alone moves its vectors by a cosine of 0.999 here. So it
    /// gets the same weights as half-precision numbers, for which it rounds states to 11 bits, and is compared on the file itself more
    /// loosely.
    /// </summary>
    [Fact]
    public void VectorsOfTheRealModelAreLibllamas()
    {
        var path = LlamaCases.SharedModel();
        var halves = _folder.File("halves.gguf");
        WriteHalves(path, halves);
        foreach (var layers in new[] { "final, final causal, 13", "final" })
        {
            var settings = DecoderCases.Tensors with { Layers = layers };
            using var tensors = LlamaCases.Encoder(path, settings);
            using var rounded = LlamaCases.Encoder(path, settings with { Precision = Precision.Bf16 });
            using var llama = LlamaCases.Encoder(path, settings with { Runtime = TeacherRuntime.Llama });
            using var exact = LlamaCases.Encoder(halves, settings with { Runtime = TeacherRuntime.Llama });
            var expected = exact.Vectors(Texts);
            Assert.InRange(Least(expected, tensors.Vectors(Texts)), 0.9999f, 1.00001f);
            Assert.InRange(Least(expected, rounded.Vectors(Texts)), 0.9995f, 1.00001f);
            Assert.InRange(Least(llama.Vectors(Texts), tensors.Vectors(Texts)), 0.997f, 1.00001f);
        }

        static float Least(float[] theirs, float[] ours)
        {
            var width = ours.Length / Texts.Length;
            return Enumerable.Range(0, Texts.Length).Min(i =>
                TensorPrimitives.CosineSimilarity(ours.AsSpan(i * width, width), theirs.AsSpan(i * width, width)));
        }
    }

    private static void WriteHalves(string source, string target)
    {
        var header = GgufFile.Open(source);
        using var weights = GgufWeights.Open(header);
        var writer = new GgufWriter();
        foreach (var key in header.Keys)
        {
            writer.Add(key, header.Metadata[key].Value);
        }
        foreach (var tensor in header.Tensors)
        {
            using var values = weights.Load(tensor.Name, ScalarType.Float32);
            var type = tensor.Shape.Count == 1 ? GgufType.F32 : GgufType.F16;
            writer.AddTensor(tensor.Name, type, [.. tensor.Shape], values.data<float>().ToArray());
        }
        writer.Write(target);
    }

    [Theory]
    [InlineData(Precision.Fp32, 1 - 1e-6f)]
    [InlineData(Precision.Bf16, 1 - 1e-4f)]
    public void ATextAloneEqualsTheTextInABatch(Precision precision, float least)
    {
        using var encoder = LlamaCases.Encoder(Shipped, DecoderCases.Tensors with { Precision = precision });
        var together = encoder.Vectors(Texts);
        for (var i = 0; i < Texts.Length; i++)
        {
            var cosine = TensorPrimitives.CosineSimilarity(
                encoder.Vectors(Texts[i]), together.AsSpan(i * encoder.Dimension, encoder.Dimension));
            Assert.InRange(cosine, least, 1.00001f);
        }
    }

    [Theory]
    [InlineData(TeacherPooling.Mean)]
    [InlineData(TeacherPooling.Last)]
    public void LayersLieSideBySideAsLibllamasDo(TeacherPooling pooling)
    {
        var settings = DecoderCases.Tensors with { Layers = "1 causal, 0, final, 1", Pooling = pooling, Template = "Say {text} end" };
        using var tensors = LlamaCases.Encoder(Shipped, settings);
        using var llama = LlamaCases.Encoder(Shipped, settings with { Runtime = TeacherRuntime.Llama });
        Assert.Equal(llama.Dimension, tensors.Dimension);
        var (ours, theirs) = (tensors.Vectors(Texts), llama.Vectors(Texts));
        var width = tensors.Dimension / 4;
        for (var at = 0; at < ours.Length; at += width)
        {
            var cosine = TensorPrimitives.CosineSimilarity(ours.AsSpan(at, width), theirs.AsSpan(at, width));
            Assert.InRange(cosine, 0.998f, 1.00001f); // what libllama's own vectors differ by with their company
            Assert.InRange(TensorPrimitives.Norm(ours.AsSpan(at, width)) / TensorPrimitives.Norm(theirs.AsSpan(at, width)), 0.98f, 1.02f);
        }
    }

    [Fact]
    public void BlocksBehindTheLastPlaceAreNotComputed()
    {
        using var model = DecoderCases.Load(Shipped);
        Assert.True(model.Shape.Blocks > 1);
        using (no_grad())
        {
            foreach (var (name, weight) in model.named_parameters())
            {
                if (name.StartsWith("layers.1.", StringComparison.Ordinal) || name.StartsWith("norm.", StringComparison.Ordinal))
                {
                    weight.copy_(weight / zeros_like(weight)); // NaN or infinity, which would reach every state
                }
            }
        }
        LLama.Native.LLamaToken[][] tokens = [[1, 5, 9]];
        Assert.All(DecoderCases.States(model, tokens, TeacherAttention.Causal, false, 1)[0], state => Assert.True(float.IsFinite(state)));
        Assert.Contains(
            DecoderCases.States(model, tokens, TeacherAttention.Causal, false, 2)[0], state => !float.IsFinite(state));
    }

    [Fact]
    public void ABlockThatTheModelDoesNotHaveIsRefused()
    {
        var error = Assert.Throws<ConfigException>(() => LlamaCases.Encoder(Shipped, DecoderCases.Tensors with { Layers = "99" }));
        Assert.StartsWith($"teacher.layers names block 99, and {Shipped} has", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void SmallBatchesGiveTheSameVectors()
    {
        using var whole = LlamaCases.Encoder(Shipped, DecoderCases.Tensors);
        using var small = LlamaCases.Encoder(Shipped, DecoderCases.Tensors, LlamaCases.OneThread with { BatchTokens = 20 });
        Assert.InRange(LlamaCases.LargestDifference(whole.Vectors(Texts), small.Vectors(Texts)), 0, 2e-5f);
    }

    /// <summary>With bf16 half the memory: the weights are not kept twice.</summary>
    [Theory]
    [InlineData(Precision.Fp32, ScalarType.Float32)]
    [InlineData(Precision.Bf16, ScalarType.BFloat16)]
    public void WeightsOfProductsHaveTheirFormatAndAreFrozen(Precision precision, ScalarType format)
    {
        using var model = DecoderCases.Load(Shipped, precision);
        foreach (var (name, weight) in model.named_parameters())
        {
            Assert.Equal(name.Contains("norm", StringComparison.Ordinal) ? ScalarType.Float32 : format, weight.dtype);
            Assert.False(weight.requires_grad);
        }
    }

    [Fact]
    public void WhatTheRuntimeTakesNoNoticeOfIsNoSetting()
    {
        var none = new TeacherSettings();
        Assert.Equal(none, none.With(new TeacherConfig { Precision = Precision.Fp32 }));
        var tensors = none with { Runtime = TeacherRuntime.Tensors };
        Assert.Equal(
            tensors,
            none.With(new TeacherConfig { Runtime = TeacherRuntime.Tensors, FlashAttention = true, KvType = KvCacheType.F16 }));
        Assert.NotEqual(tensors, tensors.With(new TeacherConfig { Precision = Precision.Fp32 }));
    }
}
