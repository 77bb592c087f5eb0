using System.Globalization;
using Llm2Clip.Cli.Reports;
using Llm2Clip.Pipeline;
using Llm2Clip.Training;
using Llm2Clip.Training.Stage2;

namespace Llm2Clip.Cli.Commands;

/// <summary><c>clip-train</c>: the student.</summary>
internal sealed class ClipTrainCommand : RunCommand<ClipTrainResult>
{
    public ClipTrainCommand(CliHost host)
        : base(host, "clip-train",
            "Trains image encoder and text adapter against the teacher's caption vectors, which extract stored; resumes from its last "
            + "checkpoint.",
            "llm2clip clip-train --config configs/quickstart.yaml --output runs/short --set clip_train.epochs=2")
    {
        Shortcut("--data", "data.train", "PATTERN", "Training images.");
        Shortcut("--store", "extract.store", "FOLDER", "Embedding store of their captions.");
        Shortcut("--output", "clip_train.output", "FOLDER", "Checkpoints, model and metrics.");
    }

    protected override bool Resumes => true;

    protected override string? DeviceOf(RunConfig config) => RunDevice.OfTensors(config.ClipTrain.Device);

    protected override ClipTrainResult Execute(RunConfig config, IRunLog log, CancellationToken cancellation) =>
        ClipTrain.Run(config, log, cancellation);

    protected override void Report(ClipTrainResult result, Screen output)
    {
        if (result.State.Retained is { } retained)
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"Retained: {100 * retained.Now:0.0} %, {100 * retained.AtStart:0.0} % before training ({result.Watched})"));
        }
        if (result.End == TrainingEnd.Retention)
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"Stopped by clip_train.retention.max_drop; the model is that of step {result.ModelStep:N0}"));
        }
        output.WriteLine(TrainingSummary.Line(result.State, result.LastLoss, result.ModelFolder));
    }
}
