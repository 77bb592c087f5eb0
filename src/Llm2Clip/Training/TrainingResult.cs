using Llm2Clip.Training.Checkpoints;

namespace Llm2Clip.Training;

/// <summary>What ended a training.</summary>
public enum TrainingEnd
{
    /// <summary>Its budget was spent.</summary>
    Budget,

    /// <summary>Evaluations brought no better score (<c>early_stop</c>).</summary>
    EarlyStop,

    /// <summary>It lost more than <c>clip_train.retention.max_drop</c> allows.</summary>
    Retention,
}

/// <summary>How a run ended.</summary>
/// <param name="State">Last position.</param>
/// <param name="End">What ended it.</param>
internal sealed record TrainingResult(TrainState State, TrainingEnd End);
