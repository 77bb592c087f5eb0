using System.Text.Json;
using TorchSharp;
using static Llm2Clip.Tests.Engine.ReferenceNumbers;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Llm2Clip.Tests.Engine;

/// <summary>Outputs and gradients of layers and functions against PyTorch (<c>Reference/make_layers.py</c>), in fp32.</summary>
public class LayerTests
{
    private const double Tolerance = 2e-5;

    public static TheoryData<string> Cases => Names("layers");

    [Theory]
    [MemberData(nameof(Cases))]
    public void OutputAndGradientsAreTorchs(string name)
    {
        using var scope = NewDisposeScope();
        var reference = Section("layers").GetProperty(name);
        var integers = reference.GetProperty("integers").EnumerateArray().Select(each => each.GetString()!).ToHashSet();
        var tensors = reference.GetProperty("tensors").EnumerateObject().ToDictionary(
            each => each.Name, each => integers.Contains(each.Name) ? ReadTensor(each.Value, integers: true) : ReadTensor(each.Value).requires_grad_());

        var (op, args) = (reference.GetProperty("op").GetString()!, reference.GetProperty("args"));
        using var layer = Layer(op, args); // to the end: TorchSharp's layers dispose their weights when they are collected
        var (output, leaves) = layer is null ? (Function(op, args, tensors), tensors) : Run(layer, tensors);
        (output * ReadTensor(reference.GetProperty("cotangent"))).sum().backward();

        AssertClose(ReadTensor(reference.GetProperty("output")), output, Tolerance, "output");
        var gradients = reference.GetProperty("gradients").EnumerateObject().ToList();
        Assert.NotEmpty(gradients);
        foreach (var gradient in gradients)
        {
            var own = leaves[gradient.Name].grad;
            Assert.True(own is not null, $"no gradient of {gradient.Name}");
            AssertClose(ReadTensor(gradient.Value), own, Tolerance, "gradient of " + gradient.Name);
        }
    }

    [Fact]
    public void DropoutActsInTrainingOnly()
    {
        using var scope = NewDisposeScope();
        using var dropout = nn.Dropout(0.25);
        var input = ones(100_000);

        var trained = dropout.call(input);
        dropout.eval();

        AssertClose(input, dropout.call(input), 0, "evaluation");
        var kept = trained.ne(0).to(ScalarType.Float32).mean().ToDouble();
        Assert.InRange(kept, 0.74, 0.76);
        AssertClose(tensor(1 / 0.75f), trained.max(), 1e-6, "scale");
    }

    [Fact]
    public void AttentionDropoutActs()
    {
        using var scope = NewDisposeScope();
        var query = ones(1, 1, 4, 8);
        var value = ones(1, 1, 4, 8);

        AssertClose(value, F.scaled_dot_product_attention(query, query, value), 1e-6, "without");
        Assert.False(F.scaled_dot_product_attention(query, query, value, p: 0.5).allclose(value));
    }

    [Fact]
    public void OneHotCountsClasses()
    {
        using var scope = NewDisposeScope();
        AssertClose(tensor(new long[] { 0, 0, 1, 1, 0, 0 }, [2, 3]), F.one_hot(tensor(new long[] { 2, 0 })), 0, "one-hot");
        Assert.Equal([2, 5], F.one_hot(tensor(new long[] { 2, 0 }), 5).shape);
    }

    [Fact]
    public void IdentityGivesItsInput()
    {
        using var scope = NewDisposeScope();
        using var identity = nn.Identity();
        var input = randn(2, 3);
        AssertClose(input, identity.call(input), 0, "identity");
    }

    [Fact]
    public void HalfPrecisionLayersStayHalf()
    {
        using var scope = NewDisposeScope();
        using var layer = nn.Linear(4, 2).to(ScalarType.BFloat16);
        Assert.Equal(ScalarType.BFloat16, layer.call(randn([3, 4], dtype: ScalarType.BFloat16)).dtype);
    }

    private static (Tensor Output, Dictionary<string, Tensor> Leaves) Run(nn.Module<Tensor, Tensor> layer, Dictionary<string, Tensor> tensors)
    {
        layer.load_state_dict(tensors.Where(each => each.Key != "input").ToDictionary());
        var leaves = layer.named_parameters().ToDictionary(each => each.name, each => (Tensor)each.parameter);
        leaves["input"] = tensors["input"];
        return (layer.call(tensors["input"]), leaves);
    }

    private static nn.Module<Tensor, Tensor>? Layer(string op, JsonElement args)
    {
        long Number(string key) => args.GetProperty(key).GetInt64();
        return op switch
        {
            "Linear" => nn.Linear(Number("in"), Number("out"), args.GetProperty("bias").GetBoolean()),
            "LayerNorm" => nn.LayerNorm(Numbers(args, "shape"), args.GetProperty("eps").GetDouble()),
            "Conv2d" => nn.Conv2d(
                Number("in"), Number("out"), Number("kernel"), Number("stride"), Number("padding"), Number("dilation"), groups: Number("groups"),
                bias: args.GetProperty("bias").GetBoolean()),
            "Embedding" => nn.Embedding(Number("count"), Number("dim"), Number("padding")),
            "Sequential" => nn.Sequential(nn.Linear(4, 6), nn.GELU(), nn.LayerNorm(6), nn.Linear(6, 2)),
            _ => null,
        };
    }

    private static Tensor Function(string op, JsonElement args, Dictionary<string, Tensor> tensors)
    {
        Tensor T(string key) => tensors[key];
        return op switch
        {
            "gelu" => F.gelu(T("input")),
            "gelu_tanh" => F.gelu(T("input"), TorchSharp.Modules.GELU.Approximate.tanh),
            "silu" => F.silu(T("input")),
            "relu" => F.relu(T("input")),
            "softplus" => F.softplus(T("input")),
            "softmax" => F.softmax(T("input"), 1),
            "log_softmax" => F.log_softmax(T("input"), -1),
            "normalize" => F.normalize(T("input"), dim: -1),
            "cosine_similarity" => F.cosine_similarity(T("x1"), T("x2")),
            "cross_entropy" => F.cross_entropy(
                T("input"), T("target"), reduction: (nn.Reduction)args.GetProperty("reduction").GetInt32(), label_smoothing: args.GetProperty("smoothing").GetDouble()),
            "bce_with_logits" => F.binary_cross_entropy_with_logits(T("input"), T("target").to(ScalarType.Float32)),
            "mse" => F.mse_loss(T("input"), T("target")),
            "attention" => F.scaled_dot_product_attention(
                T("query"), T("key"), T("value"), tensors.GetValueOrDefault("mask"), is_casual: args.GetProperty("causal").GetBoolean()),
            "interpolate" => F.interpolate(
                T("input"), Numbers(args, "size"), mode: Enum.Parse<InterpolationMode>(args.GetProperty("mode").GetString()!),
                antialias: args.GetProperty("antialias").GetBoolean()),
            "grid" => F.grid_sample(T("input"), F.affine_grid(T("theta"), Numbers(args, "size")), align_corners: false),
            "pad" => F.pad(T("input"), Numbers(args, "pad"), Enum.Parse<PaddingModes>(args.GetProperty("mode").GetString()!), args.GetProperty("value").GetDouble()),
            _ => throw new InvalidOperationException($"The test does not know the operation {op}."),
        };
    }

    private static long[] Numbers(JsonElement args, string key) => [.. args.GetProperty(key).EnumerateArray().Select(each => each.GetInt64())];
}
