using Llm2Clip.Training.Checkpoints;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Training.Optimizer;

/// <summary>The best weights so far, by a criterion that grows; before the first offer those that the training starts from.</summary>
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

    /// <summary>The weights, flat.</summary>
    public Tensor Values { get; }

    /// <summary>Epochs done when they stood.</summary>
    public int Epoch { get; private set; }

    /// <summary>The highest criterion so far; null before the first offer.</summary>
    public double? Criterion { get; private set; }

    /// <summary>Offers since then.</summary>
    public int Worse { get; private set; }

    /// <summary>Keeps the current weights where they are better than all before.</summary>
    public void Offer(int epoch, double criterion)
    {
        if (criterion <= Criterion)
        {
            Worse++;
            return;
        }
        (Epoch, Criterion, Worse) = (epoch, criterion, 0);
        using var off = no_grad();
        using var scope = NewDisposeScope();
        Values.copy_(_parameters.Values);
    }

    /// <summary>Goes on from a checkpoint whose weights <see cref="Values"/> hold.</summary>
    public void Resume(TrainState state) => (Epoch, Criterion, Worse) = ((int)state.BestStep, state.BestScore, state.EvaluationsSinceBest);

    /// <summary>Whether the last <paramref name="patience"/> offers were no better; never for 0.</summary>
    public bool Exhausted(int patience) => patience > 0 && Worse >= patience;

    /// <summary>Puts the best weights back.</summary>
    public void Restore()
    {
        if (Criterion is not null)
        {
            using var off = no_grad();
            using var scope = NewDisposeScope();
            _parameters.Values.copy_(Values);
        }
    }

    public void Dispose() => Values.Dispose();
}
