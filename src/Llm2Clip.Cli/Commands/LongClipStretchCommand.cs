using System.Globalization;
using Llm2Clip.Pipeline;

namespace Llm2Clip.Cli.Commands;

/// <summary><c>longclip stretch</c>: a CLIP's text tower with more positions.</summary>
internal sealed class LongClipStretchCommand : RunCommand<StretchReport>
{
    public LongClipStretchCommand(CliHost host)
        : base(host, "stretch",
            "Writes a CLIP whose text tower takes longer texts: its first positions are kept, the others are stretched.",
            "llm2clip longclip stretch --model clip-vit-base-patch16 --output long-clip")
    {
        Shortcut("--model", "longclip_stretch.model", "FOLDER", "CLIP, whole or its text tower alone.");
        Shortcut("--output", "longclip_stretch.output", "FOLDER", "Folder that is written.");
        Shortcut("--keep", "longclip_stretch.keep", "N", "First positions that stay as they are.");
        Shortcut("--ratio", "longclip_stretch.ratio", "R", "New positions per old one behind those.");
        Shortcut("--length", "longclip_stretch.length", "N", "Positions of the new tower; all that these reach, if not given.");
        Shortcut("--layout", "longclip_stretch.layout", "LAYOUT", "hugging_face, open_clip or open_ai.");
    }

    protected override StretchReport Execute(RunConfig config, IRunLog log, CancellationToken cancellation) =>
        LongClipStretch.Run(config, log, cancellation);

    protected override void Report(StretchReport result, Screen output)
    {
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{result.Output}: {result.To} positions of {result.From} (keep {result.Keep}, ratio {result.Ratio})"));
        foreach (var line in result.Positions)
        {
            output.WriteLine($"  {line}");
        }
        foreach (var note in result.Notes)
        {
            output.Paragraph($"Note: {note}");
        }
    }
}
