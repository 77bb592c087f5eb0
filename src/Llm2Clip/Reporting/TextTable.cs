using System.Text;

namespace Llm2Clip.Reporting;

/// <summary>A table as aligned text for the console.</summary>
internal static class TextTable
{
    /// <summary>A line for each row, columns two spaces apart; the first <paramref name="labels"/> columns read from the left, numbers from the right.</summary>
    public static string Align(IReadOnlyList<IReadOnlyList<string>> rows, int labels)
    {
        var widths = Enumerable.Range(0, rows[0].Count).Select(column => rows.Max(row => Width(row[column]))).ToArray();
        var text = new StringBuilder();
        foreach (var row in rows)
        {
            var cells = row.Select((cell, column) =>
            {
                var blank = new string(' ', widths[column] - Width(cell));
                return column < labels ? cell + blank : blank + cell;
            });
            text.Append(string.Join("  ", cells).TrimEnd()).Append('\n');
        }
        return text.ToString();
    }

    /// <summary>Places on a terminal: East Asian wide characters take two (Unicode Standard Annex 11, the blocks that captions are written in).</summary>
    private static int Width(string text) => text.EnumerateRunes().Sum(rune => rune.Value is (>= 0x1100 and <= 0x115F) or (>= 0x2E80 and <= 0xA4CF)
        or (>= 0xAC00 and <= 0xD7A3) or (>= 0xF900 and <= 0xFAFF) or (>= 0xFF00 and <= 0xFF60) or (>= 0x20000 and <= 0x3FFFF) ? 2 : 1);
}
