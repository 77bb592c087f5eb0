using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;
using Parquet.Meta;

namespace Llm2Clip.Data.Parquet;

/// <summary>
/// What Parquet.Net reads in place of the file: a footer that was checked, and then one column of one row group at a time, each page checked, unpacked
/// and given the header of an unpacked page of version 1 when it is asked for. So nothing that a file claims reaches Parquet.Net unseen, a page takes
/// memory once for all pages, and lists in pages of version 2 can be read, which Parquet.Net 6.1 cannot.
/// </summary>
internal sealed class PageStream(SafeFileHandle file, long dataEnd) : Stream
{
    /// <summary>Where a column begins: Parquet.Net takes 0 for no offset.</summary>
    public const long Begin = 4;

    private const int MostHeader = 64;
    private const int FirstWindow = 1 << 12;
    private const int MostWindow = 1 << 24;

    private readonly PageCodec _codec = new();
    private readonly List<PageContent> _pages = [];
    private byte[] _packed = [];
    private byte[] _page = [];
    private ColumnPlace? _column;
    private bool _hasDictionary;
    private long _fileAt;
    private long _pageBegin;
    private int _pageEnd;
    private int _at;
    private long _levels;

    /// <summary>What the pages held that were read of the column.</summary>
    public IReadOnlyList<PageContent> Pages => _pages;

    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length => _pageBegin + _pageEnd;

    public override long Position
    {
        get => _pageBegin + _at;
        set => Seek(value, SeekOrigin.Begin);
    }

    /// <summary>A file that is its footer alone.</summary>
    public void ShowFooter(ReadOnlySpan<byte> footer)
    {
        _page = new byte[footer.Length + 12];
        "PAR1"u8.CopyTo(_page);
        footer.CopyTo(_page.AsSpan(4));
        BinaryPrimitives.WriteInt32LittleEndian(_page.AsSpan(footer.Length + 4), footer.Length);
        "PAR1"u8.CopyTo(_page.AsSpan(footer.Length + 8));
        _pageEnd = _page.Length;
    }

    /// <summary>The pages of a column, from <see cref="Begin"/>.</summary>
    public void ShowColumn(ColumnPlace column)
    {
        _column = column;
        _hasDictionary = false;
        _pages.Clear();
        (_fileAt, _levels) = (column.Offset, 0);
        (_pageBegin, _pageEnd, _at) = (Begin, 0, 0);
    }

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
            _pageBegin = to;
            ReadPage(_column);
        }
        if (to < _pageBegin || to > Length)
        {
            throw new EndOfStreamException("its metadata names a place outside the file");
        }
        _at = (int)(to - _pageBegin);
        return to;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        var count = Math.Min(buffer.Length, _pageEnd - _at);
        _page.AsSpan(_at, count).CopyTo(buffer);
        _at += count;
        return count;
    }

    /// <summary>Throws at the end, where Parquet.Net would go on reading forever.</summary>
    public override int ReadByte() => _at < _pageEnd ? _page[_at++] : throw new EndOfStreamException("its metadata is cut short");

    public override void Flush()
    {
    }

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _codec.Dispose();
        }
        base.Dispose(disposing);
    }

    /// <summary>Puts the next page of the column into memory.</summary>
    private void ReadPage(ColumnPlace column)
    {
        PageHead head;
        do
        {
            head = ReadHead();
            _fileAt += head.Length;
            if (head.PackedBytes > dataEnd - _fileAt)
            {
                throw new InvalidDataException($"it has a page of {head.PackedBytes:N0} bytes where {dataEnd - _fileAt:N0} are left");
            }
            _fileAt += head.PackedBytes;
        }
        while (head.Type == PageType.INDEX_PAGE);
        Unpack(column, head, _fileAt - head.PackedBytes);
    }

    /// <summary>Headers are small, but for those with statistics of long texts.</summary>
    private PageHead ReadHead()
    {
        for (var window = FirstWindow; ; window *= 8)
        {
            var length = (int)Math.Min(window, dataEnd - _fileAt);
            Fill(ref _packed, length);
            RandomRead(_packed.AsSpan(0, length), _fileAt);
            try
            {
                return PageHead.Read(_packed.AsSpan(0, length));
            }
            catch (EndOfStreamException) when (length == window && window < MostWindow)
            {
            }
        }
    }

    private void Unpack(ColumnPlace column, PageHead head, long offset)
    {
        var levels = head.IsVersion2 ? head.Version2.Repetitions + head.Version2.Definitions : 0;
        var codec = head.IsVersion2 && !head.Version2.IsPacked ? CompressionCodec.UNCOMPRESSED : column.Codec;
        PageCodec.CheckSize(codec, head.PackedBytes - levels, head.UnpackedBytes - levels);
        Fill(ref _page, MostHeader + 8 + head.UnpackedBytes);
        var body = _page.AsSpan(MostHeader);
        if (head.IsVersion2)
        {
            body = body[CopyLevels(column, head.Version2.Repetitions, head.Version2.Definitions, offset, body)..];
        }
        var values = body[..(head.UnpackedBytes - levels)];
        if (codec == CompressionCodec.UNCOMPRESSED)
        {
            RandomRead(values, offset + levels);
        }
        else if (values.Length > 0)
        {
            Fill(ref _packed, head.PackedBytes - levels);
            RandomRead(_packed.AsSpan(0, head.PackedBytes - levels), offset + levels);
            _codec.Unpack(codec, _packed, 0, head.PackedBytes - levels, values);
        }
        var length = _page.AsSpan(MostHeader).Length - body.Length + values.Length;
        Check(column, head, _page.AsSpan(MostHeader, length));
        WriteHead(head, length);
    }

    /// <summary>Version 2 keeps the lengths of the levels in its header, version 1 before them; and there are none where a column needs none.</summary>
    private int CopyLevels(ColumnPlace column, int repetitions, int definitions, long offset, Span<byte> into)
    {
        var length = 0;
        foreach (var (maximum, bytes) in new[] { (column.Repetitions, repetitions), (column.Definitions, definitions) })
        {
            if (maximum > 0)
            {
                BinaryPrimitives.WriteInt32LittleEndian(into[length..], bytes);
                RandomRead(into.Slice(length + 4, bytes), offset);
                length += 4 + bytes;
            }
            offset += bytes;
        }
        return length;
    }

    private void Check(ColumnPlace column, PageHead head, ReadOnlySpan<byte> page)
    {
        if (head.IsDictionary)
        {
            if (_hasDictionary)
            {
                throw new InvalidDataException("it has a second dictionary");
            }
            _hasDictionary = true;
            PageCheck.Dictionary(page, head, column.Element);
            return;
        }
        _levels += head.Values;
        if (_levels > column.Values)
        {
            throw new InvalidDataException($"its pages hold more than the {column.Values:N0} values that are stated");
        }
        foreach (var maximum in (ReadOnlySpan<int>)[column.Repetitions, column.Definitions])
        {
            if (maximum > 0)
            {
                var length = page.Length >= 4 ? BinaryPrimitives.ReadInt32LittleEndian(page) : -1;
                if (length < 0 || length > page.Length - 4)
                {
                    throw new InvalidDataException("it has a page whose levels are larger than the page");
                }
                PageCheck.Levels(page.Slice(4, length), maximum, head.Values);
                page = page[(4 + length)..];
            }
        }
        if (!_hasDictionary && head.Encoding is Encoding.PLAIN_DICTIONARY or Encoding.RLE_DICTIONARY)
        {
            throw new InvalidDataException("it has a page of indexes without a dictionary");
        }
        _pages.Add(PageCheck.Data(page, head, column.Element));
        if (column.Definitions == 0)
        {
            _pages[^1].Check(head.Values);
        }
    }

    /// <summary>Writes the header right before the page, which begins at <see cref="MostHeader"/>.</summary>
    private void WriteHead(PageHead head, int length)
    {
        Span<byte> header = stackalloc byte[MostHeader];
        var count = 0;
        Field(header, 0x15, head.IsDictionary ? (int)PageType.DICTIONARY_PAGE : (int)PageType.DATA_PAGE);
        Field(header, 0x15, length);
        Field(header, 0x15, length);
        header[count++] = head.IsDictionary ? (byte)0x4C : (byte)0x2C; // the structure of the page's kind: field 7 or 5
        Field(header, 0x15, head.Values);
        Field(header, 0x15, (int)head.Encoding);
        if (!head.IsDictionary)
        {
            Field(header, 0x15, (int)Encoding.RLE);
            Field(header, 0x15, (int)Encoding.RLE);
        }
        count += 2; // the zeros that end both structures
        _pageBegin -= MostHeader - count;
        header[..count].CopyTo(_page.AsSpan(MostHeader - count));
        _pageEnd = MostHeader + length;

        // The next field, a 32-bit number: Thrift's compact protocol.
        void Field(Span<byte> into, byte head, int value)
        {
            into[count++] = head;
            var zigzag = (uint)((value << 1) ^ (value >> 31));
            for (; zigzag >= 0x80; zigzag >>= 7)
            {
                into[count++] = (byte)(zigzag | 0x80);
            }
            into[count++] = (byte)zigzag;
        }
    }

    private void RandomRead(Span<byte> into, long offset)
    {
        while (into.Length > 0)
        {
            var count = RandomAccess.Read(file, into, offset);
            if (count == 0)
            {
                throw new EndOfStreamException("it ends before its data does");
            }
            into = into[count..];
            offset += count;
        }
    }

    private static void Fill(ref byte[] buffer, int length)
    {
        if (buffer.Length < length)
        {
            buffer = GC.AllocateUninitializedArray<byte>((int)Math.Min(length + length / 4L, Array.MaxLength));
        }
    }
}
