using System.Text;

namespace Llm2Clip.Tests.Cli;

/// <summary>
/// What a terminal of some width shows of what is written to it: enough of a VT100 for a progress display. An escape code that it does
/// not know is an error, so that none gets in unnoticed.
/// </summary>
internal sealed class ScreenEmulator(int width) : StringWriter
{
    private readonly Lock _lock = new();
    private readonly List<StringBuilder> _rows = [new()];
    private int _row;
    private int _column;

    public int Width { get; set; } = width;

    /// <summary>All rows from the first, without blanks at their ends.</summary>
    public string Shown
    {
        get
        {
            lock (_lock)
            {
                return string.Join('\n', _rows.Select(row => row.ToString().Replace("\0", "", StringComparison.Ordinal).TrimEnd()));
            }
        }
    }

    /// <summary>All that was written.</summary>
    public string Written => base.ToString();

    public override void Write(string? value)
    {
        lock (_lock)
        {
            base.Write(value);
            for (var i = 0; i < value!.Length; i++)
            {
                i = value[i] == '\u001b' ? Escape(value, i) : Place(value, i);
            }
        }
    }

    public override void WriteLine(string? value) => Write(value + "\n");

    private int Place(string text, int at)
    {
        switch (text[at])
        {
            case '\n':
                (_row, _column) = (_row + 1, 0);
                break;
            case '\r':
                _column = 0;
                break;
            default:
                var cells = text[at] is >= '\u2E80' and <= '\uFFEF' ? 2 : 1;
                if (_column + cells > Width)
                {
                    (_row, _column) = (_row + 1, 0);
                }
                var row = Row();
                row.Append(' ', Math.Max(0, _column + cells - row.Length));
                row[_column] = text[at];
                if (cells == 2)
                {
                    row[_column + 1] = '\0';
                }
                _column += cells;
                break;
        }
        Row();
        return at;
    }

    private int Escape(string text, int at)
    {
        var end = at + 2;
        while (!char.IsAsciiLetter(text[end]))
        {
            end++;
        }
        var (code, number) = (text[end], text[(at + 2)..end]);
        switch (code, number)
        {
            case ('m', _):
                break;
            case ('A', _):
                _row -= int.Parse(number.Length == 0 ? "1" : number, System.Globalization.CultureInfo.InvariantCulture);
                break;
            case ('K', "2"):
                Row().Clear();
                break;
            case ('J', "" or "0"):
                Row().Length = Math.Min(Row().Length, _column);
                _rows.RemoveRange(_row + 1, _rows.Count - _row - 1);
                break;
            default:
                throw new InvalidOperationException($"Escape code ESC{text[(at + 1)..(end + 1)]} is not known.");
        }
        return end;
    }

    private StringBuilder Row()
    {
        while (_rows.Count <= _row)
        {
            _rows.Add(new StringBuilder());
        }
        return _rows[_row];
    }
}
