using System.Numerics.Tensors;
using Llm2Clip.Teachers;
using Llm2Clip.Teachers.Adapter;
using Llm2Clip.Teachers.Llm;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Tests.Teachers;

/// <summary><c>teacher.layers</c>: states of any block, with either attention, side by side, and the adapter over them.</summary>
public sealed class TeacherLayersTests
{
    private static readonly string[] Texts = ["two dogs run", "a red car in the snow", "x"];

    public static TheoryData<string> Models => LlamaCases.GoldenModelData();

    /// <summary>
    /// The residual stream before each layer of transformers: layer L of the file is what block L gives, 0 the embeddings. The README's
    /// tolerance is on states of the final norm, which reach 6.1; the stream may be larger, and rounding with it.
    /// </summary>
    [Theory]
    [MemberData(nameof(Models))]
    [Trait("Category", "Golden")]
    public void BlocksGiveTheStatesOfTransformers(string name)
    {
        var expected = new GoldenStates(SharedData.RequireGolden("llm", name, "expectations.safetensors"));
        foreach (var (mode, attention) in new[] { ("causal", TeacherAttention.Causal), ("bidir", TeacherAttention.Bidirectional) })
        {
            using var model = LlamaModel.Load(LlamaCases.GoldenModel(name), fullWindow: attention == TeacherAttention.Bidirectional);
            var blocks = Enumerable.Range(0, model.Handle.LayerCount).Where(block => expected.Names.Contains(Name(block))).ToList();
            Assert.NotEmpty(blocks);
            using var decoder = new SequenceDecoder(
                model, new DecoderOptions(attention, 64) { Threads = 1, Blocks = blocks }, SilentLog.Instance);
            var tokens = expected.Sequences()[1];
            var states = blocks.ConvertAll(_ => new float[tokens.Length * decoder.Width]);
            decoder.Run(
                [tokens], (_, position, block, state) => state.CopyTo(states[block].AsSpan(position * decoder.Width)),
                TestContext.Current.CancellationToken);
            for (var i = 0; i < blocks.Count; i++)
            {
                var reference = expected.Floats(Name(blocks[i]));
                var largest = Math.Abs(TensorPrimitives.MaxMagnitude<float>(reference));
                var tolerance = LlamaGoldenTests.Tolerance(model, [reference]).States * Math.Max(1, largest / 6.1f);
                Assert.True(LlamaCases.LargestDifference(reference, states[i]) <= tolerance, $"{Name(blocks[i])}: {tolerance}");
            }

            string Name(int block) => $"seq1.{mode}.layer{block}";
        }
    }

    [Theory]
    [MemberData(nameof(Models))]
    [Trait("Category", "Golden")]
    public void WhatIsBehindTheLastBlockIsLeftOutWithTheSameBits(string name)
    {
        using var model = LlamaModel.Load(LlamaCases.GoldenModel(name), fullWindow: true);
        var sequences = new GoldenStates(SharedData.RequireGolden("llm", name, "expectations.safetensors")).Sequences();
        Assert.Equal(States(skipHead: false), States(skipHead: true));

        List<float[]> States(bool skipHead)
        {
            var options = new DecoderOptions(TeacherAttention.Bidirectional, 64) { Threads = 1, SkipHead = skipHead, Blocks = [1] };
            using var decoder = new SequenceDecoder(model, options, SilentLog.Instance);
            Assert.Equal(skipHead, decoder.HeadSkipped);
            return LlamaCases.States(decoder, sequences);
        }
    }

    [Fact]
    public void PartsLieSideBySideInTheOrderOfTheKey()
    {
        using var several = Encoder("1 causal, 0, final, 1");
        string[] layers = ["1 causal", "0", "final", "1"];
        var all = several.Vectors(Texts);
        for (var part = 0; part < layers.Length; part++)
        {
            using var one = Encoder(layers[part]);
            var alone = one.Vectors(Texts);
            for (var text = 0; text < Texts.Length; text++)
            {
                var there = all.AsSpan(text * several.Dimension + part * one.Dimension, one.Dimension);
                Assert.InRange(LlamaCases.LargestDifference(alone.AsSpan(text * one.Dimension, one.Dimension), there), 0, 2e-5f);
            }
        }
    }

    [Fact]
    public void StatesOfBlocksHaveARootMeanSquareOfOneAndCompanyChangesNothing()
    {
        using var encoder = Encoder("1, 1 causal, 0", TeacherPooling.Last);
        var vectors = encoder.Vectors(Texts);
        var width = encoder.Dimension / 3;
        for (var part = 0; part < vectors.Length / width; part++)
        {
            Assert.Equal(Math.Sqrt(width), TensorPrimitives.Norm(vectors.AsSpan(part * width, width)), 4);
        }
        var alone = encoder.Vectors(Texts[1]);
        Assert.InRange(LlamaCases.LargestDifference(alone, vectors.AsSpan(encoder.Dimension, encoder.Dimension)), 0, 2e-5f);
    }

    /// <summary>Stores that were filled before there was a choice stay this teacher's.</summary>
    [Fact]
    public void TheFinalNormKeepsItsFingerprint()
    {
        var settings = new TeacherSettings();
        string[] before =
        [
            "llm-pooled-1", "hash", settings.Template, settings.Instruction, "Mean", "Bidirectional", "True", "512", "False", "F32",
        ];
        Assert.Equal(Fingerprints.Of(before), LlmTextEncoder.FingerprintOf("hash", settings));
        Assert.Equal(Fingerprints.Of(before), LlmTextEncoder.FingerprintOf("hash", settings with { Layers = "final bidirectional" }));
        string[] layers = ["final", "final causal", "13", "13 causal", "0", "13, 0", "0, 13", "13, 13 causal"];
        Assert.Distinct(layers.Select(text => LlmTextEncoder.FingerprintOf("hash", settings with { Layers = text })));
    }

    [Theory]
    [InlineData("13,", "'' in it is no layer")]
    [InlineData("thirteen", "'thirteen' in it is no layer")]
    [InlineData("-1", "'-1' in it is no layer")]
    [InlineData("13 sideways", "'13 sideways' in it is no layer")]
    [InlineData("0 causal", "'0 causal' in it is no layer")]
    [InlineData("13, 13 bidirectional", "names 13 bidirectional twice")]
    public void WhatIsNoListOfLayersIsRefused(string layers, string named)
    {
        var error = Assert.Throws<ConfigException>(
            () => Llm2Clip.Configuration.Checked.Require(new TeacherSettings { Layers = layers }, "teacher"));
        Assert.Contains("teacher.layers", error.Message, StringComparison.Ordinal);
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ABlockThatTheModelDoesNotHaveIsRefused()
    {
        var error = Assert.Throws<ConfigException>(() => Encoder("99"));
        Assert.Contains("teacher.layers names block 99", error.Message, StringComparison.Ordinal);
    }

    /// <summary>Each part at a root mean square of one, whatever the others' size: by hand.</summary>
    [Fact]
    public void TheAdapterScalesEachPart()
    {
        using var adapter = Adapter(parts: 2);
        using var scope = NewDisposeScope();
        var scaled = adapter.Module.Scale(tensor(new float[] { 3, 4, 0, 1000 }, [1, 4])).data<float>().ToArray();
        float[] expected = [3 / 5f * MathF.Sqrt(2), 4 / 5f * MathF.Sqrt(2), 0, MathF.Sqrt(2)];
        Assert.Equal(expected, scaled, (a, b) => Math.Abs(a - b) < 1e-6);
    }

    [Fact]
    public void TheAdapterRemembersItsParts()
    {
        var path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        try
        {
            using var two = Adapter(parts: 2);
            using var one = Adapter(parts: 1);
            Assert.NotEqual(one.Fingerprint, two.Fingerprint);
            two.Save(path);
            using (var loaded = CcAdapter.Load(path))
            {
                Assert.Equal(2, loaded.Parts);
                Assert.Equal(two.Fingerprint, loaded.Fingerprint);
                float[] raw = [1, 2, 300, 400];
                Assert.Equal(two.Apply(raw, "en", CenteringMode.Training), loaded.Apply(raw, "en", CenteringMode.Training));
            }
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static CcAdapter Adapter(int parts) => CcAdapter.Create(
        new AdapterConfig { Kind = AdapterKind.Linear, Dimension = 3 }, new LanguageMeans(new float[4], []), 1, parts);

    private static LlmTextEncoder Encoder(string layers, TeacherPooling pooling = TeacherPooling.Mean) =>
        LlamaCases.Encoder(
            LlamaCases.AnyModel(), new TeacherSettings { Layers = layers, Pooling = pooling, Template = "{text}", MaxLength = 64 });
}
