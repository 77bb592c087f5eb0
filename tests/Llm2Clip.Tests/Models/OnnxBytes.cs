using System.Buffers.Binary;
using System.Text;

namespace Llm2Clip.Tests.Models;

/// <summary>Writes ONNX files field by field, right or wrong ones.</summary>
internal static class OnnxBytes
{
    /// <summary>Number of a data type.</summary>
    public const int Float = 1, Int64 = 7, Half = 10, Double = 11, BFloat = 16;

    public static byte[] Varint(ulong value)
    {
        var bytes = new List<byte>();
        for (; value >= 0x80; value >>= 7)
        {
            bytes.Add((byte)(value | 0x80));
        }
        bytes.Add((byte)value);
        return [.. bytes];
    }

    public static byte[] Number(int field, long value) => [.. Varint((ulong)field << 3), .. Varint((ulong)value)];

    public static byte[] Field(int field, ReadOnlySpan<byte> value) =>
        [.. Varint(((ulong)field << 3) | 2), .. Varint((ulong)value.Length), .. value];

    public static byte[] Floats(params float[] values)
    {
        var bytes = new byte[4 * values.Length];
        for (var i = 0; i < values.Length; i++)
        {
            BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(4 * i), values[i]);
        }
        return bytes;
    }

    /// <summary>A TensorProto; its values lie in <paramref name="dataField"/> (4 = float_data, 9 = raw_data).</summary>
    public static byte[] Tensor(string name, int type, long[] sizes, int dataField, byte[] data) =>
    [
        .. sizes.SelectMany(size => Number(1, size)), .. Number(2, type), .. Field(dataField, data),
        .. Field(8, Encoding.UTF8.GetBytes(name)),
    ];

    /// <summary>A ModelProto with an IR version, a producer, and a graph of a node and these initializers.</summary>
    public static byte[] Model(params byte[][] initializers) =>
        [.. Number(1, 8), .. Field(2, "test"u8), .. Field(7, [.. Field(1, Field(4, "Conv"u8)), .. initializers.SelectMany(each => Field(5, each))])];
}
