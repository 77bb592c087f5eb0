using Llm2Clip.Configuration;
using Llm2Clip.Files;
using Llm2Clip.Reporting;
using Llm2Clip.Reporting.Comparison;

namespace Llm2Clip.Pipeline;

/// <summary>What <c>compare</c> found.</summary>
/// <param name="Tables">Its tables.</param>
/// <param name="Files">The files that it wrote, tables first.</param>
/// <param name="Format">Format in effect.</param>
public sealed record ComparisonReport(IReadOnlyList<ResultTable> Tables, IReadOnlyList<string> Files, CompareFormat Format)
{
    /// <summary>The tables as text of another format than a terminal's: of CSV one after the other, with a line between them.</summary>
    internal string Text() => Format switch
    {
        CompareFormat.Markdown => TableText.Markdown(Tables),
        CompareFormat.Latex => TableText.Latex(Tables),
        _ => string.Join('\n', Tables.Select(TableText.Csv)),
    };
}

/// <summary>
/// The <c>compare</c> command: results of runs side by side, from what their evaluations wrote. No model is run.
/// </summary>
public static class Compare
{
    /// <summary>Reads the runs and makes tables and figures of them.</summary>
    /// <exception cref="ConfigException">No run is named.</exception>
    /// <exception cref="InputException">A folder holds no result, or a damaged one.</exception>
    public static ComparisonReport Run(RunConfig run, IRunLog log)
    {
        var config = Checked.Require(run.Compare, "compare");
        if (config.Runs.Count == 0)
        {
            throw new ConfigException("compare.runs is empty: name the folders of the runs, such as `llm2clip compare runs/a runs/b`.");
        }
        if (config.EffectiveFormat == CompareFormat.Text && config.Output.Length > 0)
        {
            throw new ConfigException(
                $"compare.output is {config.Output}, and text is for a terminal: name a file ending in .md, .tex or .csv, or another "
                + "format (--format).");
        }
        var groups = RunGroup.Of([.. config.Runs.Select(ComparedRun.Open)]);
        var tables = new RunComparison(groups, config).Tables();
        var report = new ComparisonReport(tables, [], config.EffectiveFormat);
        var files = new List<string>();
        if (config.Output.Length > 0)
        {
            files.AddRange(Write(config, report));
        }
        if (config.Figures.Length > 0)
        {
            foreach (var (name, chart) in ComparisonFigures.Of(groups, config.Depth))
            {
                files.AddRange(FigureFile.Write(config.Figures, name, chart));
            }
            log.Detail($"{config.Figures}: {files.Count} files with the tables'.");
        }
        return report with { Files = files };
    }

    private static IEnumerable<string> Write(CompareConfig config, ComparisonReport report)
    {
        DurableFolder.Create(Path.GetDirectoryName(Path.GetFullPath(config.Output))!);
        if (report.Format != CompareFormat.Csv)
        {
            PendingFile.Write(config.Output, report.Text());
            yield return config.Output;
            yield break;
        }
        foreach (var table in report.Tables.Where(table => table.Rows.Count > 0))
        {
            var file = Path.ChangeExtension(config.Output, $".{table.Name}{Path.GetExtension(config.Output)}");
            PendingFile.Write(file, TableText.Csv(table));
            yield return file;
        }
    }
}
