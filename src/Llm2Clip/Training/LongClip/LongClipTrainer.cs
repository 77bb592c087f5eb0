using System.Globalization;
using Llm2Clip.Files;

namespace Llm2Clip.Training.LongClip;

/// <summary>
/// Trains a whole CLIP on long and short captions. The output folder holds <c>checkpoints/last</c> (resumed from where it is there),
/// <c>checkpoints/best</c> and <c>model</c>.
/// </summary>
internal static class LongClipTrainer
{
    /// <summary>Trains until the budget is spent, resuming from the output folder's last checkpoint where there is one.</summary>
    /// <exception cref="OperationCanceledException">Cancelled; a checkpoint was saved.</exception>
    /// <exception cref="ConfigException">The checkpoint there belongs to other settings, or the settings do not fit the model.</exception>
    /// <exception cref="RunException">
    /// Loss or gradient became non-finite; the optimizer did not move and the last checkpoint is kept.
    /// </exception>
    public static LongClipResult Run(LongClipInputs inputs, CancellationToken cancellation = default)
    {
        using var task = new LongClipTask(inputs, cancellation);
        AtomicFolder.Recover(task.ModelFolder);
        var (state, end) = Trainer.Run(task, inputs.Log, inputs.Metrics, ready: null, cancellation);
        var modelStep = task.Finish(state);
        var (captions, truncated) = task.Captions;
        var positions = inputs.Model.Text.Config.Positions;
        inputs.Log.Info(FormattableString.Invariant($"Trained {state.Step:N0} steps in {state.Seconds / 60:0.0} minutes."));
        if (truncated > 0)
        {
            inputs.Log.Warn(string.Create(
                CultureInfo.InvariantCulture,
                $"{truncated:N0} of {captions:N0} captions were longer than {positions} tokens and lost their end (longclip.truncate)."));
        }
        return new LongClipResult(state, task.ModelFolder, state.LastLoss, positions, captions, truncated)
        {
            End = end,
            ModelStep = modelStep,
        };
    }
}
