using System.Runtime.CompilerServices;
using Llm2Clip.Training.Optimizer;
using TorchSharp;
using TorchSharp.Modules;
using static Llm2Clip.Tests.Training.AdamWReference;
using static TorchSharp.torch;

namespace Llm2Clip.Tests.Training;

/// <summary>The optimizer over flat buffers, both as it runs on the CPU and in tensor operations as on a GPU.</summary>
public sealed class FlatAdamWTests : IDisposable
{
    private const double Tolerance = 2e-6;

    private readonly DisposeScope _scope = NewDisposeScope();

    public void Dispose() => _scope.Dispose();

    /// <summary>Three steps that PyTorch made (<c>Reference/make_adamw.py</c>).</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Steps_are_PyTorchs(bool shared)
    {
        var reference = Read();
        var args = reference.GetProperty("args");
        var start = reference.GetProperty("start").EnumerateArray().Select(each => ReadTensor(each)).ToList();
        var betas = args.GetProperty("betas");
        var options = new AdamWOptions(betas[0].GetDouble(), betas[1].GetDouble(), args.GetProperty("eps").GetDouble());
        using var flat = new Flat(start, args.GetProperty("lr").GetDouble(), args.GetProperty("weight_decay").GetDouble(), options);
        foreach (var step in reference.GetProperty("steps").EnumerateArray())
        {
            // Handed over doubled, so that the scale of a half is put to the test.
            flat.Step([.. step.GetProperty("gradients").EnumerateArray().Select(each => ReadTensor(each) * 2)], 0.5, shared);
            var expectedParameters = step.GetProperty("parameters").EnumerateArray().Select(each => ReadTensor(each));
            foreach (var (parameter, expected) in flat.Tensors.Zip(expectedParameters))
            {
                AssertClose(expected, parameter, Tolerance, "parameter");
            }
        }
    }

    /// <summary>Ten steps of TorchSharp's own optimizer, with more numbers than a chunk and a rest that fills no vector.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Steps_are_those_of_torch_optim(bool shared)
    {
        using var generator = new Generator(8);
        var start = randn(70_011, generator: generator);
        var parameter = new Parameter(start.clone());
        using var theirs = optim.AdamW([parameter], 1e-2, 0.9, 0.98, 1e-6, 0.1);
        using var ours = new Flat([start], 1e-2, 0.1, new AdamWOptions());
        for (var i = 0; i < 10; i++)
        {
            var gradient = randn(start.shape, generator: generator);
            parameter.grad = gradient.clone();
            theirs.step();
            ours.Step([gradient], 1, shared);
        }
        AssertClose(parameter, ours.Tensors[0], Tolerance, "parameters");
    }

    [Fact]
    public void Neither_cuts_nor_threads_change_a_bit()
    {
        const int Length = 200_003;
        using var generator = new Generator(3);
        var start = randn(Length, generator: generator);
        var gradients = Enumerable.Range(0, 2).Select(_ => randn(Length, generator: generator)).ToList();
        float[] Run(params long[] cuts)
        {
            using var flat = new Flat([.. start.split(cuts)], 1e-3, 0.1, new AdamWOptions());
            gradients.ForEach(gradient => flat.Step([.. gradient.split(cuts)], 0.7, shared: true));
            return cat([.. flat.Tensors], 0).data<float>().ToArray();
        }
        var whole = Run(Length);
        Assert.Equal(whole, Run(17, 70_000, 1, Length - 70_018));
        var threads = get_num_threads();
        set_num_threads(threads == 1 ? 2 : 1);
        try
        {
            Assert.Equal(whole, Run(Length));
        }
        finally
        {
            set_num_threads(threads);
        }
    }

    [Fact]
    public void The_norm_is_exact_and_the_same_for_any_number_of_threads()
    {
        using var generator = new Generator(5);
        using var buffer = new FlatBuffer(200_003, CPU);
        buffer.Tensor.copy_(randn(200_003, generator: generator));
        var exact = buffer.Span.ToArray().Sum(value => (double)value * value);
        var threads = get_num_threads();
        var some = buffer.SquaredNorm();
        set_num_threads(threads == 1 ? 2 : 1);
        try
        {
            Assert.Equal(some, buffer.SquaredNorm());
        }
        finally
        {
            set_num_threads(threads);
        }
        Assert.Equal(exact, some, 1e-12 * exact);
        using var none = new FlatBuffer(0, CPU);
        Assert.Equal(0, none.SquaredNorm());
    }

    [Fact]
    public void Tensor_and_span_are_the_same_aligned_numbers()
    {
        for (var i = 1; i < 40; i++)
        {
            using var buffer = new FlatBuffer(i, CPU);
            Assert.Equal(new float[i], buffer.Tensor.data<float>().ToArray());
            buffer.Tensor.fill_(2);
            buffer.Span[i - 1] = 5;
            Assert.Equal([.. Enumerable.Repeat(2f, i - 1), 5f], buffer.Tensor.data<float>().ToArray());
            Assert.Equal(0, Address(buffer.Span) % 64);
        }
        static unsafe long Address(Span<float> span) => (long)Unsafe.AsPointer(ref span[0]);
    }

    /// <summary>A student keeps its weights when its trainer is gone; without the last view the memory is free.</summary>
    [Fact]
    public void Memory_lives_as_long_as_a_view_of_it()
    {
        var (view, memory) = Leave();
        Collect();
        Assert.Equal([7f, 8f], view.data<float>().ToArray());
        Assert.True(memory.IsAlive);
        view.Dispose();
        Collect();
        Assert.False(memory.IsAlive);

        [MethodImpl(MethodImplOptions.NoInlining)]
        static (Tensor View, WeakReference Memory) Leave()
        {
            using var buffer = new FlatBuffer(100_000, CPU);
            (buffer.Span[50_000], buffer.Span[50_001]) = (7, 8);
            return (buffer.Tensor.narrow(0, 50_000, 2).DetachFromDisposeScope(), new WeakReference(buffer.Array));
        }

        static void Collect()
        {
            for (var i = 0; i < 3; i++)
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
            }
        }
    }

    /// <summary>Parameters in one group each, so that groups are cuts of the buffer.</summary>
    private sealed class Flat : IDisposable
    {
        private readonly FlatParameters _parameters;
        private readonly FlatAdamW _optimizer;

        public Flat(IReadOnlyList<Tensor> start, double rate, double decay, AdamWOptions options)
        {
            Tensors = [.. start.Select(each => new Parameter(each.detach().clone()))];
            _parameters = new FlatParameters(
                [.. Tensors.Select((each, i) => ($"{i}", each))],
                [.. Tensors.Select((_, i) => new ParameterGroup($"{i}", 2 * rate, decay, [$"{i}"]))]);
            _optimizer = new FlatAdamW(_parameters, options);
        }

        public IReadOnlyList<Parameter> Tensors { get; }

        public void Step(IReadOnlyList<Tensor> gradients, double scale, bool shared)
        {
            foreach (var (parameter, gradient) in Tensors.Zip(gradients))
            {
                parameter.grad!.copy_(gradient);
            }
            if (shared)
            {
                _optimizer.Step(0.5, scale);
                return;
            }
            _optimizer.Steps++;
            foreach (var range in _parameters.Ranges)
            {
                _optimizer.UpdateTensors(range, range.Group.Rate * 0.5, scale);
            }
        }

        public void Dispose()
        {
            _optimizer.Dispose();
            _parameters.Dispose();
        }
    }
}
