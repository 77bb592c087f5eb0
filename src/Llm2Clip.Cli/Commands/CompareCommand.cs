using Llm2Clip.Cli.Reports;
using Llm2Clip.Pipeline;

namespace Llm2Clip.Cli.Commands;

/// <summary><c>compare</c>: results of runs side by side.</summary>
internal sealed class CompareCommand : RunCommand<ComparisonReport>
{
    public CompareCommand(CliHost host)
        : base(host, "compare",
            "Shows results of runs side by side: seeds as mean and deviation, differences with a paired bootstrap, settings that differ; "
            + "tables for a terminal, Markdown, LaTeX or CSV, and figures.",
            "llm2clip compare runs/quickstart/untrained runs/quickstart --figures runs/figures")
    {
        Positionals("RUN", "compare.runs", "Folders of runs or of evaluations; the first is what the others are compared with.");
        Shortcut("--format", "compare.format", "FORMAT", "text, markdown, latex or csv; by the ending of --out without it.");
        Shortcut("--out", "compare.output", "FILE", "File for the tables in the place of standard output.");
        Shortcut("--figures", "compare.figures", "FOLDER", "Folder for figures, each as SVG and as PNG.");
    }

    protected override ComparisonReport Execute(RunConfig config, IRunLog log, CancellationToken cancellation) =>
        Compare.Run(config, log);

    protected override void Report(ComparisonReport result, Screen output) => ComparisonTables.Print(result, output);
}
