using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Training.Optimizer;

/// <summary>Other values in the place of the parameters, until it is disposed.</summary>
internal sealed class SwappedWeights : IDisposable
{
    private readonly Tensor _target;
    private readonly Tensor _kept;

    /// <param name="target">The parameters, [n].</param>
    /// <param name="values">What they are for the time being, [n].</param>
    public SwappedWeights(Tensor target, Tensor values)
    {
        using var off = no_grad();
        using var scope = NewDisposeScope();
        _target = target;
        _kept = target.clone().DetachFromDisposeScope();
        target.copy_(values);
    }

    public void Dispose()
    {
        using var off = no_grad();
        using var scope = NewDisposeScope();
        _target.copy_(_kept);
        _kept.Dispose();
    }
}
