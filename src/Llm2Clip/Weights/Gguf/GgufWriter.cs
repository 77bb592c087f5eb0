using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using System.Text;
using Llm2Clip.Files;

namespace Llm2Clip.Weights.Gguf;

/// <summary>
/// Writes a GGUF file, version 3: keys and tensors in the order they were added, data aligned to 32 bytes. The file appears under its
/// name only when complete.
/// </summary>
internal sealed class GgufWriter
{
    private const int Alignment = 32;
    private const int MaxNameBytes = 63;
    private readonly List<(string Key, object Value)> metadata = [];
    private readonly List<(string Name, GgufType Type, long[] Shape, byte[] Data)> tensors = [];

    /// <summary>
    /// Adds a metadata key. Values: bool, string, byte to ulong and their signed kin, float, double, or an array of one of these.
    /// </summary>
    /// <exception cref="ArgumentException">The key is there already or the value is of another type.</exception>
    public GgufWriter Add(string key, object value)
    {
        _ = ValueType(value is Array array ? array.GetType().GetElementType()! : value.GetType());
        if (metadata.Exists(entry => entry.Key == key))
        {
            throw new ArgumentException($"GGUF key '{key}' was added twice.");
        }
        metadata.Add((key, value));
        return this;
    }

    /// <summary>
    /// Adds a tensor from fp32 values. The loaders want vectors (norms) in F32.
    /// </summary>
    /// <param name="name">At most 63 bytes.</param>
    /// <param name="type">F32, F16 (round to nearest even) or Q8_0.</param>
    /// <param name="shape">Fastest dimension first: a weight that torch calls [out, in] is [in, out] here, with the same memory
    /// order.</param>
    /// <param name="values">All values in memory order.</param>
    /// <exception cref="ArgumentException">Wrong number of values, a name that is too long or there already, or rows that do not fit
    /// Q8_0.</exception>
    public GgufWriter AddTensor(string name, GgufType type, ReadOnlySpan<long> shape, ReadOnlySpan<float> values)
    {
        if (Encoding.UTF8.GetByteCount(name) > MaxNameBytes || tensors.Exists(tensor => tensor.Name == name))
        {
            throw new ArgumentException($"GGUF tensor name '{name}' is longer than {MaxNameBytes} bytes or was added twice.");
        }
        var elements = 1L;
        foreach (var n in shape)
        {
            elements *= n;
        }
        if (elements != values.Length || shape.Length is 0 or > 4)
        {
            throw new ArgumentException(
                $"GGUF tensor '{name}': {values.Length} values for the shape [{string.Join(", ", shape.ToArray())}].");
        }
        tensors.Add((name, type, shape.ToArray(), Encode(name, type, shape[0], values)));
        return this;
    }

    /// <summary>Writes the file, whole or not at all.</summary>
    public void Write(string path)
    {
        try
        {
            using var file = new PendingFile(path);
            using var output = new BinaryWriter(file.Stream, Encoding.UTF8, leaveOpen: true);
            WriteHeader(output);
            foreach (var tensor in tensors)
            {
                Pad(output);
                output.Write(tensor.Data);
            }
            Pad(output);
            file.Complete();
        }
        catch (WriteException error)
        {
            throw new RunException(error.Message, error);
        }
    }

    private static byte[] Encode(string name, GgufType type, long row, ReadOnlySpan<float> values)
    {
        switch (type)
        {
            case GgufType.F32:
                return MemoryMarshal.AsBytes(values).ToArray();
            case GgufType.F16:
                var halves = new Half[values.Length];
                TensorPrimitives.ConvertToHalf(values, halves);
                return MemoryMarshal.AsBytes(halves.AsSpan()).ToArray();
            case GgufType.Q8_0 when row % 32 == 0:
                var blocks = new byte[values.Length / 32 * 34];
                GgufQ8.Encode(values, blocks);
                return blocks;
            default:
                throw new ArgumentException(
                    $"GGUF tensor '{name}' cannot be written as {type} with rows of {row} (F32, F16, or Q8_0 with rows of 32 n).");
        }
    }

    private void WriteHeader(BinaryWriter output)
    {
        output.Write("GGUF"u8);
        output.Write(3u);
        output.Write((ulong)tensors.Count);
        output.Write((ulong)metadata.Count);
        foreach (var (key, value) in metadata)
        {
            WriteString(output, key);
            WriteValue(output, value);
        }
        var offset = 0L;
        foreach (var (name, type, shape, data) in tensors)
        {
            WriteString(output, name);
            output.Write((uint)shape.Length);
            foreach (var n in shape)
            {
                output.Write(n);
            }
            output.Write((int)type);
            output.Write(offset);
            offset += (data.Length + Alignment - 1) / Alignment * Alignment;
        }
    }

    private static void WriteValue(BinaryWriter output, object value)
    {
        if (value is not Array array)
        {
            output.Write((uint)ValueType(value.GetType()));
            WriteScalar(output, value);
            return;
        }
        output.Write((uint)GgufValueType.Array);
        output.Write((uint)ValueType(array.GetType().GetElementType()!));
        output.Write((ulong)array.Length);
        foreach (var element in array)
        {
            WriteScalar(output, element!);
        }
    }

    private static void WriteScalar(BinaryWriter output, object value)
    {
        switch (value)
        {
            case bool flag: output.Write(flag); break;
            case string text: WriteString(output, text); break;
            case byte number: output.Write(number); break;
            case sbyte number: output.Write(number); break;
            case ushort number: output.Write(number); break;
            case short number: output.Write(number); break;
            case uint number: output.Write(number); break;
            case int number: output.Write(number); break;
            case ulong number: output.Write(number); break;
            case long number: output.Write(number); break;
            case float number: output.Write(number); break;
            default: output.Write((double)value); break;
        }
    }

    private static GgufValueType ValueType(Type type) => Type.GetTypeCode(type) switch
    {
        TypeCode.Boolean => GgufValueType.Bool,
        TypeCode.String => GgufValueType.String,
        TypeCode.Byte => GgufValueType.UInt8,
        TypeCode.SByte => GgufValueType.Int8,
        TypeCode.UInt16 => GgufValueType.UInt16,
        TypeCode.Int16 => GgufValueType.Int16,
        TypeCode.UInt32 => GgufValueType.UInt32,
        TypeCode.Int32 => GgufValueType.Int32,
        TypeCode.UInt64 => GgufValueType.UInt64,
        TypeCode.Int64 => GgufValueType.Int64,
        TypeCode.Single => GgufValueType.Float32,
        TypeCode.Double => GgufValueType.Float64,
        _ => throw new ArgumentException($"GGUF metadata cannot hold a {type}."),
    };

    private static void WriteString(BinaryWriter output, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        output.Write((ulong)bytes.Length);
        output.Write(bytes);
    }

    private static void Pad(BinaryWriter output)
    {
        var over = (int)(output.BaseStream.Position % Alignment);
        output.Write(new byte[over == 0 ? 0 : Alignment - over]);
    }
}
