using Llm2Clip.Layers;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Tests.Layers;

/// <summary>Products in both formats against fp64.</summary>
public sealed class PrecisionTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();

    public void Dispose() => _scope.Dispose();

    /// <summary>
    /// Sums are fp32 either way, so what comes out in bf16 is the exact result rounded once (2^-8 of its size, half on average).
    /// </summary>
    [Theory]
    [InlineData(Precision.Fp32, 1e-5)]
    [InlineData(Precision.Bf16, 0.005)]
    public void A_product_is_exact_but_for_one_rounding_and_so_are_its_gradients(Precision precision, double tolerance)
    {
        using var generator = new Generator(3);
        Tensor Leaf(params long[] shape) => randn(shape, generator: generator).ForProduct(precision).detach().requires_grad_();
        var (x, weight, bias) = (Leaf(4, 5, 96), Leaf(32, 96), Leaf(32));
        var (exactX, exactWeight, exactBias) = (AttentionTests.Double(x), AttentionTests.Double(weight), AttentionTests.Double(bias));
        var shares = randn([4, 5, 32], generator: generator).ForProduct(precision);

        var y = precision.Product(x, weight, bias);
        var expected = exactX.matmul(exactWeight.t()) + exactBias;
        (y * shares).sum().backward();
        (expected * shares.to_type(ScalarType.Float64)).sum().backward();

        Assert.Equal(precision == Precision.Bf16 ? ScalarType.BFloat16 : ScalarType.Float32, y.dtype);
        AttentionTests.Near(expected, y, tolerance);
        AttentionTests.Near(exactX.grad!, x.grad!, tolerance);
        AttentionTests.Near(exactWeight.grad!, weight.grad!, tolerance);
        AttentionTests.Near(exactBias.grad!, bias.grad!, tolerance);
    }

    /// <summary>In TorchSharp the error of such a product ends the process.</summary>
    [Fact]
    public void Shapes_that_do_not_fit_are_refused()
    {
        var error = Assert.Throws<ArgumentException>(() => Precision.Fp32.Product(zeros(2, 5), zeros(3, 4)));
        Assert.StartsWith("An input of [2, 5] does not fit weights of [3, 4].", error.Message);
        Assert.Throws<ArgumentException>(() => Precision.Fp32.Product(zeros(2, 4), zeros(3, 4), zeros(4)));
        Assert.Throws<ArgumentException>(() => Precision.Fp32.Product(zeros(2, 4), zeros(4)));
        Assert.Throws<ArgumentException>(() => Precision.Bf16.Product(tensor(1f), zeros(3, 4)));
    }
}
