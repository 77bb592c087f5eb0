using Llm2Clip.Files;

namespace Llm2Clip.Training.Stage2;

/// <summary>
/// Trains the student (stage 2): contrastive loss between images and the teacher's caption vectors. The output folder holds
/// <c>checkpoints/last</c> (resumed from where it is there), <c>checkpoints/best</c> and <c>model</c>.
/// </summary>
internal static class ClipTrainer
{
    /// <summary>
    /// Trains until the budget is spent, resuming from the output folder's last checkpoint where there is one.
    /// </summary>
    /// <exception cref="OperationCanceledException">Cancelled; a checkpoint was saved.</exception>
    /// <exception cref="ConfigException">The checkpoint there belongs to other settings.</exception>
    /// <exception cref="RunException">
    /// Loss or gradient became non-finite; the optimizer did not move and the last checkpoint is kept.
    /// </exception>
    public static ClipTrainResult Run(ClipTrainInputs inputs, CancellationToken cancellation = default)
    {
        using var task = new StudentTask(inputs, cancellation);
        AtomicFolder.Recover(task.ModelFolder);
        Action<CancellationToken>? ready = inputs.Evaluator is { } evaluator ? evaluator.Check : null;
        var (state, end) = Trainer.Run(task, inputs.Log, inputs.Metrics, ready, cancellation);
        var isLast = inputs.Evaluator is null || inputs.Config.Keep == KeptWeights.Last;
        if (isLast && end != TrainingEnd.Retention)
        {
            using var averaged = task.Weights.Average?.Applied();
            task.ExportModel();
        }
        inputs.Log.Info(FormattableString.Invariant($"Trained {state.Step:N0} steps in {state.Seconds / 60:0.0} minutes."));
        return new ClipTrainResult(state, task.ModelFolder, state.LastLoss)
        {
            End = end,
            Watched = inputs.Watch?.Name,
            ModelStep = !isLast ? state.BestStep : end == TrainingEnd.Retention ? state.Retained!.PermittedAt : state.Step,
        };
    }
}
