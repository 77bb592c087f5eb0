using System.Globalization;
using Llm2Clip.Configuration;
using Llm2Clip.Layers;
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

    /// <summary>Tells the log of what trains, group by group, and of what is locked.</summary>
    /// <param name="log">Is told.</param>
    /// <param name="name">What it is, for the message.</param>
    /// <param name="precision">Number format of matrix products.</param>
    public void Describe(IRunLog log, string name, Precision precision)
    {
        foreach (var range in Parameters.Ranges)
        {
            var group = range.Group;
            log.Detail(string.Create(
                CultureInfo.InvariantCulture,
                $"group {group.Name}: {group.Parameters.Count} tensors, {range.Length:N0} weights, ")
                + string.Create(CultureInfo.InvariantCulture, $"peak rate {group.Rate:g4}, decay {group.WeightDecay:g4}"));
        }
        log.Info(string.Create(
            CultureInfo.InvariantCulture,
            $"{name}: {Parameters.Values.numel():N0} weights that train, {ConfigSchema.SnakeCase(precision.ToString())} on ")
            + $"{Parameters.Device}." + (Frozen.Count == 0 ? "" : string.Create(
                CultureInfo.InvariantCulture, $" {Frozen.Sum(p => p.Parameter.numel()):N0} are locked.")));
    }

    /// <summary>Frees the optimizer's buffers. A model's parameters are views of the others, which live as long as the views do.</summary>
    public void Dispose()
    {
        Optimizer.Dispose();
        Average?.Dispose();
        Parameters.Dispose();
    }
}
