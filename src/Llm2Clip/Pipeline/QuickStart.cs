using Llm2Clip.Configuration;
using Llm2Clip.Evaluation;
using Llm2Clip.Files;

namespace Llm2Clip.Pipeline;

/// <summary>What the quick start measured.</summary>
/// <param name="Teacher">Caption to caption: the bare LLM's vectors and the tuned teacher's.</param>
/// <param name="Before">Retrieval with an untrained student.</param>
/// <param name="After">Retrieval with the trained one.</param>
/// <param name="Report">The page with curves, tables and found images.</param>
/// <param name="Seconds">Time of each stage.</param>
public sealed record QuickStartResult(
    CaptionProbeResult? Teacher, RetrievalReport Before, RetrievalReport After, string Report, IReadOnlyDictionary<string, double> Seconds);

/// <summary>The whole pipeline on the shipped data, stage by stage, through the same entry points as the single commands.</summary>
public static class QuickStart
{
    /// <summary>The run file, relative to the repository's folder.</summary>
    public const string ConfigFile = "configs/quickstart.yaml";

    /// <summary>In a folder that a quick start made, and may clear.</summary>
    private const string Marker = "quickstart.yaml";

    /// <summary>
    /// Runs all stages afresh. <c>eval.output</c> names the folder of the run; the other outputs must lie below it, and an earlier
    /// quick start in it is removed. Throws <see cref="ConfigException"/> where it holds anything else.
    /// </summary>
    public static QuickStartResult Run(RunConfig run, IRunLog log, CancellationToken cancellation)
    {
        using var writer = Prepare(run);
        var seconds = new Dictionary<string, double>();
        // What this run makes, not what another made.
        var fresh = run with { Teacher = run.Teacher with { Tuned = "" }, Eval = run.Eval with { Model = "" } };
        var probe = Stage("cc-finetune", () => CcFinetune.Run(fresh, log, cancellation)).Probe;
        Stage("extract", () => Extract.Run(fresh, log, cancellation));
        var before = Stage("eval before", () => EvaluateUntrained(fresh, log, cancellation));
        Stage("clip-train", () => ClipTrain.Run(fresh, log, cancellation));
        var after = Stage("eval", () => Evaluate(fresh, log, cancellation));
        return new QuickStartResult(probe, before, after, Path.Combine(run.Eval.Output, EvalRetrieval.ReportFile), seconds);

        T Stage<T>(string name, Func<T> work)
        {
            cancellation.ThrowIfCancellationRequested();
            log.Info($"== {name}");
            var started = TimeProvider.System.GetTimestamp();
            var result = work();
            seconds.Add(name, TimeProvider.System.GetElapsedTime(started).TotalSeconds);
            return result;
        }
    }

    /// <summary>The weights that training starts from.</summary>
    private static RetrievalReport EvaluateUntrained(RunConfig run, IRunLog log, CancellationToken cancellation)
    {
        var folder = Path.Combine(run.Eval.Output, "untrained");
        ClipTrain.WriteUntrained(run, folder, log, cancellation);
        return Evaluate(run with { Eval = run.Eval with { Model = folder, Output = folder, ShownQueries = 0 } }, log, cancellation);
    }

    private static RetrievalReport Evaluate(RunConfig run, IRunLog log, CancellationToken cancellation) =>
        EvalRetrieval.Run(run, takeLock: false, log, cancellation);

    /// <summary>Locks the folder, clears what an earlier quick start left in it, and marks the new one.</summary>
    private static FolderLock Prepare(RunConfig run)
    {
        var folder = Path.GetFullPath(ConfigBinder.Required(run.Eval.Output, "eval.output", "the folder of the quick start"));
        foreach (var (key, path) in new[]
        {
            ("cc_finetune.output", run.TeacherOutput()), ("cc_finetune.raw_store", run.RawStore()),
            ("extract.store", run.VectorStore()), ("clip_train.output", run.StudentOutput()),
        })
        {
            if (!Path.GetFullPath(path).StartsWith(folder + Path.DirectorySeparatorChar, StringComparison.Ordinal))
            {
                throw new ConfigException($"{key} is '{path}'; in a quick start it lies below eval.output, {run.Eval.Output}.");
            }
        }
        if (Directory.Exists(folder) && !File.Exists(Path.Combine(folder, Marker))
            && Directory.EnumerateFileSystemEntries(folder).Any(path => !IsFirst(path)))
        {
            throw new ConfigException($"eval.output, {run.Eval.Output}, holds files that no quick start made. Name another folder.");
        }
        var writer = FolderLock.Take(folder, run.Eval.Output);
        // The mark stays while the rest goes: a run that is killed here must know the folder again.
        PendingFile.Write(Path.Combine(folder, Marker), ConfigBinder.Print(run));
        foreach (var below in Directory.GetDirectories(folder))
        {
            Directory.Delete(below, recursive: true);
        }
        foreach (var file in Directory.GetFiles(folder).Where(file => !IsFirst(file) && Path.GetFileName(file) != Marker))
        {
            File.Delete(file);
        }
        return writer;
    }

    /// <summary>What a quick start writes before its mark.</summary>
    private static bool IsFirst(string path) => Path.GetFileName(path) is FolderLock.FileName or Marker + PendingFile.Suffix;
}
