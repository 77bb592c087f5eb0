using System.Globalization;
using Llm2Clip.Cli.Reports;
using Llm2Clip.Pipeline;
using Llm2Clip.Training.LongClip;

namespace Llm2Clip.Cli.Commands;

/// <summary><c>longclip train</c>: a whole CLIP on long and short captions.</summary>
internal sealed class LongClipTrainCommand : RunCommand<LongClipResult>
{
    public LongClipTrainCommand(CliHost host)
        : base(host, "train",
            "Trains a whole CLIP on long captions, and on short ones by primary component matching; resumes from its last checkpoint.",
            "llm2clip longclip train --config configs/longclip.yaml --model long-clip --output runs/long-clip")
    {
        Shortcut("--data", "data.train", "PATTERN", "Training images with their captions.");
        Shortcut("--model", "longclip.model", "FOLDER", "CLIP to start from, stretched or not.");
        Shortcut("--output", "longclip.output", "FOLDER", "Checkpoints, model and metrics.");
    }

    protected override bool Resumes => true;

    protected override string? DeviceOf(RunConfig config) => RunDevice.OfTensors(config.Longclip.Device);

    protected override LongClipResult Execute(RunConfig config, IRunLog log, CancellationToken cancellation) =>
        LongClipTrain.Run(config, log, cancellation);

    protected override void Report(LongClipResult result, Screen output)
    {
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{result.Truncated:N0} of {result.Captions:N0} captions were longer than {result.Positions} tokens and lost their end"));
        output.WriteLine(TrainingSummary.Line(result.State, result.LastLoss, result.ModelFolder));
    }
}
