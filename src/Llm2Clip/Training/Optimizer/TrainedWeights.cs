using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Llm2Clip.Training.Optimizer;

/// <summary>The weights that a run trains, and all that is kept per weight: gradients, AdamW's moments, the moving average.</summary>
internal sealed class TrainedWeights : IDisposable
{
    /// <summary>Moves the parameters into flat buffers. Every parameter must be named by exactly one group.</summary>
    /// <param name="parameters">The weights by name.</param>
    /// <param name="groups">Rates and decays.</param>
    /// <param name="options">AdamW's constants.</param>
    /// <param name="averageDecay">Decay of the moving average; 0 = none.</param>
    /// <param name="frozen">Weights of the model that stay as they are.</param>
    public TrainedWeights(
        IReadOnlyList<(string Name, Parameter Parameter)> parameters, IReadOnlyList<ParameterGroup> groups, AdamWOptions options,
        double averageDecay = 0, IReadOnlyList<(string Name, Parameter Parameter)>? frozen = null)
    {
        Frozen = frozen ?? [];
        Parameters = new FlatParameters(parameters, groups);
        Optimizer = new FlatAdamW(Parameters, options);
        Average = averageDecay > 0 ? new WeightAverage(Parameters, averageDecay) : null;
    }

    /// <summary>Weights and gradients.</summary>
    public FlatParameters Parameters { get; }

    /// <summary>Weights of the model that stay as they are; a checkpoint holds them, so that it is a model by itself.</summary>
    public IReadOnlyList<(string Name, Parameter Parameter)> Frozen { get; }

    /// <summary>Running statistics, which training changes without the optimizer; a checkpoint holds them too.</summary>
    public IReadOnlyList<(string Name, Tensor Buffer)> Buffers { get; init; } = [];

    /// <summary>Moments and step count.</summary>
    public FlatAdamW Optimizer { get; }

    /// <summary>The moving average, where the run has one.</summary>
    public WeightAverage? Average { get; }

    /// <summary>Frees the optimizer's buffers. A model's parameters are views of the others, which live as long as the views do.</summary>
    public void Dispose()
    {
        Optimizer.Dispose();
        Average?.Dispose();
        Parameters.Dispose();
    }
}
