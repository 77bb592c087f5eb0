using Llm2Clip.Cli.Drawing;

namespace Llm2Clip.Cli;

/// <summary>
/// Standard output or standard error as the commands see it. On a terminal tables have rules and colors. Into a pipe or a file the same
/// text goes without escape codes and box drawing, and no line is cut or wrapped. Nothing that is shown is read as markup. Spectre.Console
/// is loaded when something is drawn, not before.
/// </summary>
public sealed class Screen(TextWriter writer, Terminal? terminal = null)
{
    private volatile Action<string>? _display;
    private bool _isAfterGap;

    /// <summary>Where text goes.</summary>
    public TextWriter Writer => writer;

    /// <summary>The terminal; null for a pipe or a file.</summary>
    public Terminal? Terminal => terminal;

    /// <summary>Standard output of this process.</summary>
    public static Screen Output() => new(Console.Out, Terminal.Of(Console.IsOutputRedirected));

    /// <summary>Standard error of this process.</summary>
    public static Screen Error() => new(Console.Error, Terminal.Of(Console.IsErrorRedirected));

    /// <summary>Writes a text as it is.</summary>
    public void Write(string text)
    {
        writer.Write(text);
        _isAfterGap = false;
    }

    /// <summary>Writes a line as it is; above a progress display where there is one.</summary>
    public void WriteLine(string text = "")
    {
        if (_display is { } display)
        {
            display(text);
            return;
        }
        Write(text + Environment.NewLine);
    }

    /// <summary>Leaves a line free, unless the last one is.</summary>
    public void Gap()
    {
        if (!_isAfterGap)
        {
            WriteLine();
            _isAfterGap = true;
        }
    }

    /// <summary>Writes a line after one that the terminal began by echoing ^C. A progress display draws over that by itself.</summary>
    public void WriteOnFreshLine(string text) => WriteLine(_display is null ? Environment.NewLine + text : text);

    /// <summary>Ends the line that a progress display has begun, for a process that ends at once.</summary>
    public void EndLine()
    {
        if (_display is not null)
        {
            writer.WriteLine();
        }
    }

    /// <summary>Writes a table. The first <paramref name="labels"/> columns are aligned on the left, numbers on the right.</summary>
    internal void Table(IReadOnlyList<IReadOnlyList<Cell>> rows, int labels, bool headings = true)
    {
        var hasRule = headings && terminal is not null;
        if (hasRule)
        {
            Gap();
        }
        Write(TableDrawing.Table(rows, labels, headings, terminal));
        if (hasRule)
        {
            Gap();
        }
    }

    /// <summary>Writes prose: broken between words on a terminal, one line elsewhere.</summary>
    internal void Paragraph(string text, Tone tone = Tone.Plain)
    {
        if (terminal is null)
        {
            WriteLine(text);
            return;
        }
        Write(TableDrawing.Paragraph(text, tone, terminal));
    }

    /// <summary>Lines go to a progress display from now on; null ends that.</summary>
    internal void ShowThrough(Action<string>? display) => _display = display;
}
