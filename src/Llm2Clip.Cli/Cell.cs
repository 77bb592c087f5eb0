namespace Llm2Clip.Cli;

/// <summary>How a text is meant; a terminal shows it by colors.</summary>
internal enum Tone
{
    Plain,
    Strong,
    Good,
    Warning,
    Bad,
}

/// <summary>One cell of a table.</summary>
/// <param name="Text">Its text, in which no character has a special meaning.</param>
/// <param name="Detail">What belongs to it, such as the interval of a number: below it on a terminal, else behind it in
/// parentheses.</param>
/// <param name="Tone">How it is meant.</param>
internal readonly record struct Cell(string Text, string? Detail = null, Tone Tone = Tone.Plain)
{
    public static implicit operator Cell(string text) => new(text);
}
