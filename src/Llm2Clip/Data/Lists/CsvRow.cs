using System.Text;

namespace Llm2Clip.Data.Lists;

/// <summary>
/// Takes a row apart as RFC 4180 says: a field that begins with a quote ends at the next single one, and may hold delimiters, line breaks
/// and doubled quotes; elsewhere a quote is a character like any other. Line breaks are LF or CRLF. Made for reuse.
/// </summary>
internal sealed class CsvRow(byte delimiter)
{
    private static readonly UTF8Encoding Strict = new(false, true);

    private readonly List<(int Start, int Length, bool Quoted)> _fields = [];

    public int Count => _fields.Count;

    /// <summary>Why the row cannot be used; null for a sound one.</summary>
    public string? Problem { get; private set; }

    public bool IsBlank => Count == 1 && _fields[0] is { Length: 0, Quoted: false };

    /// <summary>
    /// Reads the row at the start of <paramref name="bytes"/> and returns its length with the line break; 0 where it does not end in them,
    /// unless they are the <paramref name="final"/> ones.
    /// </summary>
    public int Parse(ReadOnlySpan<byte> bytes, bool final)
    {
        _fields.Clear();
        Problem = null;
        for (var at = 0; ; at++)
        {
            var end = at < bytes.Length && bytes[at] == '"' ? Quoted(bytes, at, final) : Plain(bytes, at);
            if (end >= bytes.Length)
            {
                return final ? bytes.Length : 0;
            }
            if (bytes[end] == '\n')
            {
                return end + 1;
            }
            at = end;
        }
    }

    /// <summary>A field's bytes without the quotes around it.</summary>
    public ReadOnlySpan<byte> Raw(ReadOnlySpan<byte> row, int field) => row.Slice(_fields[field].Start, _fields[field].Length);

    /// <summary>A field's text. Throws <see cref="DecoderFallbackException"/> where it is not UTF-8.</summary>
    public string Text(ReadOnlySpan<byte> row, int field)
    {
        var text = Strict.GetString(Raw(row, field));
        return _fields[field].Quoted ? text.Replace("\"\"", "\"") : text;
    }

    /// <summary>Adds the field at <paramref name="at"/>; returns where its delimiter or line break is.</summary>
    private int Plain(ReadOnlySpan<byte> bytes, int at)
    {
        var length = bytes[at..].IndexOfAny(delimiter, (byte)'\n');
        var end = length < 0 ? bytes.Length : at + length;
        var lineEnds = end == bytes.Length || bytes[end] == '\n';
        _fields.Add((at, end - at - (lineEnds && end > at && bytes[end - 1] == '\r' ? 1 : 0), false));
        return end;
    }

    private int Quoted(ReadOnlySpan<byte> bytes, int at, bool final)
    {
        var end = at + 1;
        for (int quote; ; end += quote + 2)
        {
            quote = bytes[end..].IndexOf((byte)'"');
            if (quote < 0)
            {
                Problem = "a quote that opens in it is never closed";
                _fields.Add((at + 1, bytes.Length - at - 1, true));
                return bytes.Length;
            }
            if (end + quote + 1 >= bytes.Length || bytes[end + quote + 1] != '"')
            {
                end += quote;
                break;
            }
        }
        _fields.Add((at + 1, end - at - 1, true));
        var rest = bytes[(end + 1)..];
        var next = rest.IndexOfAny(delimiter, (byte)'\n');
        if (next < 0)
        {
            next = rest.Length;
        }
        if (rest[..next].IndexOfAnyExcept((byte)'\r') >= 0 && (final || next < rest.Length))
        {
            Problem = $"text follows the closing quote of field {Count}; a quote inside a quoted field is written twice";
        }
        return end + 1 + next;
    }
}
