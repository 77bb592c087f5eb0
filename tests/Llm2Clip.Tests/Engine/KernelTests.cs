using Llm2Clip.Engine;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Tests.Engine;

/// <summary>The engine's products and attention against their formulas in fp64.</summary>
public sealed class KernelTests : IDisposable
{
    private const int Batch = 3;
    private const int Tokens = 7;
    private const int Heads = 2;
    private const int Width = 6;

    private readonly DisposeScope scope = NewDisposeScope();

    public void Dispose() => scope.Dispose();

    /// <summary>bf16 keeps 8 bits, so its results lie within 2^-8 of what the same rounded inputs give exactly; gradients add a few such roundings.</summary>
    [Theory]
    [InlineData(false, 0, 1e-6)]
    [InlineData(false, 1, 1e-6)]
    [InlineData(false, 4, 1e-6)]
    [InlineData(true, 0, 0.02)]
    [InlineData(true, 1, 0.02)]
    public void Attention_is_the_formula_and_so_are_its_gradients(bool bf16, int queries, double tolerance)
    {
        foreach (var kernels in new[] { Engines.Current.Kernels, new CompositeKernels() })
        {
            using var generator = new Generator(11);
            var format = bf16 ? ScalarType.BFloat16 : ScalarType.Float32;
            Tensor Leaf(params long[] shape) => randn(shape, generator: generator).to_type(format).requires_grad_();
            var packed = Leaf(Batch, Tokens, (queries == 0 ? 3 : 2) * Width);
            var query = queries == 0 ? null : Leaf(Batch, queries, Width);
            var weights = randn([Batch, queries == 0 ? Tokens : queries, Width], generator: generator);
            var (exactPacked, exactQuery) = (Double(packed), query is null ? null : Double(query));

            var mixed = kernels.Attention(packed, Heads, query);
            var expected = Formula(exactPacked, exactQuery);
            (mixed.to_type(ScalarType.Float32) * weights).sum().backward();
            (expected * weights).sum().backward();

            Assert.Equal(format, mixed.dtype);
            Near(expected, mixed, tolerance);
            Near(exactPacked.grad!, packed.grad!, tolerance);
            if (query is not null)
            {
                Near(exactQuery!.grad!, query.grad!, tolerance);
            }
        }
    }

    /// <summary>Sums are fp32 either way, so what comes out in bf16 is the exact result rounded once (2^-8 of its size, half on average).</summary>
    [Theory]
    [InlineData(false, 1e-5)]
    [InlineData(true, 0.005)]
    public void A_product_is_exact_but_for_one_rounding_and_so_are_its_gradients(bool bf16, double tolerance)
    {
        foreach (var kernels in new[] { Engines.Current.Kernels, new CompositeKernels() })
        {
            using var generator = new Generator(3);
            var format = bf16 ? ScalarType.BFloat16 : ScalarType.Float32;
            Tensor Leaf(params long[] shape) => randn(shape, generator: generator).to_type(format).requires_grad_();
            var (x, weight, bias) = (Leaf(4, 5, 96), Leaf(32, 96), Leaf(32));
            var (exactX, exactWeight, exactBias) = (Double(x), Double(weight), Double(bias));
            var shares = randn([4, 5, 32], generator: generator).to_type(format);

            var y = kernels.Linear(x, weight, bias);
            var expected = exactX.matmul(exactWeight.t()) + exactBias;
            (y * shares).sum().backward();
            (expected * shares.to_type(ScalarType.Float64)).sum().backward();

            Assert.Equal(format, y.dtype);
            Near(expected, y, tolerance);
            Near(exactX.grad!, x.grad!, tolerance);
            Near(exactWeight.grad!, weight.grad!, tolerance);
            Near(exactBias.grad!, bias.grad!, tolerance);
        }
    }

    [Fact]
    public void Threads_change_no_bit_of_attention()
    {
        using var generator = new Generator(5);
        var packed = randn([4, 50, 3 * 64], generator: generator);
        var threads = get_num_threads();
        var some = Engines.Current.Kernels.Attention(packed, 4);
        set_num_threads(1);
        try
        {
            Assert.True(some.Equals(Engines.Current.Kernels.Attention(packed, 4)));
        }
        finally
        {
            set_num_threads(threads);
        }
    }

    [Fact]
    public void Attention_refuses_shapes_that_do_not_fit()
    {
        var kernels = Engines.Current.Kernels;
        Assert.ThrowsAny<Exception>(() => kernels.Attention(zeros(2, 5, 18), 4)); // 6 is not 4 heads
        Assert.ThrowsAny<Exception>(() => kernels.Attention(zeros(2, 5, 12), 2, zeros(3, 1, 6))); // 3 pictures ask, 2 answer
        Assert.ThrowsAny<Exception>(() => kernels.Attention(zeros(2, 18), 2));
    }

    private static Tensor Double(Tensor tensor) => tensor.detach().to_type(ScalarType.Float64).requires_grad_();

    private static void Near(Tensor expected, Tensor actual, double tolerance)
    {
        Assert.Equal(expected.shape, actual.shape);
        var off = (expected - actual.to_type(ScalarType.Float64)).abs().max().ToDouble();
        Assert.True(off <= tolerance * Math.Max(1, expected.abs().max().ToDouble()), $"{off:g3} off");
    }

    private static Tensor Formula(Tensor packed, Tensor? query)
    {
        var start = query is null ? Width : 0;
        var queries = query ?? packed.narrow(2, 0, Width);
        var head = Width / Heads;
        return cat([.. Enumerable.Range(0, Heads).Select(h =>
        {
            Tensor Part(Tensor tensor, int from) => tensor.narrow(2, from + (h * head), head);
            var scores = Part(queries, 0).matmul(Part(packed, start).transpose(1, 2)) / Math.Sqrt(head);
            return scores.softmax(-1).matmul(Part(packed, start + Width));
        })], 2);
    }
}
