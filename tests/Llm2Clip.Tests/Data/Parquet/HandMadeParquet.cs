using System.Buffers.Binary;

namespace Llm2Clip.Tests.Data.Parquet;

/// <summary>A structure in Thrift's compact protocol, written field by field in the order of their numbers.</summary>
internal sealed class ThriftBytes
{
    private readonly List<byte> _bytes = [];
    private int _last;

    public byte[] Bytes => [.. _bytes, 0];

    public ThriftBytes Number(int field, long value, byte type = 5) =>
        Head(field, type).Varint((ulong)((value << 1) ^ (value >> 63)));

    public ThriftBytes Long(int field, long value) => Number(field, value, 6);

    public ThriftBytes Text(int field, string text) =>
        Head(field, 8).Varint((ulong)text.Length).Raw(System.Text.Encoding.UTF8.GetBytes(text));

    public ThriftBytes Bool(int field, bool value) => Head(field, value ? (byte)1 : (byte)2);

    public ThriftBytes Struct(int field, ThriftBytes content) => Head(field, 12).Raw(content.Bytes);

    public ThriftBytes Structs(int field, params ThriftBytes[] items) =>
        List(field, 12, items.Length).Raw([.. items.SelectMany(item => item.Bytes)]);

    public ThriftBytes Texts(int field, params string[] items)
    {
        List(field, 8, items.Length);
        foreach (var item in items)
        {
            Varint((ulong)item.Length).Raw(System.Text.Encoding.UTF8.GetBytes(item));
        }
        return this;
    }

    public ThriftBytes List(int field, byte type, long count) => Head(field, 9).Raw([(byte)(0xF0 | type)]).Varint((ulong)count);

    public ThriftBytes Head(int field, byte type)
    {
        _bytes.Add((byte)(((field - _last) << 4) | type));
        _last = field;
        return this;
    }

    public ThriftBytes Varint(ulong value)
    {
        for (; value > 127; value >>= 7)
        {
            _bytes.Add((byte)(value | 0x80));
        }
        _bytes.Add((byte)value);
        return this;
    }

    public ThriftBytes Raw(params byte[] bytes)
    {
        _bytes.AddRange(bytes);
        return this;
    }
}

/// <summary>A Parquet file of one column <c>c</c>, byte by byte, so that each of its numbers can be wrong.</summary>
internal sealed record HandMadeParquet
{
    public const int Number = 2;
    public const int Float = 4;
    public const int ByteArray = 6;

    /// <summary>The column's type, as parquet.thrift numbers it.</summary>
    public int Type { get; init; } = Number;

    /// <summary>0 required, 1 optional, 2 repeated.</summary>
    public int Repetition { get; init; }

    /// <summary>Texts rather than bytes.</summary>
    public bool IsText { get; init; }

    public int Codec { get; init; }

    public long Values { get; init; } = 2;

    public long Rows { get; init; } = 2;

    public long Offset { get; init; } = 4;

    /// <summary>Pages: header and body.</summary>
    public byte[][] Pages { get; init; } = [];

    /// <summary>In place of a root with the one column.</summary>
    public ThriftBytes[]? Schema { get; init; }

    /// <summary>Adds to the fields of the column's metadata.</summary>
    public Func<ThriftBytes, ThriftBytes> Column { get; init; } = column => column;

    /// <summary>Adds to the fields of the footer.</summary>
    public Func<ThriftBytes, ThriftBytes> Footer { get; init; } = footer => footer;

    /// <summary>A data page of version 1; what is not given is true of <paramref name="body"/>.</summary>
    public static byte[] Page(int values, byte[] body, int encoding = 0, long? packed = null, long? unpacked = null, int levels = 3) =>
    [
        .. new ThriftBytes().Number(1, 0).Number(2, unpacked ?? body.Length).Number(3, packed ?? body.Length)
            .Struct(5, new ThriftBytes().Number(1, values).Number(2, encoding).Number(3, levels).Number(4, levels)).Bytes,
        .. body,
    ];

    /// <summary>A dictionary.</summary>
    public static byte[] Dictionary(long entries, byte[] body) =>
    [
        .. new ThriftBytes().Number(1, 2).Number(2, body.Length).Number(3, body.Length)
            .Struct(7, new ThriftBytes().Number(1, entries).Number(2, 0)).Bytes,
        .. body,
    ];

    /// <summary>Levels with their length before them: runs as (count, value), of one byte each.</summary>
    public static byte[] Levels(params (uint Count, byte Value)[] runs)
    {
        byte[] bytes = [.. runs.SelectMany(run => (byte[])[.. Varint(run.Count << 1), run.Value])];
        return [.. BitConverter.GetBytes(bytes.Length), .. bytes];
    }

    public static byte[] Varint(ulong value) => new ThriftBytes().Varint(value).Bytes[..^1];

    public static byte[] Longs(params long[] values) => [.. values.SelectMany(BitConverter.GetBytes)];

    public byte[] File()
    {
        byte[] data = [.. "PAR1"u8, .. Pages.SelectMany(page => page)];
        var column = new ThriftBytes().Number(1, Type).Number(3, Repetition).Text(4, "c");
        column = IsText ? column.Number(6, 0) : column;
        var chunk = Column(new ThriftBytes().Number(1, Type).List(2, 5, 0).Texts(3, "c").Number(4, Codec)
            .Long(5, Values).Long(6, 100).Long(7, data.Length - 4).Long(9, Offset));
        var group = new ThriftBytes().Structs(1, new ThriftBytes().Long(2, 4).Struct(3, chunk)).Long(2, 100).Long(3, Rows);
        var footer = new ThriftBytes().Number(1, 1).Structs(2, Schema ?? [new ThriftBytes().Text(4, "root").Number(5, 1), column]);
        footer = Footer(footer.Long(3, Rows).Structs(4, group));
        return Whole(data, footer.Bytes);
    }

    /// <summary>Data and footer as a file.</summary>
    public static byte[] Whole(byte[] data, byte[] footer)
    {
        var length = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, footer.Length);
        return [.. data, .. footer, .. length, .. "PAR1"u8];
    }
}
