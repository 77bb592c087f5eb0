using Llm2Clip.Layers;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Training.Optimizer;

/// <summary>
/// Exponential moving average of all parameters. Evaluation and export use it: on small data the average of the last steps is better
/// than the last step. The average warms up, min(decay, (1 + t) / (10 + t)), so that early steps do not hold the start.
/// </summary>
internal sealed class WeightAverage : IDisposable
{
    private readonly FlatParameters _parameters;
    private readonly double _decay;

    /// <summary>Starts as a copy of the parameters.</summary>
    public WeightAverage(FlatParameters parameters, double decay)
    {
        (_parameters, _decay) = (parameters, decay);
        using var off = no_grad();
        using var scope = NewDisposeScope();
        Values = parameters.Values.clone().DetachFromDisposeScope();
    }

    /// <summary>The average, [n].</summary>
    public Tensor Values { get; }

    /// <summary>Takes the current parameters in; <paramref name="steps"/> are the optimizer steps made.</summary>
    public void Update(long steps)
    {
        using var off = no_grad();
        using var scope = NewDisposeScope();
        var decay = Math.Min(_decay, (1.0 + steps) / (10 + steps));
        Values.MultiplyBy((float)decay).Add(_parameters.Values, (float)(1 - decay));
    }

    /// <summary>Puts the average in the place of the parameters until the result is disposed.</summary>
    public IDisposable Applied() => new SwappedWeights(_parameters.Values, Values);

    /// <summary>Frees the average.</summary>
    public void Dispose() => Values.Dispose();
}
