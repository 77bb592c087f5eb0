using Spectre.Console;

namespace Llm2Clip.Cli.Drawing;

/// <summary>What Spectre may use, and how tones look. Nothing is detected by Spectre: <see cref="Terminal"/> says what there is.</summary>
internal static class Styles
{
    /// <summary>What a terminal can do; null = a file, which takes text alone.</summary>
    public static Capabilities Capabilities(Terminal? terminal) => new()
    {
        Ansi = terminal is not null,
        Unicode = terminal is { Unicode: true },
        ColorSystem = terminal is { Color: true } ? ColorSystem.Standard : ColorSystem.NoColors,
    };

    /// <summary>The style of a tone; plain where colors are not wanted.</summary>
    public static Style Of(Tone tone, Terminal? terminal) => terminal is not { Color: true } ? Style.Plain : tone switch
    {
        Tone.Strong => new Style(decoration: Decoration.Bold),
        Tone.Good => new Style(Color.Green),
        Tone.Warning => new Style(Color.Olive),
        Tone.Bad => new Style(Color.Maroon),
        _ => Style.Plain,
    };

    /// <summary>The style of what is less important.</summary>
    public static Style Dim(Terminal? terminal) => terminal is { Color: true } ? new Style(decoration: Decoration.Dim) : Style.Plain;
}
