using Llm2Clip.Configuration;
using Llm2Clip.Files;
using Llm2Clip.Reporting;
using Llm2Clip.Teachers;
using Llm2Clip.Teachers.Store;

namespace Llm2Clip.Pipeline.Sweeps;

/// <summary>Carries out the runs of a sweep, and knows what became of them.</summary>
internal sealed class SweepWork(
    SweepPlaces places, IReadOnlyList<SweepStage> stages, SweepState state, IRunLog log, CancellationToken cancellation)
{
    private readonly Dictionary<string, string> _failed = new(StringComparer.Ordinal);

    /// <summary>Commands that were run.</summary>
    public int Commands { get; private set; }

    /// <summary>Commands that needed not be run.</summary>
    public int AlreadyDone { get; private set; }

    /// <summary>Runs that failed, with the reason.</summary>
    public List<string> Failures { get; } = [];

    /// <summary>Folder of a run.</summary>
    public string FolderOf(SweptRun run) => places.FolderOf(run);

    /// <summary>Runs the commands of a run that are not done. A mistake of the user's ends this run and is kept.</summary>
    public void Do(SweptRun run, string number)
    {
        var folder = FolderOf(run);
        DurableFolder.Create(folder);
        // As the user would write it, without the places of what is shared: what compare reads.
        PendingFile.Write(Path.Combine(folder, RunFiles.Settings), ConfigBinder.Print(run.Config with { Output = folder }));
        var placed = places.Placed(run);
        foreach (var stage in stages)
        {
            try
            {
                if (stage == SweepStage.Extract)
                {
                    placed = places.WithStore(placed, SilentLog.Instance);
                }
                Do(stage, placed, run.Name, number);
            }
            catch (UserException error)
            {
                var what = $"{run.Name}, {NameOf(stage)}: {error.Message}";
                log.Warn(what);
                Failures.Add(what);
                return;
            }
        }
    }

    private void Do(SweepStage stage, RunConfig placed, string name, string number)
    {
        cancellation.ThrowIfCancellationRequested();
        var key = $"{NameOf(stage)} {KeyOf(stage, placed)}";
        if (state.IsDone(key) && IsThere(stage, placed))
        {
            AlreadyDone++;
            return;
        }
        if (_failed.TryGetValue(key, out var reason))
        {
            throw new RunException(reason); // shared with a run before
        }
        log.Info($"== {NameOf(stage)}, run {number}: {name}");
        try
        {
            Run(stage, placed);
        }
        catch (UserException error)
        {
            _failed[key] = error.Message;
            throw;
        }
        state.Add(key);
        Commands++;
    }

    private void Run(SweepStage stage, RunConfig placed)
    {
        switch (stage)
        {
            case SweepStage.CcFinetune:
                CcFinetune.Run(placed, log, cancellation);
                break;
            case SweepStage.Extract:
                Extract.Run(placed, log, cancellation);
                break;
            case SweepStage.ClipTrain:
                ClipTrain.Run(placed, log, cancellation);
                break;
            case SweepStage.EvalRetrieval:
                EvalRetrieval.Run(placed, log, cancellation);
                break;
            case SweepStage.EvalZeroshot:
                EvalZeroShot.Run(placed, log, cancellation);
                break;
            default:
                EvalLinearProbe.Run(placed, log, cancellation);
                break;
        }
    }

    /// <summary>What a command depends on: runs that have it in common share its result.</summary>
    private static string KeyOf(SweepStage stage, RunConfig placed) => stage switch
    {
        SweepStage.CcFinetune => Path.GetFileName(placed.TeacherOutput()),
        SweepStage.Extract => $"{Path.GetFileName(placed.VectorStore())} " + SweepPlaces.HashOf(
            placed.Data with { Augment = new() }, placed.Extract, string.Join(' ', placed.StudentLanguages())),
        _ => $"{Path.GetFileName(placed.Output)} {SweepPlaces.HashOf(placed with { Sweep = new(), Compare = new() })}",
    };

    /// <summary>Whether what a command made is still there.</summary>
    private static bool IsThere(SweepStage stage, RunConfig placed) => stage switch
    {
        SweepStage.CcFinetune => TeacherFolder.IsTeacher(placed.TeacherOutput()),
        SweepStage.Extract => EmbeddingStore.Exists(placed.VectorStore()),
        SweepStage.ClipTrain => Directory.Exists(SweepPlaces.ModelOf(placed)),
        SweepStage.EvalRetrieval => File.Exists(Path.Combine(placed.Eval.Output, RunFiles.Retrieval)),
        SweepStage.EvalZeroshot => File.Exists(Path.Combine(placed.Eval.Output, RunFiles.ZeroShot)),
        _ => File.Exists(Path.Combine(placed.Eval.Output, RunFiles.LinearProbe)),
    };

    private static string NameOf(SweepStage stage) => ConfigSchema.SnakeCase(stage.ToString());
}
