using Llm2Clip.Cli.Reports;
using Llm2Clip.Evaluation;
using Llm2Clip.Pipeline;

namespace Llm2Clip.Cli.Commands;

/// <summary><c>eval retrieval</c>: images by captions and captions by images, in every language of the data.</summary>
internal sealed class EvalRetrievalCommand : RunCommand<RetrievalReport>
{
    public EvalRetrievalCommand(CliHost host)
        : base(host, "retrieval",
            "Finds images by captions and captions by images, language by language; writes retrieval.json and report.html.",
            "llm2clip eval retrieval --config configs/quickstart.yaml --output runs/report")
    {
        Shortcut("--model", "eval.model", "FOLDER", "Student: the folder of a run, of its model or of a checkpoint; or a whole CLIP.");
        Shortcut("--teacher", "teacher.tuned", "FOLDER", "The teacher that the student was trained with; a whole CLIP needs none.");
        Shortcut("--data", "eval.data", "PATTERN", "Images and captions.");
        Shortcut("--output", "eval.output", "FOLDER", "Where the report goes.");
    }

    protected override string? DeviceOf(RunConfig config) => RunDevice.OfTensors(config.Eval.Device);

    protected override RetrievalReport Execute(RunConfig config, IRunLog log, CancellationToken cancellation) =>
        EvalRetrieval.Run(config, log, cancellation);

    protected override void Report(RetrievalReport result, Screen output) => RetrievalTable.Print(result, output);
}
