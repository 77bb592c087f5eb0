using Llm2Clip.Models;

namespace Llm2Clip.Pipeline;

/// <summary>The <c>demo</c> command but for the server: an index of the quick start's images.</summary>
public static class Demo
{
    /// <summary>Whether the quick start of a run file was run to its end.</summary>
    public static bool HasStudent(RunConfig run) =>
        File.Exists(Path.Combine(run.StudentOutput(), StudentFolder.ModelName, StudentFolder.AdapterSettings));

    /// <summary>
    /// Brings the index of the evaluation's images up to date, and returns the run file by which it is served. Throws as
    /// <see cref="IndexImages.Run"/> does.
    /// </summary>
    public static RunConfig Index(RunConfig run, IRunLog log, CancellationToken cancellation)
    {
        var index = run with
        {
            Eval = run.Eval with { Model = run.StudentOutput() },
            Index = run.Index with { Data = run.EvaluationData() },
        };
        var report = IndexImages.Run(index, log, cancellation);
        return index with { Search = run.Search with { Index = report.Index } };
    }
}
