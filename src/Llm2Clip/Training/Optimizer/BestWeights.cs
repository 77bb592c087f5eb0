using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Training.Optimizer;

/// <summary>A copy of the best weights so far, flat; at first those that the training starts from.</summary>
internal sealed class BestWeights : IDisposable
{
    private readonly FlatParameters _parameters;

    public BestWeights(FlatParameters parameters)
    {
        _parameters = parameters;
        using var off = no_grad();
        using var scope = NewDisposeScope();
        Values = parameters.Values.clone().DetachFromDisposeScope();
    }

    /// <summary>The copy, [n].</summary>
    public Tensor Values { get; }

    /// <summary>Copies the current weights.</summary>
    public void Keep() => Copy(_parameters.Values, Values);

    /// <summary>Puts the copy back in place of the current weights.</summary>
    public void Restore() => Copy(Values, _parameters.Values);

    /// <summary>Puts the copy in place of the current weights until the result is disposed.</summary>
    public IDisposable Applied() => new SwappedWeights(_parameters.Values, Values);

    public void Dispose() => Values.Dispose();

    private static void Copy(Tensor from, Tensor to)
    {
        using var off = no_grad();
        using var scope = NewDisposeScope();
        to.copy_(from);
    }
}
