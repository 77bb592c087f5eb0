using System.Runtime.InteropServices;
using System.Text;
using Llm2Clip.Files;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Weights.Gguf;

/// <summary>
/// Writes a GGUF file, version 3: keys and tensors in the order they were added, data aligned to 32 bytes. The file appears under its
/// name only when complete.
/// </summary>
internal sealed class GgufWriter
{
    private const int Alignment = 32;
    private const int MaxNameBytes = 63;

    /// <summary>Values that are converted at once; a multiple of every block.</summary>
    private const long SliceValues = 1 << 22;

    private readonly List<(string Key, object Value)> _metadata = [];
    private readonly List<(GgufTensor Table, Action<BinaryWriter> Write)> _tensors = [];

    /// <summary>
    /// Adds a metadata key. Values: bool, string, byte to ulong and their signed kin, float, double, or an array of one of these.
    /// </summary>
    /// <exception cref="ArgumentException">The key is there already or the value is of another type.</exception>
    public GgufWriter Add(string key, object value)
    {
        _ = ValueType(value is Array array ? array.GetType().GetElementType()! : value.GetType());
        if (_metadata.Exists(entry => entry.Key == key))
        {
            throw new ArgumentException($"GGUF key '{key}' was added twice.");
        }
        _metadata.Add((key, value));
        return this;
    }

    /// <summary>
    /// Adds a tensor from fp32 values. The loaders want vectors (norms) in F32.
    /// </summary>
    /// <param name="name">At most 63 bytes.</param>
    /// <param name="type">F32, or a format that ggml converts to without an importance matrix.</param>
    /// <param name="shape">Fastest dimension first: a weight that torch calls [out, in] is [in, out] here, with the same memory
    /// order.</param>
    /// <param name="values">All values in memory order.</param>
    /// <exception cref="ArgumentException">Wrong number of values, a name that is too long or there already, or rows that are no whole
    /// blocks.</exception>
    public GgufWriter AddTensor(string name, GgufType type, ReadOnlySpan<long> shape, ReadOnlySpan<float> values)
    {
        var table = Table(name, type, shape);
        if (table.ElementCount != values.Length)
        {
            throw new ArgumentException(
                $"GGUF tensor '{name}': {values.Length} values for the shape [{string.Join(", ", table.Shape)}].");
        }
        var data = Encode(name, type, values);
        _tensors.Add((table, output => output.Write(data)));
        return this;
    }

    /// <summary>
    /// The same for values that are made when the file is written, one tensor after the other, so that no more than one is in memory.
    /// </summary>
    /// <param name="name">As above.</param>
    /// <param name="type">As above.</param>
    /// <param name="shape">As above.</param>
    /// <param name="values">Makes a tensor of as many values, on the CPU, in the current dispose scope.</param>
    /// <exception cref="ArgumentException">As above.</exception>
    public GgufWriter AddTensor(string name, GgufType type, ReadOnlySpan<long> shape, Func<Tensor> values)
    {
        var table = Table(name, type, shape);
        _tensors.Add((table, output => WriteValues(output, table, values)));
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
            foreach (var (_, write) in _tensors)
            {
                Pad(output);
                write(output);
            }
            Pad(output);
            file.Complete();
        }
        catch (WriteException error)
        {
            throw new RunException(error.Message, error);
        }
    }

    /// <summary>The tensor's entry in the table; its offset is given when the header is written.</summary>
    private GgufTensor Table(string name, GgufType type, ReadOnlySpan<long> shape)
    {
        if (Encoding.UTF8.GetByteCount(name) > MaxNameBytes || _tensors.Exists(tensor => tensor.Table.Name == name))
        {
            throw new ArgumentException($"GGUF tensor name '{name}' is longer than {MaxNameBytes} bytes or was added twice.");
        }
        if (shape.Length is 0 or > 4 || GgufTypes.Block(type) is not { } block || shape[0] % block.Values != 0)
        {
            throw new ArgumentException(
                $"GGUF tensor '{name}' cannot be written as {type} with the shape [{string.Join(", ", shape.ToArray())}].");
        }
        var table = new GgufTensor(name, type, shape.ToArray(), Offset: 0, ByteLength: 0);
        return table with { ByteLength = table.ElementCount / block.Values * block.Bytes };
    }

    private static void WriteValues(BinaryWriter output, GgufTensor table, Func<Tensor> values)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var flat = values().to_type(ScalarType.Float32).contiguous().view(-1);
        ArgumentOutOfRangeException.ThrowIfNotEqual(flat.numel(), table.ElementCount);
        for (var at = 0L; at < table.ElementCount; at += SliceValues)
        {
            using var slice = flat.narrow(0, at, Math.Min(SliceValues, table.ElementCount - at));
            output.Write(Encode(table.Name, table.Type, MemoryMarshal.Cast<byte, float>(slice.bytes)));
        }
    }

    private static byte[] Encode(string name, GgufType type, ReadOnlySpan<float> values)
    {
        if (type == GgufType.F32)
        {
            return MemoryMarshal.AsBytes(values).ToArray();
        }
        var block = GgufTypes.Block(type)!.Value;
        var blocks = new byte[values.Length / block.Values * block.Bytes];
        return GgmlFormats.TryEncode(type, values, blocks)
            ? blocks
            : throw new ArgumentException($"GGUF tensor '{name}' cannot be written as {type}: ggml has no conversion to it.");
    }

    private void WriteHeader(BinaryWriter output)
    {
        output.Write("GGUF"u8);
        output.Write(3u);
        output.Write((ulong)_tensors.Count);
        output.Write((ulong)_metadata.Count);
        foreach (var (key, value) in _metadata)
        {
            WriteString(output, key);
            WriteValue(output, value);
        }
        var offset = 0L;
        foreach (var (tensor, _) in _tensors)
        {
            WriteString(output, tensor.Name);
            output.Write((uint)tensor.Shape.Count);
            foreach (var n in tensor.Shape)
            {
                output.Write(n);
            }
            output.Write((int)tensor.Type);
            output.Write(offset);
            offset += (tensor.ByteLength + Alignment - 1) / Alignment * Alignment;
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
