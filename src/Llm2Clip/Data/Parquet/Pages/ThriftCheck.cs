namespace Llm2Clip.Data.Parquet.Pages;

/// <summary>Hears of the numbers that <see cref="ThriftCheck"/> passes; field 0 is the begin of a structure.</summary>
internal delegate void ThriftNumber(string shape, int field, long value);

/// <summary>
/// Goes through a structure in Thrift's compact protocol. Throws <see cref="InvalidDataException"/> unless all of it is as
/// <see cref="ThriftShape"/> says, and <see cref="EndOfStreamException"/> where the bytes end before it does. Parquet.Net's reader checks
/// nothing: at the end of the bytes it loops forever, and it takes memory for any count.
/// </summary>
internal ref struct ThriftCheck(ReadOnlySpan<byte> bytes, ThriftNumber? found)
{
    /// <summary>Lists within lists of fields that are not known; the known ones do not nest.</summary>
    private const int DeepestList = 4;

    private readonly ReadOnlySpan<byte> _bytes = bytes;

    /// <summary>Bytes gone through.</summary>
    public int Position { get; private set; }

    /// <summary>Goes through a structure of the shape of this name.</summary>
    public void Struct(string name)
    {
        var shape = ThriftShape.Of(name);
        found?.Invoke(name, 0, 0);
        var seen = 0UL;
        short number = 0;
        for (var head = Byte(); head != 0; head = Byte())
        {
            number = head >> 4 == 0 ? (short)Zigzag(5) : (short)(number + (head >> 4));
            var type = (ThriftType)(head & 15);
            if (shape[number] is { } field)
            {
                seen |= 1UL << number;
                Field(name, number, field, type);
            }
            else
            {
                Unknown(type, DeepestList);
            }
        }
        if ((seen & shape.Required) != shape.Required)
        {
            throw new InvalidDataException($"a {name} lacks one of its fields");
        }
    }

    private void Field(string name, int number, ThriftField field, ThriftType type)
    {
        var isBool = type is ThriftType.True or ThriftType.False;
        if (isBool ? field.Type != ThriftType.True : type != field.Type)
        {
            throw new InvalidDataException($"field {number} of a {name} is of type {(int)type} where {(int)field.Type} was expected");
        }
        if (isBool)
        {
            found?.Invoke(name, number, type == ThriftType.True ? 1 : 0);
            return;
        }
        if (type != ThriftType.List)
        {
            Value(name, number, type, field.Of);
            return;
        }
        var (count, item) = List();
        if (count > 0 && item != field.Item)
        {
            throw new InvalidDataException(
                $"field {number} of a {name} is a list of type {(int)item} where {(int)field.Item} was expected");
        }
        for (var i = 0; i < count; i++)
        {
            Value(name, -1, item, field.Of);
        }
    }

    private void Value(string name, int number, ThriftType type, string? of)
    {
        switch (type)
        {
            case ThriftType.Byte:
                Byte();
                break;
            case ThriftType.Int16 or ThriftType.Int32:
                var value = Zigzag(5);
                if (value is < int.MinValue or > int.MaxValue)
                {
                    throw new InvalidDataException($"field {number} of a {name} is beyond 32 bits");
                }
                found?.Invoke(name, number, value);
                break;
            case ThriftType.Int64:
                found?.Invoke(name, number, Zigzag(10));
                break;
            case ThriftType.Double:
                Skip(8);
                break;
            case ThriftType.Binary:
                Skip(Varint(5));
                break;
            case ThriftType.Struct:
                Struct(of!);
                break;
            default:
                throw new InvalidDataException($"a {name} holds a value of the unknown type {(int)type}");
        }
    }

    /// <summary>
    /// A field that is not known. Parquet.Net skips numbers, texts and lists of them; the content of structures, and of lists of truth
    /// values, it would take for fields.
    /// </summary>
    private void Unknown(ThriftType type, int depth)
    {
        switch (type)
        {
            case ThriftType.True or ThriftType.False:
                break;
            case ThriftType.Struct:
                if (Byte() != 0)
                {
                    throw new InvalidDataException("its metadata holds a structure that is not known");
                }
                break;
            case ThriftType.List:
                var (count, item) = List();
                if (depth == 0 || item is ThriftType.True or ThriftType.False)
                {
                    throw new InvalidDataException("its metadata holds a list that is not known");
                }
                for (var i = 0; i < count; i++)
                {
                    Unknown(item, depth - 1);
                }
                break;
            default:
                Value("structure", -1, type, null);
                break;
        }
    }

    private (int Count, ThriftType Item) List()
    {
        var head = Byte();
        var count = head >> 4 == 15 ? Varint(5) : (ulong)(head >> 4);
        // Every element has a byte at least.
        return count <= (ulong)(_bytes.Length - Position) ? ((int)count, (ThriftType)(head & 15)) : throw Short();
    }

    private byte Byte() => Position < _bytes.Length ? _bytes[Position++] : throw Short();

    private void Skip(ulong count) => Position = count <= (ulong)(_bytes.Length - Position) ? Position + (int)count : throw Short();

    private long Zigzag(int mostBytes)
    {
        var value = Varint(mostBytes);
        return (long)(value >> 1) ^ -(long)(value & 1);
    }

    private ulong Varint(int mostBytes)
    {
        var value = 0UL;
        for (var i = 0; i < mostBytes; i++)
        {
            var part = Byte();
            value |= (ulong)(part & 0x7F) << (7 * i);
            if (part < 0x80)
            {
                return value;
            }
        }
        throw new InvalidDataException($"its metadata holds a number of more than {mostBytes} bytes");
    }

    private static EndOfStreamException Short() => new("its metadata is cut short");
}
