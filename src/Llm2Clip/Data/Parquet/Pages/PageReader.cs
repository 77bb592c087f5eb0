using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;
using Parquet.Meta;

namespace Llm2Clip.Data.Parquet.Pages;

/// <summary>
/// Reads the pages of a column out of a file, checks and unpacks them, and gives each the header of an unpacked page of version 1. The
/// memory is the same for all pages. Throws <see cref="InvalidDataException"/>, <see cref="EndOfStreamException"/> or what a codec throws
/// where a page is damaged.
/// </summary>
internal sealed class PageReader(SafeFileHandle file, long dataEnd) : IDisposable
{
    private const int MostHeader = 64;
    private const int FirstWindow = 1 << 12;
    private const int MostWindow = 1 << 24;

    private readonly PageCodec _codec = new();
    private readonly List<PageContent> _contents = [];
    private byte[] _packed = [];
    private byte[] _page = [];
    private long _fileAt;
    private long _levels;
    private bool _hasDictionary;

    /// <summary>What the data pages held that were read of the column.</summary>
    public IReadOnlyList<PageContent> Contents => _contents;

    /// <summary>Goes to the first page of a column.</summary>
    public void Begin(ColumnPlace column)
    {
        _contents.Clear();
        (_fileAt, _levels, _hasDictionary) = (column.Offset, 0, false);
    }

    /// <summary>The next page of the column, header and body.</summary>
    public ArraySegment<byte> Next(ColumnPlace column)
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
        var length = Unpack(column, head, _fileAt - head.PackedBytes);
        Check(column, head, _page.AsSpan(MostHeader, length));
        var header = WriteHead(head, length);
        return new ArraySegment<byte>(_page, MostHeader - header, header + length);
    }

    public void Dispose() => _codec.Dispose();

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

    /// <summary>Puts a page behind the place of its header; returns its length.</summary>
    private int Unpack(ColumnPlace column, PageHead head, long offset)
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
        return _page.Length - MostHeader - body.Length + values.Length;
    }

    /// <summary>
    /// Version 2 keeps the lengths of the levels in its header, version 1 before them; and there are none where a column needs none.
    /// </summary>
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
        _contents.Add(PageCheck.Data(page, head, column.Element));
        if (column.Definitions == 0)
        {
            _contents[^1].Check(head.Values);
        }
    }

    /// <summary>Writes the header right before the page; returns its length.</summary>
    private int WriteHead(PageHead head, int length)
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
        header[..count].CopyTo(_page.AsSpan(MostHeader - count));
        return count;

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
