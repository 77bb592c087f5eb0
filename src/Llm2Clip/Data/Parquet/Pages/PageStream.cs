using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;

namespace Llm2Clip.Data.Parquet.Pages;

/// <summary>
/// What Parquet.Net reads from in place of the file: a footer that was checked, and then one column of one row group at a time, each page
/// checked and unpacked by <see cref="PageReader"/> when it is asked for. So nothing that a file claims reaches Parquet.Net unseen, and
/// lists in pages of version 2 can be read, which Parquet.Net 6.1 cannot.
/// </summary>
internal sealed class PageStream(SafeFileHandle file, long dataEnd) : Stream
{
    /// <summary>Where a column begins: Parquet.Net takes 0 for no offset.</summary>
    public const long ColumnBegin = 4;

    private readonly PageReader _pages = new(file, dataEnd);
    private ColumnPlace? _column;

    /// <summary>What is shown: the footer, or a page.</summary>
    private ArraySegment<byte> _shown = ArraySegment<byte>.Empty;

    /// <summary>Where that begins.</summary>
    private long _begin;
    private int _at;

    /// <summary>What the data pages held that were read of the column.</summary>
    public IReadOnlyList<PageContent> Contents => _pages.Contents;

    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => false;

    /// <summary>Of what was shown until now; a column may have more pages.</summary>
    public override long Length => _begin + _shown.Count;

    public override long Position
    {
        get => _begin + _at;
        set => Seek(value, SeekOrigin.Begin);
    }

    /// <summary>A file that is its footer alone.</summary>
    public void ShowFooter(ReadOnlySpan<byte> footer)
    {
        var file = new byte[footer.Length + 12];
        "PAR1"u8.CopyTo(file);
        footer.CopyTo(file.AsSpan(4));
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(footer.Length + 4), footer.Length);
        "PAR1"u8.CopyTo(file.AsSpan(footer.Length + 8));
        _shown = file;
    }

    /// <summary>The pages of a column, from <see cref="ColumnBegin"/>.</summary>
    public void ShowColumn(ColumnPlace column)
    {
        _column = column;
        _pages.Begin(column);
        (_shown, _begin, _at) = (ArraySegment<byte>.Empty, ColumnBegin, 0);
    }

    /// <summary>Goes to a place in what is shown; its end is where the next page begins.</summary>
    public override long Seek(long offset, SeekOrigin origin)
    {
        var to = origin switch
        {
            SeekOrigin.Begin => offset,
            SeekOrigin.Current => Position + offset,
            _ => Length + offset,
        };
        if (to == Length && _column is not null)
        {
            (_shown, _begin) = (_pages.Next(_column), to);
        }
        if (to < _begin || to > Length)
        {
            throw new EndOfStreamException("its metadata names a place outside the file");
        }
        _at = (int)(to - _begin);
        return to;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        var count = Math.Min(buffer.Length, _shown.Count - _at);
        _shown.AsSpan(_at, count).CopyTo(buffer);
        _at += count;
        return count;
    }

    /// <summary>Throws at the end, where Parquet.Net would go on reading forever.</summary>
    public override int ReadByte() => _at < _shown.Count ? _shown[_at++] : throw new EndOfStreamException("its metadata is cut short");

    public override void Flush()
    {
    }

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _pages.Dispose();
        }
        base.Dispose(disposing);
    }
}
