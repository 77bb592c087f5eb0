using TorchSharp;

namespace Llm2Clip.Tests.Engine;

/// <summary>Random numbers against Debian's PyTorch 1.13. Runs alone: other tests draw from the same default generator.</summary>
[Collection("Live tensors")]
public sealed class TorchRandomTests : IDisposable
{
    private readonly DisposeScope scope = torch.NewDisposeScope();

    public void Dispose() => scope.Dispose();

    [Fact]
    public void Random_numbers_are_torchs()
    {
        // torch.manual_seed(7); torch.randn(5); torch.rand(3); torch.randperm(6); torch.bernoulli(torch.full((8,), .5))
        torch.manual_seed(7);
        TorchExpect.Values(torch.randn(5), 1e-6, -0.1467951, 0.7861413, 0.9468216, -1.114344, 1.69079);
        TorchExpect.Values(torch.rand(3), 1e-6, 0.286839, 0.2063194, 0.4450902);
        TorchExpect.Values(torch.randperm(6), 0, 4, 2, 1, 3, 0, 5);
        TorchExpect.Values(torch.full(8, 0.5).bernoulli(), 0, 0, 1, 0, 0, 0, 0, 0, 0);

        using var own = new torch.Generator(7);
        TorchExpect.Values(torch.randn(5, generator: own), 1e-6, -0.1467951, 0.7861413, 0.9468216, -1.114344, 1.69079);
        var state = own.get_state();
        var next = torch.rand(4, generator: own);
        own.set_state(state);
        Assert.True(next.Equals(torch.rand(4, generator: own)));
    }
}
