namespace Llm2Clip.Training;

/// <summary>Up to two limits on a run; it ends at the one that is spent first, and the learning rate follows that one.</summary>
/// <param name="Steps">Limit in steps; 0 = none. Epochs are given in steps too.</param>
/// <param name="Seconds">Limit in wall clock; 0 = none.</param>
internal sealed record TrainBudget(long Steps, double Seconds = 0)
{
    /// <summary>The limits of a training section; those in epochs as steps.</summary>
    /// <param name="config">The section.</param>
    /// <param name="batchesPerEpoch">Called where epochs are a limit.</param>
    public static TrainBudget Of(TrainLoopConfig config, Func<long> batchesPerEpoch)
    {
        var steps = config.Steps > 0 ? config.Steps : long.MaxValue;
        if (config.EpochBudget > 0)
        {
            steps = Math.Min(steps, Math.Max(1, (long)Math.Round(config.EpochBudget * batchesPerEpoch())));
        }
        return new TrainBudget(steps == long.MaxValue ? 0 : steps, config.MaxMinutes * 60);
    }

    /// <summary>Spent share, 0 at the start and 1 or more when the budget is used up.</summary>
    public double Progress(long step, double seconds) =>
        Math.Max(Steps > 0 ? (double)step / Steps : 0, Seconds > 0 ? seconds / Seconds : 0);
}
