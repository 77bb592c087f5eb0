#if !ENGINE_NUGET
using Llm2Clip.Engine;
using Llm2Clip.Engine.Torch;
using TorchSharp;

namespace Llm2Clip.Tests.Engine;

/// <summary>The fused optimizer step, deterministic norms, the description of the build.</summary>
public sealed class TorchExtrasTests : IDisposable
{
    private readonly DisposeScope scope = torch.NewDisposeScope();

    public void Dispose() => scope.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void AdamW_is_torchs(bool fused)
    {
        // p = tensor([1., -2, 3, .5]); o = torch.optim.AdamW([p], lr=.1, betas=(.9, .99), eps=1e-3, weight_decay=.2)
        // for i in range(3): p.grad = tensor([.1, -.2, .3, 0]) * (i + 1) - .05; o.step()
        var (p, m, v) = (torch.tensor([1f, -2f, 3f, 0.5f]), torch.zeros(4), torch.zeros(4));
        OptimizerSegment[] segments = [new(0, 4, 0.1, 0.2)];
        var kernels = fused ? Engines.Current.Kernels : new CompositeKernels();
        for (var i = 0; i < 3; i++)
        {
            // The gradient is handed over doubled, so that the scale of a half is put to the test.
            var grad = ((torch.tensor([0.1f, -0.2f, 0.3f, 0f]) * (i + 1)) - 0.05f) * 2;
            kernels.AdamW(p, grad, m, v, segments, 0.9, 0.99, 1e-3, i + 1, 0.5);
        }
        TorchExpect.Values(p, 1e-5, 0.6669599, -1.594993, 2.54032, 0.7588705);
    }

    [Fact]
    public void AdamW_does_not_depend_on_cuts_or_threads()
    {
        const int Length = 100_003;
        using var generator = new torch.Generator(3);
        var (start, grad) = (torch.randn(Length, generator: generator), torch.randn(Length, generator: generator));
        torch.Tensor Run(params AdamWSegment[] segments)
        {
            var (p, m, v) = (start.clone(), torch.zeros(Length), torch.zeros(Length));
            for (var step = 1; step <= 2; step++)
            {
                FusedAdamW.Step(p, grad, m, v, segments, 0.9, 0.98, 1e-6, step);
            }
            return p;
        }
        var whole = Run(new AdamWSegment(0, Length, 1e-3, 0.1));
        Assert.True(whole.Equals(Run(new(0, 17, 1e-3, 0.1), new(17, 70_000, 1e-3, 0.1), new(70_017, Length - 70_017, 1e-3, 0.1))));
        var untouched = Run(new AdamWSegment(0, 10, 1e-3, 0.1));
        Assert.True(untouched[10..].Equals(start[10..]));
        Assert.True(untouched[..10].Equals(whole[..10]));
    }

    [Fact]
    public void AdamW_refuses_what_does_not_fit()
    {
        var (p, m, v) = (torch.zeros(4), torch.zeros(4), torch.zeros(4));
        void Step(torch.Tensor grad, AdamWSegment segment) => FusedAdamW.Step(p, grad, m, v, [segment], 0.9, 0.99, 1e-8, 1);
        Assert.ThrowsAny<Exception>(() => Step(torch.zeros(3), new(0, 3, 1, 0)));
        Assert.ThrowsAny<Exception>(() => Step(torch.zeros(4), new(2, 3, 1, 0)));
        Assert.ThrowsAny<Exception>(() => Step(torch.zeros(4, dtype: torch.float64), new(0, 4, 1, 0)));
    }

    [Fact]
    public void Squared_norm_is_exact_and_the_same_for_any_threads()
    {
        using var generator = new torch.Generator(5);
        var flat = torch.randn(50_001, generator: generator);
        var expected = flat.data<float>().ToArray().Sum(value => (double)value * value);
        var threads = torch.get_num_threads();
        var (some, one) = (FlatNorm.SquaredNorm(flat), 0.0);
        torch.set_num_threads(1);
        try
        {
            one = FlatNorm.SquaredNorm(flat);
        }
        finally
        {
            torch.set_num_threads(threads);
        }
        Assert.Equal(expected, some, 1e-9 * expected);
        Assert.Equal(some, one);
        Assert.Equal(expected, new CompositeKernels().SquaredNorm(flat), 1e-9 * expected);
        Assert.Equal(0, FlatNorm.SquaredNorm(torch.zeros(0)));
    }

    [Fact]
    public void The_build_describes_itself()
    {
        var build = TorchBuild.Describe();
        Assert.Equal(build.Version, torch.__version__);
        Assert.True(Version.TryParse(build.Version.Split('+')[0], out var version) && version >= new Version(1, 13));
        Assert.True(File.Exists(build.LibraryFile));
        Assert.True(build.Threads >= 1);
        Assert.NotEmpty(build.Config);
        Assert.Equal(torch.cuda.is_available(), build.HasCuda && build.CudaDevices > 0);

        var parts = Engines.Current.Describe();
        Assert.StartsWith(build.Version, parts.Single(part => part.Name == "libtorch").Version);
        var blas = parts.Single(part => part.Name == "BLAS");
        Assert.True(blas.Problem is null, $"{blas.Path}: {blas.Problem}");
    }
}
#endif
