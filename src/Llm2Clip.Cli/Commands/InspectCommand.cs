using Llm2Clip.Cli.Reports;
using Llm2Clip.Data.Inspection;
using Llm2Clip.Pipeline;

namespace Llm2Clip.Cli.Commands;

/// <summary><c>data inspect</c>: what a data set holds, what is broken in it, and what occurs twice.</summary>
internal sealed class InspectCommand : RunCommand<InspectionReport>
{
    public InspectCommand(CliHost host)
        : base(host, "inspect",
            "Counts what a data set holds, names broken samples, and finds duplicates in it and between it and another one.",
            "llm2clip data inspect --data 'data/quickstart/train-*.tar' --against 'data/quickstart/val-*.tar' --out runs/inspect")
    {
        Shortcut("--data", "inspect.data", "PATTERN", "Data that is inspected, in any format.");
        Shortcut("--against", "inspect.against", "PATTERN",
            "A second data set, such as the test set of a training set; what is in both is found.");
        Shortcut("--out", "inspect.output", "FOLDER", "Folder for report.html, inspection.json and contact-sheet.jpg.");
        Shortcut("--teacher", "teacher.tuned", "GGUF|FOLDER", "Counts caption lengths in this model's tokens too.");
        Shortcut("--near-bits", "inspect.near_image_bits", "N", "Bits of 64 in which the hashes of images that look alike may differ.");
        Shortcut("--seed", "inspect.seed", "N", "Another seed, another contact sheet.");
    }

    protected override InspectionReport Execute(RunConfig config, IRunLog log, CancellationToken cancellation) =>
        DataInspect.Run(config, log, cancellation);

    protected override void Report(InspectionReport result, Screen output) => InspectionSummary.Print(result, output);
}
