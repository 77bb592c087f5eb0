using System.Globalization;
using Llm2Clip.Training.Checkpoints;

namespace Llm2Clip.Cli.Reports;

/// <summary>How a training that sees images ended, in one line.</summary>
internal static class TrainingSummary
{
    public static string Line(TrainState state, double? lastLoss, string modelFolder)
    {
        var best = state.BestScore is { } score
            ? FormattableString.Invariant($", best score {100 * score:0.00} % at step {state.BestStep}")
            : "";
        var loss = lastLoss is { } last ? FormattableString.Invariant($", last loss {last:0.000}") : "";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{state.Step:N0} steps, {state.SamplesSeen:N0} images seen{loss}{best}; model in {modelFolder}");
    }
}
