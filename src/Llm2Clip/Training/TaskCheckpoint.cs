using Llm2Clip.Files;
using Llm2Clip.Training.Checkpoints;

namespace Llm2Clip.Training;

/// <summary>A task's checkpoints: <see cref="Checkpoint"/> with the task's weights, identity and extras.</summary>
internal static class TaskCheckpoint
{
    /// <summary>
    /// Replaces the checkpoint in <paramref name="folder"/>; the one before is kept under the name that <paramref name="retire"/> gives
    /// (<see cref="AtomicFolder.Replace"/>).
    /// </summary>
    public static void Save(string folder, ITrainingTask task, TrainState state, Func<string, string?>? retire = null)
    {
        using var scope = TorchSharp.torch.NewDisposeScope();
        Checkpoint.Save(folder, state, task.Plan.Identity, task.Weights, task.Extras(), task.Describe, retire);
    }

    /// <summary>
    /// Puts the checkpoint of the task's plan back; null where there is none. Settings that changed, and may, are named to
    /// <paramref name="log"/>. Throws as <see cref="Checkpoint.Load"/>.
    /// </summary>
    public static TrainState? Load(ITrainingTask task, IRunLog? log = null)
    {
        using var scope = TorchSharp.torch.NewDisposeScope();
        var extras = task.Extras();
        if (Checkpoint.Load(task.Plan.Checkpoint, task.Plan.Identity, task.Weights, extras?.Tensors) is not { } loaded)
        {
            return null;
        }
        task.Resume(loaded.State, extras is null ? null : extras with { Notes = loaded.Notes });
        foreach (var change in loaded.Changes)
        {
            log?.Info($"Changed since: {change}.");
        }
        return loaded.State;
    }
}
