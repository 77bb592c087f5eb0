using Llm2Clip.Layers;
using Llm2Clip.Randomness;
using Llm2Clip.Teachers.Adapter;
using Llm2Clip.Training.Stage1;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Tests.Teachers;

public sealed class CcAdapterTests : IDisposable
{
    private const int Width = 24;

    private readonly string _root = Directory.CreateTempSubdirectory("adapter-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Theory]
    [InlineData(AdapterKind.Linear, 1)]
    [InlineData(AdapterKind.Residual, 0)]
    [InlineData(AdapterKind.Residual, 2)]
    public void InferenceIsTheTrainingForward(AdapterKind kind, int blocks)
    {
        using var adapter = Adapter(new AdapterConfig { Kind = kind, Blocks = blocks, Dimension = 7, Dropout = 0.5 });
        const int Count = 5000; // More than one chunk.
        var raw = Values(Count * Width, 3);
        var applied = adapter.Apply(raw, "en", CenteringMode.Training);

        using var scope = NewDisposeScope();
        var expected = Plain(adapter, tensor(raw, [Count, Width]) - tensor(adapter.Means.Of("en")!.Vector));
        AssertClose(expected.data<float>().ToArray(), applied, 2e-5f);

        adapter.Module.Noise.Begin(1);
        var noisy = adapter.Module.call(tensor(raw, [Count, Width])).data<float>().ToArray();
        adapter.Module.Noise.End();
        Assert.NotEqual(adapter.Module.call(tensor(raw, [Count, Width])).data<float>().ToArray(), noisy);
    }

    [Theory]
    [InlineData(Centering.None, CenteringMode.Own, "zh", null, false)]
    [InlineData(Centering.Global, CenteringMode.Training, "en", "all", false)]
    [InlineData(Centering.Global, CenteringMode.Own, "zh", "zh", true)]
    [InlineData(Centering.Language, CenteringMode.Training, "en", "en", true)]
    [InlineData(Centering.Language, CenteringMode.Training, "zh", "all", false)]
    [InlineData(Centering.Language, CenteringMode.Own, "zh", "zh", true)]
    [InlineData(Centering.Language, CenteringMode.Own, "zh-mt", "zh", true)]
    [InlineData(Centering.Language, CenteringMode.Own, "de", "all", false)]
    public void WhichMeanIsTakenOut(Centering centering, CenteringMode mode, string language, string? expected, bool own)
    {
        var means = Means();
        var mean = means.For(language, centering, mode, out var used);
        Assert.Equal(expected switch { null => null, "all" => means.Overall, _ => means.Of(expected)!.Vector }, mean);
        Assert.Equal(own, used is not null);

        using var adapter = CcAdapter.Create(new AdapterConfig { Centering = centering, Dimension = 5 }, means, 4);
        var raw = Values(3 * Width, 8);
        var applied = adapter.Apply(raw, language, mode);
        using var scope = NewDisposeScope();
        AssertClose(Plain(adapter, tensor(raw, [3, Width]) - tensor(mean ?? new float[Width])).data<float>().ToArray(), applied, 1e-5f);
    }

    [Fact]
    public void AFileGivesTheSameVectorsAndFingerprint()
    {
        var path = Path.Combine(_root, "adapter.safetensors");
        using var adapter = Adapter(new AdapterConfig { Dimension = 6, Blocks = 2 });
        adapter.Save(path);
        using var loaded = CcAdapter.Load(path);
        Assert.Equal((adapter.Fingerprint, adapter.Config, adapter.InputDimension),
            (loaded.Fingerprint, loaded.Config, loaded.InputDimension));
        Assert.Equal(["en", "zh"], loaded.Means.Languages.Select(mean => mean.Language));
        Assert.Equal((12, "plain text", false),
            (loaded.Means.Of("zh")!.Count, loaded.Means.Of("zh")!.Source, loaded.Means.Of("zh")!.Training));
        var raw = Values(4 * Width, 2);
        Assert.Equal(adapter.Apply(raw, "zh", CenteringMode.Own), loaded.Apply(raw, "zh", CenteringMode.Own));
    }

    [Fact]
    public void TheFingerprintHoldsWhatTrainingCaptionsVectorsDependOn()
    {
        using var adapter = Adapter(new AdapterConfig { Dimension = 6 });
        Assert.Equal(adapter.Fingerprint, adapter.WithMeans([new LanguageMean("de", new float[Width], 3, "", false)]).Fingerprint);
        using var other = CcAdapter.Create(adapter.Config, adapter.Means, 9);
        Assert.NotEqual(adapter.Fingerprint, other.Fingerprint);
        using var shifted = CcAdapter.Create(adapter.Config,
            new LanguageMeans([.. adapter.Means.Overall.Select(v => v + 1)], adapter.Means.Languages), 4);
        Assert.NotEqual(adapter.Fingerprint, shifted.Fingerprint);
    }

    [Fact]
    public void WhatIsNoAdapterIsRefused()
    {
        var path = Path.Combine(_root, "adapter.safetensors");
        using (var adapter = Adapter(new AdapterConfig { Dimension = 6 }))
        {
            adapter.Save(path);
        }
        var bytes = File.ReadAllBytes(path);
        File.WriteAllBytes(path, bytes[..^9]);
        Assert.Throws<InputException>(() => CcAdapter.Load(path));
        using var scope = NewDisposeScope();
        Llm2Clip.Weights.Safetensors.Save(path, new Dictionary<string, Tensor> { ["weight"] = zeros(3) });
        Assert.Contains("llm2clip.adapter", Assert.Throws<InputException>(() => CcAdapter.Load(path)).Message);
    }

    [Fact]
    public void HalfWhiteningTakesTheRootOfTheSingularValues()
    {
        using var adapter = CcAdapter.Create(
            new AdapterConfig { Kind = AdapterKind.Linear, Dimension = Width, Centering = Centering.None },
                new LanguageMeans(new float[Width], []), 1);
        using var scope = NewDisposeScope();
        const int Count = 2000;
        var values = Values(Count * Width, 5);
        for (var i = 0; i < values.Length; i++)
        {
            values[i] *= 1 + (i % Width); // Directions of very different spread.
        }
        var x = tensor(values, [Count, Width]);
        HalfWhitening.Initialize(adapter.Module, x);
        var before = linalg.svdvals(x.Normalize().to_type(ScalarType.Float64)).data<double>().ToArray();
        var after = linalg.svdvals(adapter.Module.call(x).to_type(ScalarType.Float64)).data<double>().ToArray();
        Assert.True(before[0] / before[^1] > 10);
        for (var d = 0; d < Width; d++)
        {
            Assert.InRange(after[d] / after[0], Math.Sqrt(before[d] / before[0]) * 0.999, Math.Sqrt(before[d] / before[0]) * 1.001);
        }
    }

    private static CcAdapter Adapter(AdapterConfig config) => CcAdapter.Create(config, Means(), 4);

    private static LanguageMeans Means() => new(
        Values(Width, 20), [new LanguageMean("en", Values(Width, 21), 40, "training captions", true),
            new LanguageMean("zh", Values(Width, 22), 12, "plain text", false)]);

    /// <summary>The adapter's function written out from its weights.</summary>
    private static Tensor Plain(CcAdapter adapter, Tensor centered)
    {
        using var off = no_grad();
        var weights = adapter.Module.state_dict();
        var x = centered / centered.norm(1, true) * Math.Sqrt(Width);
        for (var block = 0; weights.ContainsKey($"blocks.{block}.norm.weight"); block++)
        {
            Tensor Of(string name) => weights[$"blocks.{block}.{name}"];
            var inner = nn.functional.gelu(Norm(x, Of("norm.weight"), Of("norm.bias")).matmul(Of("widen.weight").t()) + Of("widen.bias"));
            x = x + inner.matmul(Of("narrow.weight").t()) + Of("narrow.bias");
        }
        if (weights.TryGetValue("norm.weight", out var gain))
        {
            x = Norm(x, gain, weights["norm.bias"]);
        }
        return x.matmul(weights["head.weight"].t()) + weights["head.bias"];
    }

    private static Tensor Norm(Tensor x, Tensor weight, Tensor bias)
    {
        var centered = x - x.mean([1], true);
        return centered / (centered.pow(2).mean([1], true) + 1e-5).sqrt() * weight + bias;
    }

    private static float[] Values(int count, ulong seed)
    {
        var random = new SeededRandom(seed);
        var values = new float[count];
        foreach (ref var value in values.AsSpan())
        {
            value = random.NextGaussian();
        }
        return values;
    }

    private static void AssertClose(float[] expected, float[] got, float tolerance)
    {
        Assert.Equal(expected.Length, got.Length);
        for (var i = 0; i < got.Length; i++)
        {
            Assert.InRange(got[i], expected[i] - tolerance, expected[i] + tolerance);
        }
    }
}
