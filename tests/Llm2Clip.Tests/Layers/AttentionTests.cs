using Llm2Clip.Layers;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Tests.Layers;

/// <summary>Attention against its formula in fp64.</summary>
public sealed class AttentionTests : IDisposable
{
    private const int Batch = 3;
    private const int Heads = 2;
    private const int Width = 6;

    private readonly DisposeScope _scope = NewDisposeScope();

    public void Dispose() => _scope.Dispose();

    /// <summary>
    /// Rows short enough for the composed form, and longer ones, which the fused operation serves in fp32. bf16 keeps 8 bits, so its
    /// results lie within 2^-8 of what the same rounded inputs give exactly; gradients add a few such roundings.
    /// </summary>
    [Theory]
    [InlineData(false, 7, 0, 1e-6)]
    [InlineData(false, 7, 1, 1e-6)]
    [InlineData(false, 7, 4, 1e-6)]
    [InlineData(false, 200, 0, 1e-6)]
    [InlineData(false, 200, 1, 1e-6)]
    [InlineData(false, 200, 4, 1e-6)]
    [InlineData(true, 7, 0, 0.02)]
    [InlineData(true, 7, 1, 0.02)]
    [InlineData(true, 200, 0, 0.02)]
    [InlineData(false, 7, 0, 1e-6, true)]
    [InlineData(false, 200, 0, 1e-6, true)]
    [InlineData(true, 7, 0, 0.02, true)]
    [InlineData(true, 200, 0, 0.02, true)]
    public void It_is_the_formula_and_so_are_its_gradients(bool bf16, int tokens, int queries, double tolerance, bool causal = false)
    {
        using var generator = new Generator(11);
        var format = bf16 ? ScalarType.BFloat16 : ScalarType.Float32;
        Tensor Leaf(params long[] shape) => randn(shape, generator: generator).to_type(format).requires_grad_();
        var packed = Leaf(Batch, tokens, (queries == 0 ? 3 : 2) * Width);
        var query = queries == 0 ? null : Leaf(Batch, queries, Width);
        var weights = randn([Batch, queries == 0 ? tokens : queries, Width], generator: generator);
        var (exactPacked, exactQuery) = (Double(packed), query is null ? null : Double(query));

        var mixed = Attention.Attend(packed, Heads, query, causal: causal);
        var expected = Formula(exactPacked, exactQuery, causal);
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

    [Theory]
    [InlineData(50)]
    [InlineData(200)]
    public void Threads_change_no_bit(int tokens)
    {
        using var generator = new Generator(5);
        var packed = randn([4, tokens, 3 * 64], generator: generator);
        var threads = get_num_threads();
        var some = Attention.Attend(packed, 4);
        set_num_threads(1);
        try
        {
            Assert.True(some.Equals(Attention.Attend(packed, 4)));
        }
        finally
        {
            set_num_threads(threads);
        }
    }

    [Fact]
    public void Shapes_that_do_not_fit_are_refused()
    {
        Assert.Throws<ArgumentException>(() => Attention.Attend(zeros(2, 5, 18), 4)); // 6 is not 4 heads
        Assert.Throws<ArgumentException>(() => Attention.Attend(zeros(2, 5, 12), 2, zeros(3, 1, 6))); // 3 images ask, 2 answer
        Assert.Throws<ArgumentException>(() => Attention.Attend(zeros(2, 18), 2));
    }

    internal static Tensor Double(Tensor tensor) => tensor.detach().to_type(ScalarType.Float64).requires_grad_();

    internal static void Near(Tensor expected, Tensor actual, double tolerance)
    {
        Assert.Equal(expected.shape, actual.shape);
        var off = (expected - actual.to_type(ScalarType.Float64)).abs().max().ToDouble();
        Assert.True(off <= tolerance * Math.Max(1, expected.abs().max().ToDouble()), $"{off:g3} off");
    }

    private static Tensor Formula(Tensor packed, Tensor? query, bool causal)
    {
        var start = query is null ? Width : 0;
        var queries = query ?? packed.narrow(2, 0, Width);
        var head = Width / Heads;
        return cat([.. Enumerable.Range(0, Heads).Select(h =>
        {
            Tensor Part(Tensor tensor, int from) => tensor.narrow(2, from + (h * head), head);
            var scores = Part(queries, 0).matmul(Part(packed, start).transpose(1, 2)) / Math.Sqrt(head);
            var seen = causal ? scores + Filled(scores.shape, double.NegativeInfinity).triu(1) : scores;
            return seen.softmax(-1).matmul(Part(packed, start + Width));
        })], 2);
    }

    private static Tensor Filled(long[] shape, double number) => full(shape, number, ScalarType.Float64);
}
