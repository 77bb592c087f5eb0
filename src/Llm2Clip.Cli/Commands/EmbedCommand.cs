using System.Globalization;
using Llm2Clip.Pipeline;

namespace Llm2Clip.Cli.Commands;

/// <summary><c>embed</c>: vectors of images or sentences as a file for other programs.</summary>
internal sealed class EmbedCommand : RunCommand<EmbedReport>
{
    public EmbedCommand(CliHost host)
        : base(host, "embed",
            "Writes vectors of images or of sentences for other programs: .npy, Parquet or JSON lines.",
            "llm2clip embed 'data/quickstart/val-*.tar' --model runs/quickstart --out runs/vectors.npy")
    {
        Positional("PATTERN", "embed.data", "Images: a folder, tars, Parquet files or a list, as in data.train.");
        Shortcut("--texts", "embed.texts", "FILE", "Sentences in the place of images, one per line.");
        Shortcut("--language", "embed.language", "LABEL", "Language of the sentences, such as de; detected without it.");
        Shortcut("--model", "eval.model", "FOLDER", "Student: the folder of a run, of its model or of a checkpoint.");
        Shortcut("--teacher", "teacher.tuned", "FOLDER", "The teacher that it was trained with, where it does not lie beside it.");
        Shortcut("--out", "embed.output", "FILE", "File for the vectors, ending in .npy, .parquet or .jsonl.");
    }

    protected override string? DeviceOf(RunConfig config) => RunDevice.OfTensors(config.Embed.Device);

    protected override EmbedReport Execute(RunConfig config, IRunLog log, CancellationToken cancellation) =>
        EmbedVectors.Run(config, log, cancellation);

    protected override void Report(EmbedReport result, Screen output) => output.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"{result.File}: {result.Vectors:N0} vectors of {result.Dimension} elements{Language(result)}; {result.Seconds:0.0} s."));

    private static string Language(EmbedReport result) => result.Language is { } language ? $", language {language}" : "";
}
