using System.Globalization;
using Llm2Clip.Pipeline;

namespace Llm2Clip.Cli.Commands;

/// <summary><c>longclip export</c>: a text tower for programs that take Hugging Face's text encoders.</summary>
internal sealed class LongClipExportCommand : RunCommand<TextExportReport>
{
    public LongClipExportCommand(CliHost host)
        : base(host, "export",
            "Writes a CLIP's text tower and its tokenizer as transformers and diffusers open them.",
            "llm2clip longclip export --model runs/long-clip --output text-encoder --projection false")
    {
        Shortcut("--model", "longclip_export.model", "FOLDER", "CLIP, whole or its text tower alone.");
        Shortcut("--output", "longclip_export.output", "FOLDER", "Folder that is written.");
        Shortcut("--projection", "longclip_export.projection", "BOOL", "Whether the projection is written.");
        Shortcut("--padding", "longclip_export.padding", "PADDING", "end or zero: what the tokenizer pads with.");
    }

    protected override TextExportReport Execute(RunConfig config, IRunLog log, CancellationToken cancellation) =>
        LongClipExport.Run(config, log, cancellation);

    protected override void Report(TextExportReport result, Screen output)
    {
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{result.Output}: {result.Class}, {result.Positions} positions, end token {result.EndToken}"));
        foreach (var note in result.Notes)
        {
            output.Paragraph($"Note: {note}");
        }
    }
}
