using Llm2Clip.Data.Loading;
using Llm2Clip.Evaluation;
using Llm2Clip.Models.Clip;
using Llm2Clip.Training.Checkpoints;

namespace Llm2Clip.Training.LongClip;

/// <summary>What a training run of a whole CLIP works on. The caller owns and disposes all of it.</summary>
internal sealed record LongClipInputs
{
    /// <summary>The model, trained in place.</summary>
    public required ClipModel Model { get; init; }

    /// <summary>The run's settings.</summary>
    public required LongClipConfig Config { get; init; }

    /// <summary>Training images with their captions.</summary>
    public required ITrainingBatches Batches { get; init; }

    /// <summary>Draws the captions; the batches hold only samples that it accepts.</summary>
    public required LongClipCaptions Captions { get; init; }

    /// <summary>Where checkpoints and the model go.</summary>
    public required string Output { get; init; }

    /// <summary>Evaluates on held-out images; null = the last weights are the result.</summary>
    public ClipEvaluator? Evaluator { get; init; }

    /// <summary>Further settings that a resumed run must share, by name. The training section is added here.</summary>
    public IReadOnlyDictionary<string, string> Identity { get; init; } = new Dictionary<string, string>();

    /// <summary>Tells the user.</summary>
    public IRunLog Log { get; init; } = SilentLog.Instance;

    /// <summary>Takes the numbers.</summary>
    public IMetricsSink Metrics { get; init; } = NoMetrics.Instance;
}

/// <summary>How a run ended.</summary>
/// <param name="State">Last position.</param>
/// <param name="ModelFolder">The exported model: the best by score, or the last where nothing was evaluated.</param>
/// <param name="LastLoss">Loss of the last step; null where none was made.</param>
/// <param name="Positions">Tokens that a caption may have.</param>
/// <param name="Captions">Captions that were trained on, each as often as it was drawn.</param>
/// <param name="Truncated">How many of these were longer and lost their end.</param>
public sealed record LongClipResult(
    TrainState State, string ModelFolder, double? LastLoss, int Positions, long Captions, long Truncated)
{
    /// <summary>What ended the training.</summary>
    public TrainingEnd End { get; init; }

    /// <summary>Step of the weights in <see cref="ModelFolder"/>; 0 = those that the training started from.</summary>
    public long ModelStep { get; init; }
}
