using Llm2Clip.Cli.Reports;
using Llm2Clip.Evaluation.Classification;
using Llm2Clip.Pipeline;

namespace Llm2Clip.Cli.Commands;

/// <summary><c>eval zeroshot</c>: images classified by the names of classes, in any language.</summary>
internal sealed class EvalZeroShotCommand : RunCommand<ZeroShotReport>
{
    public EvalZeroShotCommand(CliHost host)
        : base(host, "zeroshot",
            "Classifies labeled images by the names of classes in any language; writes zeroshot.json and zeroshot.html.",
            "llm2clip eval zeroshot --config configs/quickstart.yaml --classes data/quickstart/places.yaml "
            + "--data 'data/quickstart/places-val-*.tar'")
    {
        Shortcut("--model", "eval.model", "FOLDER", "Student: the folder of a run, of its model or of a checkpoint; or a whole CLIP.");
        Shortcut("--teacher", "teacher.tuned", "FOLDER", "The teacher that the student was trained with; a whole CLIP needs none.");
        Shortcut("--classes", "eval_zeroshot.classes", "FILE", "Names of the classes, and templates, per language (YAML or JSON).");
        Shortcut("--templates", "eval_zeroshot.templates", "FILE", "Templates, if not in that file.");
        Shortcut("--data", "eval_zeroshot.data", "PATTERN", "Labeled images: a folder per class, or tars or lists with a label.");
        Shortcut("--output", "eval_zeroshot.output", "FOLDER", "Where the report goes.");
    }

    protected override string? DeviceOf(RunConfig config) => RunDevice.OfTensors(config.Eval.Device);

    protected override ZeroShotReport Execute(RunConfig config, IRunLog log, CancellationToken cancellation) =>
        EvalZeroShot.Run(config, log, cancellation);

    protected override void Report(ZeroShotReport result, Screen output) => ClassTables.Print(result, output);
}
