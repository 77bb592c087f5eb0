namespace Llm2Clip.Weights.Onnx;

/// <summary>How a field's value is written. https://protobuf.dev/programming-guides/encoding/#structure</summary>
internal enum WireType
{
    /// <summary>An integer of 1 to 10 bytes.</summary>
    Varint = 0,

    /// <summary>Eight bytes.</summary>
    Fixed64 = 1,

    /// <summary>A length and so many bytes: a text, a message, or numbers side by side.</summary>
    Bytes = 2,

    /// <summary>Four bytes.</summary>
    Fixed32 = 5,
}

/// <summary>
/// The fields of one Protocol Buffers message, one after the other, with every length checked against the message's end. It reads what the
/// wire format says without a schema, which is all that is needed to find tensors in an ONNX file; Google.Protobuf would add a package and
/// 8,000 generated lines, and copy every weight.
/// </summary>
/// <param name="file">The whole file.</param>
/// <param name="start">First byte of the message.</param>
/// <param name="length">Its bytes.</param>
internal ref struct ProtobufReader(ReadOnlySpan<byte> file, int start, int length)
{
    private const int MaxField = (1 << 29) - 1;

    private readonly ReadOnlySpan<byte> _file = file;
    private readonly int _end = start + length;
    private int _at = start;

    /// <summary>Number of the current field.</summary>
    public int Field { get; private set; }

    /// <summary>How it is written.</summary>
    public WireType Wire { get; private set; }

    /// <summary>The value of a <see cref="WireType.Varint"/>.</summary>
    public ulong Number { get; private set; }

    /// <summary>First byte of the value in the file, but for a <see cref="WireType.Varint"/>.</summary>
    public int Start { get; private set; }

    /// <summary>Bytes of the value, but for a <see cref="WireType.Varint"/>.</summary>
    public int Length { get; private set; }

    /// <summary>The bytes of the value, but for a <see cref="WireType.Varint"/>.</summary>
    public readonly ReadOnlySpan<byte> Bytes => _file.Slice(Start, Length);

    /// <summary>The value as a message.</summary>
    public readonly ProtobufReader Message() => new(_file, Start, Length);

    /// <summary>Goes to the next field; false at the end.</summary>
    /// <exception cref="InvalidDataException">The bytes are no field, or the message ends within one.</exception>
    public bool Next()
    {
        if (_at == _end)
        {
            return false;
        }
        var tag = ReadVarint();
        if (tag >> 3 is 0 or > MaxField)
        {
            throw new InvalidDataException($"there is no field {tag >> 3}, which byte {_at} names");
        }
        (Field, Wire) = ((int)(tag >> 3), (WireType)(tag & 7));
        switch (Wire)
        {
            case WireType.Varint:
                Number = ReadVarint();
                break;
            case WireType.Fixed64:
                Take(sizeof(ulong));
                break;
            case WireType.Bytes:
                Take(ReadVarint());
                break;
            case WireType.Fixed32:
                Take(sizeof(uint));
                break;
            default:
                throw new InvalidDataException($"field {Field} at byte {_at} is of type {tag & 7}, which is not in use");
        }
        return true;
    }

    /// <summary>Reads one integer of a packed run.</summary>
    /// <exception cref="InvalidDataException">The message ends within it, or it has more than 64 bits.</exception>
    public ulong ReadVarint()
    {
        const int LastShift = 63;
        var value = 0ul;
        for (var shift = 0; _at < _end; shift += 7)
        {
            var part = _file[_at++];
            if (shift == LastShift && part > 1)
            {
                throw new InvalidDataException($"the integer before byte {_at} has more than 64 bits");
            }
            value |= (ulong)(part & 0x7f) << shift;
            if (part < 0x80)
            {
                return value;
            }
        }
        throw new InvalidDataException($"it ends within an integer, at byte {_end}");
    }

    /// <summary>Whether all of a packed run has been read.</summary>
    public readonly bool AtEnd => _at == _end;

    private void Take(ulong bytes)
    {
        if (bytes > (ulong)(_end - _at))
        {
            throw new InvalidDataException($"field {Field} has {bytes} bytes, but {_end - _at} are left at byte {_at}");
        }
        (Start, Length) = (_at, (int)bytes);
        _at += Length;
    }
}
