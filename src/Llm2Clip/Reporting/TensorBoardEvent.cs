using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace Llm2Clip.Reporting;

/// <summary>
/// The messages that TensorBoard's dashboards of scalars and of texts need, encoded by hand from tensorflow/core/util/event.proto,
/// framework/summary.proto and framework/tensor.proto, in TFRecord framing (length, masked CRC-32C of it, data, masked CRC-32C).
/// </summary>
internal static class TensorBoardEvent
{
    /// <summary>Event { wall_time = 1, file_version = 3 }.</summary>
    public static byte[] Version(double wallTime)
    {
        var message = new MemoryStream();
        WriteDouble(message, 1, wallTime);
        WriteBytes(message, 3, "brain.Event:2"u8);
        return message.ToArray();
    }

    /// <summary>Event { wall_time = 1, step = 2, summary = 5 { value = 1 { tag = 1, simple_value = 2 } } }.</summary>
    public static byte[] Scalar(double wallTime, long step, string tag, float number)
    {
        var value = new MemoryStream();
        WriteBytes(value, 1, Encoding.UTF8.GetBytes(tag));
        value.WriteByte((2 << 3) | 5);
        Span<byte> raw = stackalloc byte[4];
        BinaryPrimitives.WriteSingleLittleEndian(raw, number);
        value.Write(raw);
        return Summary(wallTime, step, value);
    }

    /// <summary>
    /// A text, Markdown: Event { wall_time = 1, step = 2, summary = 5 { value = 1 { tag = 1, tensor = 8 { dtype = 1: DT_STRING,
    /// tensor_shape = 2 { dim = 2 { size = 1: 1 } }, string_val = 8 }, metadata = 9 { plugin_data = 1 { plugin_name = 1: "text" } } } } }.
    /// </summary>
    public static byte[] Text(double wallTime, long step, string tag, string text)
    {
        const int StringType = 7;
        var tensor = new MemoryStream();
        tensor.WriteByte(1 << 3);
        WriteVarint(tensor, StringType);
        WriteBytes(tensor, 2, [(2 << 3) | 2, 2, 1 << 3, 1]);
        WriteBytes(tensor, 8, Encoding.UTF8.GetBytes(text));

        var plugin = new MemoryStream();
        WriteBytes(plugin, 1, "text"u8);
        var metadata = new MemoryStream();
        WriteBytes(metadata, 1, plugin.ToArray());

        var value = new MemoryStream();
        WriteBytes(value, 1, Encoding.UTF8.GetBytes(tag));
        WriteBytes(value, 8, tensor.ToArray());
        WriteBytes(value, 9, metadata.ToArray());
        return Summary(wallTime, step, value);
    }

    /// <summary>Frames a message as a TFRecord.</summary>
    public static byte[] Record(byte[] message)
    {
        var record = new byte[message.Length + 16];
        BinaryPrimitives.WriteUInt64LittleEndian(record, (ulong)message.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(8), MaskedCrc(record.AsSpan(0, 8)));
        message.CopyTo(record, 12);
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(12 + message.Length), MaskedCrc(message));
        return record;
    }

    internal static uint MaskedCrc(ReadOnlySpan<byte> data)
    {
        var crc = uint.MaxValue;
        foreach (var one in data)
        {
            crc = BitOperations.Crc32C(crc, one);
        }
        crc = ~crc;
        return BitOperations.RotateRight(crc, 15) + 0xa282ead8u;
    }

    private static byte[] Summary(double wallTime, long step, MemoryStream value)
    {
        var summary = new MemoryStream();
        WriteBytes(summary, 1, value.ToArray());

        var message = new MemoryStream();
        WriteDouble(message, 1, wallTime);
        message.WriteByte(2 << 3);
        WriteVarint(message, (ulong)step);
        WriteBytes(message, 5, summary.ToArray());
        return message.ToArray();
    }

    private static void WriteDouble(Stream stream, int field, double value)
    {
        stream.WriteByte((byte)((field << 3) | 1));
        Span<byte> raw = stackalloc byte[8];
        BinaryPrimitives.WriteDoubleLittleEndian(raw, value);
        stream.Write(raw);
    }

    private static void WriteBytes(Stream stream, int field, ReadOnlySpan<byte> bytes)
    {
        stream.WriteByte((byte)((field << 3) | 2));
        WriteVarint(stream, (ulong)bytes.Length);
        stream.Write(bytes);
    }

    private static void WriteVarint(Stream stream, ulong value)
    {
        while (value >= 0x80)
        {
            stream.WriteByte((byte)(value | 0x80));
            value >>= 7;
        }
        stream.WriteByte((byte)value);
    }
}
