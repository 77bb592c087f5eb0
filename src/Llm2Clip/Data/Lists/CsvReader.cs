// Own: rows are read again later by their byte offsets, which CSV libraries do not give.
namespace Llm2Clip.Data.Lists;

/// <summary>The rows of a CSV file of any size, one in memory at a time.</summary>
internal sealed class CsvReader : IDisposable
{
    private const int MaxRowBytes = 16 << 20;
    private const int LongestSeparatorLine = 6;

    private readonly FileStream _stream;
    private readonly string _path;
    private byte[] _buffer = new byte[1 << 20];
    private int _from;
    private int _filled;
    private bool _final;

    /// <summary>
    /// Starts in front of the first row. Throws <see cref="InputException"/> where the file cannot be read, or is UTF-16.
    /// </summary>
    public CsvReader(string path)
    {
        _path = path;
        _stream = ListBytes.OpenStream(path);
        Fill();
        var start = _buffer.AsSpan(0, _filled);
        if (start.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xFE]) || start.StartsWith((ReadOnlySpan<byte>)[0xFE, 0xFF]))
        {
            throw new InputException($"{path} is UTF-16; save it as UTF-8 (in Excel: CSV UTF-8, not Unicode Text).");
        }
        Length = start.StartsWith(RecordJson.ByteOrderMark) ? RecordJson.ByteOrderMark.Length : 0;
        // Excel's own first line, which states the delimiter (sep=;), is no row.
        if (start[Length..] is var rows && rows.StartsWith("sep="u8)
            && rows.IndexOf((byte)'\n') is >= 0 and <= LongestSeparatorLine and var end)
        {
            Length += end + 1;
        }
    }

    /// <summary>Where the row is in the file.</summary>
    public long Offset { get; private set; }

    /// <summary>Length of the row in bytes, with its line break.</summary>
    public int Length { get; private set; }

    /// <summary>Number of the row's first line, from 1.</summary>
    public long Line { get; private set; } = 1;

    /// <summary>The row's bytes.</summary>
    public ReadOnlySpan<byte> Row => _buffer.AsSpan(_from, Length);

    /// <summary>
    /// Goes to the next row and takes it apart; false at the end. Throws <see cref="InputException"/> for a row that is too long.
    /// </summary>
    public bool Next(CsvRow row)
    {
        Line += Row.Count((byte)'\n');
        Offset += Length;
        _from += Length;
        Length = 0;
        while (true)
        {
            if (_final && _from == _filled)
            {
                return false;
            }
            Length = row.Parse(_buffer.AsSpan(_from, _filled - _from), _final);
            if (Length > 0)
            {
                return true;
            }
            Fill();
        }
    }

    public void Dispose() => _stream.Dispose();

    private void Fill()
    {
        _buffer.AsSpan(_from, _filled - _from).CopyTo(_buffer);
        (_from, _filled) = (0, _filled - _from);
        if (_filled == _buffer.Length)
        {
            if (_filled >= MaxRowBytes)
            {
                throw new InputException($"{_path}: the row that begins in line {Line} is longer than {MaxRowBytes >> 20} MB. "
                    + "Is a quote left open in it?");
            }
            Array.Resize(ref _buffer, _buffer.Length * 2);
        }
        var read = ListBytes.Read(_stream, _buffer.AsSpan(_filled));
        _filled += read;
        _final = read == 0;
    }
}
