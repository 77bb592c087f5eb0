using System.Globalization;
using Llm2Clip.Files;
using Llm2Clip.Training.Checkpoints;

namespace Llm2Clip.Training;

/// <summary>What a user is told of a loss or gradient that is not finite: where it came up, on which samples, and what to do.</summary>
internal static class NotFinite
{
    /// <summary>Samples that the message itself names.</summary>
    private const int Named = 5;

    /// <summary>The error; with <c>--verbose</c> the log has all samples of the batch.</summary>
    /// <param name="plan">The run's.</param>
    /// <param name="state">The position before the step, which nothing of it has changed.</param>
    /// <param name="batch">The step's.</param>
    /// <param name="loss">Its loss; where that is finite, it was the gradient.</param>
    /// <param name="log">Takes the samples.</param>
    public static RunException Error(TrainingPlan plan, TrainState state, TrainingBatch batch, double loss, IRunLog log)
    {
        var origins = batch.Origins().ToList();
        foreach (var origin in origins)
        {
            log.Detail($"In the batch: {origin}");
        }
        var what = double.IsFinite(loss) ? "The gradient" : string.Create(CultureInfo.InvariantCulture, $"The loss ({loss})");
        var kept = AtomicFolder.Find(plan.Checkpoint) is { } checkpoint
            ? $"The checkpoint {checkpoint} is kept: the same command resumes from it, and comes to this batch again. "
            : "There is no checkpoint yet. ";
        return new RunException(string.Create(
            CultureInfo.InvariantCulture,
            $"{what} is not finite at step {state.Step} (epoch {state.Epoch + 1}, batch {batch.Index}{Samples(origins)}). ")
            + $"Nothing was changed by it. {kept}{plan.NotFiniteRemedy}");
    }

    private static string Samples(List<string> origins)
    {
        var more = origins.Count > Named
            ? string.Create(CultureInfo.InvariantCulture, $", and {origins.Count - Named:N0} more, which --verbose lists")
            : "";
        return origins.Count == 0 ? "" : $": {string.Join(", ", origins.Take(Named))}{more}";
    }
}
