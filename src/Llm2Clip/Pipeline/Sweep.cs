using Llm2Clip.Configuration;
using Llm2Clip.Files;
using Llm2Clip.Pipeline.Sweeps;
using Llm2Clip.Reporting;
using Llm2Clip.Reporting.Comparison;

namespace Llm2Clip.Pipeline;

/// <summary>What <c>sweep</c> did.</summary>
/// <param name="Runs">Folders of the runs.</param>
/// <param name="Commands">Commands that were run now.</param>
/// <param name="AlreadyDone">Commands that were done before, or by another run of the sweep.</param>
/// <param name="Comparison">The runs side by side.</param>
public sealed record SweepReport(IReadOnlyList<string> Runs, int Commands, int AlreadyDone, ComparisonReport Comparison);

/// <summary>
/// The <c>sweep</c> command: the same run with several values of some keys and several seeds, one after the other, compared at the end.
/// What is finished is not repeated, what was interrupted resumes.
/// </summary>
public static class Sweep
{
    /// <summary>Name of the comparison in the sweep's folder.</summary>
    private const string ComparisonFile = "comparison.md";

    /// <summary>Runs what is not done yet. A run that fails does not keep the others from running.</summary>
    /// <exception cref="ConfigException">Nothing is to be swept, or a value is none of its key.</exception>
    /// <exception cref="RunException">Runs failed; the others are compared.</exception>
    public static SweepReport Run(RunConfig run, IRunLog log, CancellationToken cancellation)
    {
        var config = Checked.Require(run.Sweep, "sweep");
        ConfigBinder.Require((config.Output, "sweep.output", "the folder of the sweep"));
        if (config.Set.Count == 0 && config.Seeds.Count == 0)
        {
            throw new ConfigException(
                "There is nothing to sweep: give a key several values (--set clip_train.learning_rate=1e-3,3e-4), or name seeds "
                + "(--seeds 0,1,2).");
        }
        var stages = SweepPlan.Stages(run);
        var runs = SweepPlan.Runs(run, stages);
        using var writer = FolderLock.Take(config.Output);
        var work = new SweepWork(new SweepPlaces(config.Output, stages), stages, SweepState.Open(config.Output), log, cancellation);
        for (var i = 0; i < runs.Count; i++)
        {
            work.Do(runs[i], FormattableString.Invariant($"{i + 1} of {runs.Count}"));
        }
        var compared = CompareRuns(run, [.. runs.Select(work.FolderOf)], log);
        if (work.Failures.Count > 0)
        {
            var rest = compared is null ? "" : $" The others are compared in {Path.Combine(config.Output, ComparisonFile)}.";
            throw new RunException(
                $"{work.Failures.Count} of {runs.Count} runs failed.{rest} The same command tries them again.\n  "
                + string.Join("\n  ", work.Failures));
        }
        return new SweepReport(
            [.. runs.Select(work.FolderOf)], work.Commands, work.AlreadyDone, compared ?? new ComparisonReport([], [], CompareFormat.Text));
    }

    /// <summary>The runs that have a result, side by side; null where none has.</summary>
    private static ComparisonReport? CompareRuns(RunConfig run, IReadOnlyList<string> folders, IRunLog log)
    {
        string[] results = [RunFiles.Retrieval, RunFiles.ZeroShot, RunFiles.LinearProbe];
        List<string> measured = [.. folders.Where(folder => results.Any(name => RunFiles.Find(folder, name) is not null))];
        if (measured.Count == 0)
        {
            return null;
        }
        var compare = run.Compare with
        {
            Runs = measured,
            Format = CompareFormat.Markdown,
            Output = Path.Combine(run.Sweep.Output, ComparisonFile),
            Figures = Path.Combine(run.Sweep.Output, "figures"),
        };
        return Compare.Run(run with { Compare = compare }, log) with { Format = CompareFormat.Text };
    }
}
