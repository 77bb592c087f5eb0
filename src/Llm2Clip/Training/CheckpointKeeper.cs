using System.Globalization;
using Llm2Clip.Files;
using Llm2Clip.Training.Checkpoints;

namespace Llm2Clip.Training;

/// <summary>
/// The checkpoints of a run: the last one, which a stopped run resumes from, that of the best evaluation, and of those that were the last
/// one before, the newest few under names with their steps. Keeping those costs no writing: the last one's folder is renamed when
/// the next takes its place.
/// </summary>
/// <param name="task">What is trained; its plan says where, when and how many.</param>
/// <param name="time">Measures the minutes between checkpoints.</param>
internal sealed class CheckpointKeeper(ITrainingTask task, TimeProvider time)
{
    private const string StepPrefix = "step-";

    private readonly TrainingPlan _plan = task.Plan;
    private long _savedAt = time.GetTimestamp();

    /// <summary>The folder that holds the checkpoint after <paramref name="step"/> steps once it is no more the last.</summary>
    public static string FolderOf(string last, long step) =>
        Path.Combine(ParentOf(last), string.Create(CultureInfo.InvariantCulture, $"{StepPrefix}{step:D8}"));

    /// <summary>
    /// Clears up after a process that was killed, and puts the last checkpoint back; null where there is none. Throws as
    /// <see cref="Checkpoint.Load"/>.
    /// </summary>
    public TrainState? Resume(IRunLog log)
    {
        PendingFile.Sweep(ParentOf(_plan.Checkpoint));
        AtomicFolder.Recover(_plan.Checkpoint, Retired);
        if (_plan.BestCheckpoint is { } best)
        {
            AtomicFolder.Recover(best);
        }
        return TaskCheckpoint.Load(task, log);
    }

    /// <summary>Whether a checkpoint is due, by the number of steps or by the minutes since the one before.</summary>
    public bool IsDue(long step) =>
        (_plan.CheckpointEvery > 0 && step % _plan.CheckpointEvery == 0)
        || (_plan.CheckpointMinutes > 0 && time.GetElapsedTime(_savedAt).TotalMinutes >= _plan.CheckpointMinutes);

    /// <summary>Replaces the last checkpoint, and deletes those before it that are too many.</summary>
    public void SaveLast(TrainState state)
    {
        TaskCheckpoint.Save(_plan.Checkpoint, task, state, Retired);
        _savedAt = time.GetTimestamp();
        Prune(state.Step);
    }

    /// <summary>Replaces the checkpoint of the best evaluation, where the plan has one.</summary>
    public void SaveBest(TrainState state)
    {
        if (_plan.BestCheckpoint is { } folder)
        {
            TaskCheckpoint.Save(folder, task, state);
        }
    }

    /// <summary>The name of a checkpoint that is the last no more; null where it is not kept, or is of the same step as the last.</summary>
    private string? Retired(string old) =>
        _plan.KeepCheckpoints > 0 && Checkpoint.StepOf(old) is { } step && step != Checkpoint.StepOf(_plan.Checkpoint)
            ? FolderOf(_plan.Checkpoint, step)
            : null;

    /// <summary>
    /// Deletes the oldest. Those of later steps are of a run that was set back to an earlier checkpoint: they stay until it comes there.
    /// </summary>
    private void Prune(long now)
    {
        if (_plan.KeepCheckpoints == 0)
        {
            return;
        }
        var kept =
            from folder in Directory.GetDirectories(ParentOf(_plan.Checkpoint), StepPrefix + "*")
            let step = StepIn(folder)
            where step <= now
            orderby step descending
            select folder;
        foreach (var folder in kept.Skip(_plan.KeepCheckpoints).ToList())
        {
            AtomicFolder.Delete(folder);
        }
    }

    /// <summary>The step in the name of a kept checkpoint; null for a folder of another name.</summary>
    private static long? StepIn(string folder) =>
        long.TryParse(Path.GetFileName(folder)[StepPrefix.Length..], NumberStyles.None, CultureInfo.InvariantCulture, out var step)
            ? step
            : null;

    private static string ParentOf(string folder) => Path.GetDirectoryName(Path.GetFullPath(folder))!;
}
