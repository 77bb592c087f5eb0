using Spectre.Console;
using Spectre.Console.Rendering;

namespace Llm2Clip.Cli.Drawing;

/// <summary>
/// Tables and prose as text. Columns are as wide as what is in them. Where a terminal is too narrow for that, labels are broken between
/// words, if that is enough. A table that is too wide even so goes beyond the width of the terminal, so no cell loses text.
/// </summary>
internal static class TableDrawing
{
    private const int Gap = 2;

    /// <summary>Wider than any text, so that none is wrapped or cut.</summary>
    private const int NoLimit = 1_000_000;

    public static string Table(IReadOnlyList<IReadOnlyList<Cell>> rows, int labels, bool headings, Terminal? terminal)
    {
        var hasRule = headings && terminal is { Unicode: true };
        var table = new Table
        {
            Border = hasRule ? TableBorder.Simple : TableBorder.None,
            BorderStyle = Styles.Dim(terminal),
            ShowHeaders = headings,
        };
        var options = new RenderOptions(Styles.Capabilities(terminal), new Size(NoLimit, NoLimit));
        var least = hasRule ? 1 : 0;
        for (var column = 0; column < rows[0].Count; column++)
        {
            List<IRenderable> cells = [.. rows.Select(row => Content(row[column], terminal))];
            if (headings)
            {
                cells[0] = Content(rows[0][column] with { Tone = Tone.Strong }, terminal);
            }
            var widest = cells.Max(cell => cell.Measure(options, NoLimit).Max);
            var longestWord = cells.Max(cell => cell.Measure(options, NoLimit).Min);
            var mayWrap = column < labels && longestWord < widest;
            table.AddColumn(new TableColumn(cells[0])
            {
                Alignment = column < labels ? Justify.Left : Justify.Right,
                Padding = new Padding(0, 0, hasRule ? Gap - 1 : Gap, 0), // The border itself takes one place.
                NoWrap = !mayWrap,
            });
            least += (mayWrap ? longestWord : widest) + Gap;
        }
        foreach (var row in headings ? rows.Skip(1) : rows)
        {
            table.AddRow(row.Select(cell => Content(cell, terminal)));
        }
        var text = Text(table, terminal, terminal?.Columns() is { } columns && columns >= least ? columns : NoLimit);
        return hasRule ? text.Trim('\r', '\n') + Environment.NewLine : text; // The border has a blank line above and below.
    }

    public static string Paragraph(string text, Tone tone, Terminal terminal) =>
        Text(new Text(text + "\n", Styles.Of(tone, terminal)), terminal, terminal.Columns());

    private static IRenderable Content(Cell cell, Terminal? terminal)
    {
        var style = Styles.Of(cell.Tone, terminal);
        return cell.Detail switch
        {
            null => new Text(cell.Text, style),
            _ when terminal is null => new Text($"{cell.Text} ({cell.Detail})"),
            _ => new Paragraph(cell.Text, style).Append("\n" + cell.Detail, Styles.Dim(terminal)),
        };
    }

    /// <summary>What is drawn, without the blanks that fill lines up on the right.</summary>
    private static string Text(IRenderable drawing, Terminal? terminal, int width)
    {
        var capabilities = Styles.Capabilities(terminal);
        using var text = new StringWriter();
        var writer = new AnsiWriter(text, capabilities);
        foreach (var segment in drawing.Render(new RenderOptions(capabilities, new Size(width, int.MaxValue)), width))
        {
            writer.Write(segment.Text, string.IsNullOrWhiteSpace(segment.Text) ? Style.Plain : segment.Style);
        }
        var lines = text.ToString().ReplaceLineEndings("\n").Split('\n');
        return string.Join(Environment.NewLine, lines.Select(line => line.TrimEnd(' ')));
    }
}
