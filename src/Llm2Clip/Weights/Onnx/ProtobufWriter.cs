using System.Buffers.Binary;
using System.Text;

namespace Llm2Clip.Weights.Onnx;

/// <summary>
/// Writes the fields of one Protocol Buffers message (https://protobuf.dev/programming-guides/encoding/#structure) into memory; the other
/// side of <see cref="ProtobufReader"/>.
/// </summary>
internal sealed class ProtobufWriter
{
    private readonly MemoryStream _bytes = new();

    /// <summary>Bytes of the message so far.</summary>
    public int Length => (int)_bytes.Length;

    /// <summary>The message.</summary>
    public ReadOnlySpan<byte> Written => _bytes.GetBuffer().AsSpan(0, Length);

    /// <summary>An integer, such as an <c>int64</c> or an enum.</summary>
    public ProtobufWriter Number(int field, long value)
    {
        Tag(field, WireType.Varint);
        Varint((ulong)value);
        return this;
    }

    /// <summary>A <c>float</c>.</summary>
    public ProtobufWriter Float(int field, float value)
    {
        Tag(field, WireType.Fixed32);
        Span<byte> bytes = stackalloc byte[sizeof(float)];
        BinaryPrimitives.WriteSingleLittleEndian(bytes, value);
        _bytes.Write(bytes);
        return this;
    }

    /// <summary>A text.</summary>
    public ProtobufWriter Text(int field, string text) => Bytes(field, Encoding.UTF8.GetBytes(text));

    /// <summary>Bytes.</summary>
    public ProtobufWriter Bytes(int field, ReadOnlySpan<byte> bytes)
    {
        Head(field, bytes.Length);
        _bytes.Write(bytes);
        return this;
    }

    /// <summary>A message within this one.</summary>
    public ProtobufWriter Message(int field, ProtobufWriter message) => Bytes(field, message.Written);

    /// <summary>The tag and the length of bytes that the caller writes behind this message's.</summary>
    public ProtobufWriter Head(int field, long length)
    {
        Tag(field, WireType.Bytes);
        Varint((ulong)length);
        return this;
    }

    private void Tag(int field, WireType wire) => Varint(((ulong)field << 3) | (ulong)wire);

    private void Varint(ulong value)
    {
        while (value >= 0x80)
        {
            _bytes.WriteByte((byte)(value | 0x80));
            value >>= 7;
        }
        _bytes.WriteByte((byte)value);
    }
}
