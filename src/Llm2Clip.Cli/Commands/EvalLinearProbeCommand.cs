using Llm2Clip.Cli.Reports;
using Llm2Clip.Evaluation.Classification;
using Llm2Clip.Pipeline;

namespace Llm2Clip.Cli.Commands;

/// <summary><c>eval linear-probe</c>: what a linear layer makes of a student's frozen features.</summary>
internal sealed class EvalLinearProbeCommand : RunCommand<LinearProbeReport>
{
    public EvalLinearProbeCommand(CliHost host)
        : base(host, "linear-probe",
            "Classifies labeled images by logistic regression on a student's frozen features; writes linear-probe.json.",
            "llm2clip eval linear-probe --model runs/quickstart --train 'data/quickstart/places-train-*.tar' "
            + "--data 'data/quickstart/places-val-*.tar'")
    {
        Shortcut("--model", "eval.model", "FOLDER", "Student: the folder of a run, of its model or of a checkpoint.");
        Shortcut("--train", "eval_linear_probe.train", "PATTERN",
            "Labeled images to fit on: a folder per class, or tars or lists with a label.");
        Shortcut("--data", "eval_linear_probe.data", "PATTERN", "Labeled images to score.");
        Shortcut("--output", "eval_linear_probe.output", "FOLDER", "Where the result goes.");
    }

    protected override string? DeviceOf(RunConfig config) => RunDevice.OfTensors(config.Eval.Device);

    protected override LinearProbeReport Execute(RunConfig config, IRunLog log, CancellationToken cancellation) =>
        EvalLinearProbe.Run(config, log, cancellation);

    protected override void Report(LinearProbeReport result, Screen output) => ClassTables.Print(result, output);
}
