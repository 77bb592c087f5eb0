using Llm2Clip.Files;
using Llm2Clip.Training.Checkpoints;

namespace Llm2Clip.Training;

/// <summary>A task's checkpoints: <see cref="Checkpoint"/> with the task's weights, identity and extras.</summary>
internal static class TaskCheckpoint
{
    /// <summary>Replaces the checkpoint in <paramref name="folder"/>.</summary>
    public static void Save(string folder, ITrainingTask task, TrainState state)
    {
        using var scope = TorchSharp.torch.NewDisposeScope();
        Checkpoint.Save(folder, state, task.Plan.Identity, task.Weights, task.Extras(), task.Describe);
    }

    /// <summary>Puts the checkpoint of the task's plan back; null where there is none. Throws as <see cref="Checkpoint.Load"/>.</summary>
    public static TrainState? Load(ITrainingTask task)
    {
        AtomicFolder.Recover(task.Plan.Checkpoint);
        using var scope = TorchSharp.torch.NewDisposeScope();
        var extras = task.Extras();
        if (Checkpoint.Load(task.Plan.Checkpoint, task.Plan.Identity, task.Weights, extras?.Tensors) is not var (state, notes))
        {
            return null;
        }
        task.Resume(state, extras is null ? null : extras with { Notes = notes });
        return state;
    }
}
