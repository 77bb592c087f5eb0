using System.Buffers.Binary;
using System.Text;
using Llm2Clip.Reporting;

namespace Llm2Clip.Tests.Diagnostics;

/// <summary>
/// Reads TensorBoard's event files by the wire format of protocol buffers (protobuf.dev, "Encoding"), field by field, whatever the order:
/// https://github.com/tensorflow/tensorboard/tree/2.20.0/tensorboard/compat/proto, event.proto, summary.proto and tensor.proto.
/// </summary>
internal static class EventFile
{
    /// <summary>A value of a summary: a number, or the text of the plugin for texts.</summary>
    public sealed record Value(string Tag, long Step, float? Number, string? Text, string? Plugin);

    public static List<Value> Read(string path)
    {
        var values = new List<Value>();
        var data = File.ReadAllBytes(path).AsSpan();
        while (data.Length > 0)
        {
            var length = (int)BinaryPrimitives.ReadUInt64LittleEndian(data);
            Assert.Equal(TensorBoardEvent.MaskedCrc(data.Slice(12, length)), BinaryPrimitives.ReadUInt32LittleEndian(data[(12
                + length)..]));
            var message = Fields(data.Slice(12, length).ToArray());
            var step = message.Where(field => field.Number == 2).Select(field => (long)field.Varint).FirstOrDefault();
            values.AddRange(
                from summary in message.Where(field => field.Number == 5)
                from value in Fields(summary.Bytes).Where(field => field.Number == 1)
                select Parse(step, Fields(value.Bytes)));
            data = data[(16 + length)..];
        }
        return values;
    }

    private static Value Parse(long step, List<Field> fields)
    {
        string? text = null, plugin = null;
        foreach (var tensor in fields.Where(field => field.Number == 8).Select(field => Fields(field.Bytes)))
        {
            Assert.Equal(7UL, tensor.Single(field => field.Number == 1).Varint); // DT_STRING
            var dimension = Fields(Fields(tensor.Single(field => field.Number == 2).Bytes).Single(field => field.Number == 2).Bytes);
            Assert.Equal(1UL, dimension.Single(field => field.Number == 1).Varint); // one element
            text = Encoding.UTF8.GetString(tensor.Single(field => field.Number == 8).Bytes);
        }
        foreach (var metadata in fields.Where(field => field.Number == 9).Select(field => Fields(field.Bytes)))
        {
            var data = Fields(metadata.Single(field => field.Number == 1).Bytes);
            plugin = Encoding.UTF8.GetString(data.Single(field => field.Number == 1).Bytes);
        }
        var numbers = fields.Where(field => field.Number == 2).ToList();
        return new Value(
            Encoding.UTF8.GetString(fields.Single(field => field.Number == 1).Bytes), step,
            numbers.Count == 0 ? null : BinaryPrimitives.ReadSingleLittleEndian(numbers.Single().Bytes), text, plugin);
    }

    private static List<Field> Fields(byte[] message)
    {
        var fields = new List<Field>();
        for (var at = 0; at < message.Length;)
        {
            var key = Varint(message, ref at);
            var (number, type) = ((int)(key >> 3), (int)(key & 7));
            var varint = type == 0 ? Varint(message, ref at) : 0;
            var length = type switch
            {
                0 => 0,
                1 => 8,
                2 => (int)Varint(message, ref at),
                5 => 4,
                _ => throw new InvalidDataException($"wire type {type}"),
            };
            fields.Add(new Field(number, varint, message[at..(at + length)]));
            at += length;
        }
        return fields;
    }

    private static ulong Varint(byte[] message, ref int at)
    {
        var value = 0UL;
        for (var shift = 0; ; shift += 7)
        {
            var one = message[at++];
            value |= (ulong)(one & 0x7F) << shift;
            if (one < 0x80)
            {
                return value;
            }
        }
    }

    private sealed record Field(int Number, ulong Varint, byte[] Bytes);
}
