using System.Globalization;
using Llm2Clip.Configuration;
using Llm2Clip.Pipeline;

namespace Llm2Clip.Cli.Commands;

/// <summary><c>extract</c>: captions into the embedding store.</summary>
internal sealed class ExtractCommand : RunCommand<ExtractResult>
{
    public ExtractCommand(CliHost host)
        : base(host, "extract",
            "Computes the teacher's vectors of the captions that clip-train and its evaluation ask for into an embedding store; resumes "
            + "where it was stopped.",
            "llm2clip extract --config configs/quickstart.yaml")
    {
        Shortcut("--teacher", "teacher.tuned", "FOLDER", "Teacher folder or bare GGUF.");
        Shortcut("--data", "data.train", "PATTERN", "Data whose captions are embedded; those of data.val are too.");
        Shortcut("--store", "extract.store", "FOLDER", "Embedding store.");
    }

    protected override bool Resumes => true;

    protected override string? DeviceOf(RunConfig config) => RunDevice.OfLlm(config.Teacher);

    protected override ExtractResult Execute(RunConfig config, IRunLog log, CancellationToken cancellation) =>
        Extract.Run(config, log, cancellation);

    protected override void Report(ExtractResult result, Screen output) =>
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{result.Captions:N0} captions, {result.Added:N0} vectors added, {result.Stored:N0} in {result.Store}, "
            + $"{result.Truncated:N0} truncated, {result.BadSamples:N0} bad samples left out; {result.Seconds:0.0} s"));
}
