using System.Text.Json;
using Llm2Clip.Layers;
using Llm2Clip.Models.ResNet;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Tests.Models;

/// <summary>
/// Residual networks of torchvision and CLIP against PyTorch's numbers in fp64: <c>Reference/make_resnet.py</c> says how they were made.
/// The same script in fp32 is within 1e-6 of the largest feature, and of 5e-6 of a gradient's length: ten times that is allowed, as sums
/// are in another order here.
/// </summary>
public sealed class ResNetReferenceTests
{
    private const double FeatureTolerance = 1e-5;
    private const double GradientTolerance = 5e-5;
    private const double StatisticTolerance = 1e-6;

    public enum Network
    {
        Basic,
        Bottleneck,
        Clip,
    }

    [Theory]
    [InlineData(Network.Basic)]
    [InlineData(Network.Bottleneck)]
    [InlineData(Network.Clip)]
    public void FrozenAgrees(Network which)
    {
        var expected = Expected(which);
        using var model = Filled(which, BatchNormMode.Frozen);
        model.Noise.Begin(1); // In training, too, running statistics count.
        Compare(expected.GetProperty("eval"), expected.GetProperty("eval_gradients"), model, expected, "frozen");
    }

    [Theory]
    [InlineData(Network.Basic)]
    [InlineData(Network.Bottleneck)]
    [InlineData(Network.Clip)]
    public void TrainedAgreesInEvaluationAndInTraining(Network which)
    {
        var expected = Expected(which);
        using var model = Filled(which, BatchNormMode.Trained);
        Compare(expected.GetProperty("eval"), expected.GetProperty("eval_gradients"), model, expected, "evaluation");
        foreach (var (_, parameter) in model.NamedParameters())
        {
            parameter.grad = null;
        }
        model.Noise.Begin(1);
        using (no_grad())
        {
            using var scope = NewDisposeScope();
            model.Encode(Pixels(expected)); // GradCache's pass without gradient leaves the running statistics alone.
        }
        Compare(expected.GetProperty("train"), expected.GetProperty("train_gradients"), model, expected, "training");
        var running = expected.GetProperty("running");
        foreach (var (name, buffer) in model.NamedBuffers())
        {
            Summary(running.GetProperty(name), buffer, StatisticTolerance, name);
        }
    }

    [Theory]
    [InlineData(Network.Basic)]
    [InlineData(Network.Bottleneck)]
    [InlineData(Network.Clip)]
    public void FoldedAgrees(Network which)
    {
        var expected = Expected(which);
        using var model = Filled(which, BatchNormMode.Frozen);
        using ResidualNetwork folded = model is ResNetModel own ? own.Folded() : ((ModifiedResNetModel)model).Folded();
        Assert.Empty(folded.NamedBuffers());
        Assert.DoesNotContain(folded.NamedParameters(), p => p.Name.Contains("bn", StringComparison.Ordinal));
        using var scope = NewDisposeScope();
        using var off = no_grad();
        Sampled(expected.GetProperty("eval"), folded.Encode(Pixels(expected)), "folded");
    }

    [Theory]
    [InlineData(Network.Basic)]
    [InlineData(Network.Clip)]
    public void OtherSizesAgree(Network which)
    {
        var expected = Expected(which);
        using var model = Filled(which, BatchNormMode.Frozen);
        using var off = no_grad();
        var others = expected.GetProperty("others").EnumerateArray().ToList();
        Assert.NotEmpty(others);
        foreach (var other in others)
        {
            using var scope = NewDisposeScope();
            var shape = Longs(other.GetProperty("shape"));
            Sampled(other.GetProperty("eval"), model.Encode(Fill(shape, 2, 1)), string.Join('x', shape));
        }
    }

    /// <summary>bf16 keeps 8 bits: its features are those of fp32 but for a cosine of 0.999 on these few channels.</summary>
    [Theory]
    [InlineData(Network.Basic)]
    [InlineData(Network.Clip)]
    public void Bf16IsCloseToFp32(Network which)
    {
        var expected = Expected(which);
        using var model = Filled(which, BatchNormMode.Frozen);
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var exact = model.Encode(Pixels(expected));
        model.Precision = Precision.Bf16;
        var rough = model.Encode(Pixels(expected));
        Assert.Equal(ScalarType.Float32, rough.dtype);
        var cosine = nn.functional.cosine_similarity(exact, rough, dim: 1).min().item<float>();
        Assert.InRange(cosine, 0.999f, 1 - 1e-7f);
    }

    private static void Compare(JsonElement features, JsonElement gradients, ResidualNetwork model, JsonElement expected, string what)
    {
        using var scope = NewDisposeScope();
        var found = model.Encode(Pixels(expected));
        Sampled(features, found, what);
        (found * Fill(found.shape, 5, 1)).sum().backward();
        var parameters = model.NamedParameters();
        Assert.Equal(gradients.EnumerateObject().Count(), parameters.Count);
        foreach (var (name, parameter) in parameters)
        {
            Summary(gradients.GetProperty(name), parameter.grad!, GradientTolerance, $"{what} gradient of {name}");
        }
    }

    private static void Sampled(JsonElement expected, Tensor features, string what)
    {
        var step = expected.GetProperty("step").GetInt32();
        var wanted = expected.GetProperty("values").EnumerateArray().Select(value => value.GetDouble()).ToList();
        var found = GoldenTensors.Values(features).Where((_, i) => i % step == 0).ToList();
        Assert.Equal(wanted.Count, found.Count);
        var bound = FeatureTolerance * Math.Max(1, wanted.Max(Math.Abs));
        for (var i = 0; i < found.Count; i++)
        {
            GoldenTensors.Close(wanted[i], found[i], bound, $"{what}[{i * step}]");
        }
    }

    /// <summary>
    /// Length, and product with other numbers, which may differ by as much as the tolerance of both lengths. Gradients of zero, such as
    /// that of the keys' bias, which softmax takes out, are rounding noise: they may be 1e-5.
    /// </summary>
    private static void Summary(JsonElement expected, Tensor found, double tolerance, string what)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var x = found.to_type(ScalarType.Float64);
        var other = Fill(found.shape, 777, 1).to_type(ScalarType.Float64);
        var (length, product) = (expected[0].GetDouble(), expected[1].GetDouble());
        var bound = tolerance * length + 1e-5;
        GoldenTensors.Close(length, x.norm().item<double>(), bound, what + ", length");
        GoldenTensors.Close(product, (x * other).sum().item<double>(), bound * other.norm().item<double>(), what + ", product");
    }

    private static ResidualNetwork Filled(Network which, BatchNormMode mode)
    {
        var expected = Expected(which);
        ResidualNetwork model = which switch
        {
            Network.Basic => new ResNetModel(new ResNetConfig
            {
                Block = ResNetBlock.Basic, Blocks = [1, 1, 1, 2], Stages = ["layer3", "layer4"], BatchNorm = mode,
            }, CPU),
            Network.Bottleneck => new ResNetModel(new ResNetConfig
            {
                Block = ResNetBlock.Bottleneck, Blocks = [1, 2, 1, 1], Stages = ["layer3", "layer4"], BatchNorm = mode,
            }, CPU),
            _ => new ModifiedResNetModel(new ModifiedResNetConfig
            {
                Blocks = [.. Longs(expected.GetProperty("blocks")).Select(count => (int)count)],
                Width = expected.GetProperty("width").GetInt32(), ImageSize = expected.GetProperty("side").GetInt32(),
                EmbedDim = expected.GetProperty("output").GetInt32(), BatchNorm = mode,
            }, CPU),
        };
        using var off = no_grad();
        using var scope = NewDisposeScope();
        var state = model.State.ToDictionary(part => part.Name, part => part.Tensor);
        var names = expected.GetProperty("state").EnumerateArray().ToList();
        Assert.Equal(names.Select(entry => entry[0].GetString()).Order(StringComparer.Ordinal), state.Keys.Order(StringComparer.Ordinal));
        for (var seed = 0; seed < names.Count; seed++)
        {
            var target = state[names[seed][0].GetString()!];
            Assert.Equal(Longs(names[seed][1]), target.shape);
            target.copy_(Weight(names[seed][0].GetString()!, target.shape, seed));
        }
        return model;
    }

    /// <summary><c>set_weights</c> of the script.</summary>
    private static Tensor Weight(string name, long[] shape, int seed)
    {
        if (name.EndsWith("running_var", StringComparison.Ordinal))
        {
            return 1 + 0.5 * Fill(shape, seed, 1);
        }
        if (name.EndsWith("running_mean", StringComparison.Ordinal) || name.EndsWith(".bias", StringComparison.Ordinal))
        {
            return Fill(shape, seed, 0.1);
        }
        return shape.Length == 1 ? 1 + Fill(shape, seed, 0.2)
            : name.EndsWith("positional_embedding", StringComparison.Ordinal) ? Fill(shape, seed, 0.5)
            : Fill(shape, seed, Math.Sqrt(6.0 / shape[1..].Aggregate(1L, (product, side) => product * side)));
    }

    private static Tensor Pixels(JsonElement expected) => Fill(Longs(expected.GetProperty("shape")), 1, 1);

    /// <summary><c>fill</c> of the script.</summary>
    private static Tensor Fill(long[] shape, int seed, double scale)
    {
        var count = shape.Aggregate(1L, (product, side) => product * side);
        var values = new float[count];
        for (var i = 0; i < count; i++)
        {
            var wave = 43758.5453 * Math.Sin(12.9898 * (i + 1) + 78.233 * seed);
            values[i] = (float)(scale * (2 * (wave - Math.Floor(wave)) - 1));
        }
        return tensor(values, shape);
    }

    private static long[] Longs(JsonElement list) => [.. list.EnumerateArray().Select(item => item.GetInt64())];

    private static JsonElement Expected(Network which) => JsonDocument.Parse(File.ReadAllBytes(Path.Combine(
        SharedData.RepositoryRoot(), "tests", "Llm2Clip.Tests", "Models", "Reference", "resnet.json"))).RootElement
        .GetProperty(which.ToString().ToLowerInvariant());
}
