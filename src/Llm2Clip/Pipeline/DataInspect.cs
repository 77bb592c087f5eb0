using System.Diagnostics;
using Llm2Clip.Configuration;
using Llm2Clip.Data;
using Llm2Clip.Data.Inspection;
using Llm2Clip.Reporting;
using Llm2Clip.Teachers.Llm;

namespace Llm2Clip.Pipeline;

/// <summary>
/// The <c>data inspect</c> command: what a data set holds, what of it is broken, and what occurs in it twice, or in a second data set
/// too.
/// </summary>
public static class DataInspect
{
    /// <summary>
    /// Inspects, and writes the report where <see cref="InspectConfig.Output"/> names a folder: all files at the end, each complete or
    /// not at all. Throws
    /// <see cref="ConfigException"/> where no data is named or it can be read only once, <see cref="InputException"/> where it is
    /// missing, unreadable or empty, and <see cref="RunException"/> where the folder cannot be written.
    /// </summary>
    public static InspectionReport Run(RunConfig run, IRunLog log, CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        var config = Checked.Require(run.Inspect, "inspect");
        Checked.Require(run.Data, "data");
        var source = Open(run, run.InspectedData(), log);
        var against = config.Against.Length > 0 ? Open(run, config.Against, log) : null;
        var counting = run.CountingTeacher();
        using var counter = counting.Path.Length > 0 ? TokenCounter.Open(counting.Path, counting) : null;
        using var folder = config.Output.Length > 0 ? InspectionFolder.Open(config.Output) : null;
        var tokens = counter is null ? null : new CaptionLengths(counter.Count, counter.Limit);
        var report = DataInspection.Run(source, against, config, run.Data, tokens, log, cancellation) with
        {
            Folder = config.Output,
            Seconds = Math.Round(clock.Elapsed.TotalSeconds, 3),
        };
        folder?.Write(report);
        return report;
    }

    private static ISampleSource Open(RunConfig run, string pattern, IRunLog log)
    {
        if (pattern.Length == 0)
        {
            throw new ConfigException("inspect.data is empty: name the data, for example --data 'data/train-*.tar'.");
        }
        ShardPattern.RequireRepeatable(pattern, "data inspect, to name duplicates,");
        return Datasets.Open(pattern, run.Data.Of(pattern), log, needsCaptions: false);
    }
}
