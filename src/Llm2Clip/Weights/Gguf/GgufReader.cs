// Own: libllama stops the process on damaged headers; this reader names the file and the key instead.
using System.Buffers.Binary;
using System.Numerics;
using System.Text;
using Llm2Clip.Files;

namespace Llm2Clip.Weights.Gguf;

/// <summary>Reads a GGUF header front to back; every length is held against the bytes that are left before it is used.</summary>
internal sealed class GgufReader
{
    private const int MaxNameBytes = 63;
    private const int MaxDimensions = 4;
    private static readonly UTF8Encoding Utf8 = new(false);

    private readonly string path;
    private readonly BinaryReader input;
    private readonly long length;
    private string where = "the header";

    private GgufReader(string path, FileStream stream)
    {
        this.path = path;
        input = new BinaryReader(stream);
        length = stream.Length;
    }

    private long Left => length - input.BaseStream.Position;

    /// <summary>See <see cref="GgufFile.Open"/>.</summary>
    public static GgufFile Read(string path)
    {
        LfsPointer.Refuse(path);
        try
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 20);
            return new GgufReader(path, stream).ReadFile();
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new InputException($"{path}: there is no such file. Give the path of a GGUF model.", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path}: cannot be read: {error.Message}", error);
        }
    }

    private GgufFile ReadFile()
    {
        var version = ReadVersion();
        var tensorCount = ReadCount("tensors", 24);
        var keyCount = ReadCount("metadata keys", 13);
        var keys = new List<string>();
        var metadata = new Dictionary<string, GgufValue>();
        for (var i = 0L; i < keyCount; i++)
        {
            where = keys.Count == 0 ? "the first metadata key" : $"the metadata key after '{keys[^1]}'";
            var key = ReadString();
            where = $"key '{key}'";
            if (!metadata.TryAdd(key, ReadValue(ReadValueType())))
            {
                throw Bad("occurs twice in the metadata");
            }
            keys.Add(key);
        }
        var alignment = Alignment(metadata);
        var table = ReadTable(tensorCount);
        var start = AlignUp(input.BaseStream.Position, alignment);
        return new GgufFile(path, version, keys, metadata, Place(table, start, alignment));
    }

    private int ReadVersion()
    {
        Need(4);
        var magic = input.ReadBytes(4);
        if (!magic.AsSpan().SequenceEqual("GGUF"u8))
        {
            throw new InputException($"{path}: not a GGUF file (it starts with {Printable(magic)} instead of GGUF). Give a GGUF model.");
        }
        Need(4);
        var version = input.ReadUInt32();
        return version switch
        {
            2 or 3 => (int)version,
            _ when BinaryPrimitives.ReverseEndianness(version) is 2 or 3 =>
                throw new InputException($"{path}: a big-endian GGUF file. Convert the model for little-endian machines."),
            _ => throw new InputException($"{path}: GGUF version {version}; versions 2 and 3 can be read. Convert the model anew."),
        };
    }

    private long ReadCount(string what, int leastBytes)
    {
        Need(8);
        var count = input.ReadUInt64();
        return count <= (ulong)(Left / leastBytes)
            ? (long)count
            : throw new InputException(
                $"{path}: the header claims {count} {what}, more than {length} bytes can hold. The file is damaged.");
    }

    private GgufValueType ReadValueType()
    {
        Need(4);
        var type = input.ReadUInt32();
        return type <= (uint)GgufValueType.Float64 ? (GgufValueType)type : throw Bad($"has the unknown value type {type}");
    }

    private GgufValue ReadValue(GgufValueType type)
    {
        if (type != GgufValueType.Array)
        {
            return new GgufValue(type, ReadScalar(type));
        }
        var element = ReadValueType();
        if (element == GgufValueType.Array)
        {
            throw Bad("is an array of arrays, which no model uses");
        }
        Need(8);
        var count = input.ReadUInt64();
        if (count > (ulong)Math.Min(Left / LeastBytes(element), int.MaxValue))
        {
            throw Bad($"claims an array of {count} values, more than the file can hold");
        }
        return new GgufValue(type, ReadArray(element, (int)count));
    }

    private Array ReadArray(GgufValueType element, int count) => element switch
    {
        GgufValueType.UInt8 => Fill(count, input.ReadByte),
        GgufValueType.Int8 => Fill(count, input.ReadSByte),
        GgufValueType.UInt16 => Fill(count, input.ReadUInt16),
        GgufValueType.Int16 => Fill(count, input.ReadInt16),
        GgufValueType.UInt32 => Fill(count, input.ReadUInt32),
        GgufValueType.Int32 => Fill(count, input.ReadInt32),
        GgufValueType.Float32 => Fill(count, input.ReadSingle),
        GgufValueType.Bool => Fill(count, ReadBool),
        GgufValueType.String => Fill(count, ReadString),
        GgufValueType.UInt64 => Fill(count, input.ReadUInt64),
        GgufValueType.Int64 => Fill(count, input.ReadInt64),
        _ => Fill(count, input.ReadDouble),
    };

    private static T[] Fill<T>(int count, Func<T> read)
    {
        var values = new T[count];
        for (var i = 0; i < count; i++)
        {
            values[i] = read();
        }
        return values;
    }

    private object ReadScalar(GgufValueType type)
    {
        Need(LeastBytes(type));
        return type switch
        {
            GgufValueType.UInt8 => input.ReadByte(),
            GgufValueType.Int8 => input.ReadSByte(),
            GgufValueType.UInt16 => input.ReadUInt16(),
            GgufValueType.Int16 => input.ReadInt16(),
            GgufValueType.UInt32 => input.ReadUInt32(),
            GgufValueType.Int32 => input.ReadInt32(),
            GgufValueType.Float32 => input.ReadSingle(),
            GgufValueType.Bool => ReadBool(),
            GgufValueType.String => ReadString(),
            GgufValueType.UInt64 => input.ReadUInt64(),
            GgufValueType.Int64 => input.ReadInt64(),
            _ => input.ReadDouble(),
        };
    }

    private bool ReadBool() => input.ReadByte() != 0;

    private string ReadString()
    {
        Need(8);
        var bytes = input.ReadUInt64();
        return bytes <= (ulong)Math.Min(Left, int.MaxValue)
            ? Utf8.GetString(input.ReadBytes((int)bytes))
            : throw Bad($"claims a text of {bytes} bytes, more than the file has left");
    }

    private static int LeastBytes(GgufValueType type) => type switch
    {
        GgufValueType.UInt8 or GgufValueType.Int8 or GgufValueType.Bool => 1,
        GgufValueType.UInt16 or GgufValueType.Int16 => 2,
        GgufValueType.UInt32 or GgufValueType.Int32 or GgufValueType.Float32 => 4,
        _ => 8,
    };

    private long Alignment(Dictionary<string, GgufValue> metadata)
    {
        const string Key = "general.alignment";
        if (!metadata.TryGetValue(Key, out var value))
        {
            return 32;
        }
        where = $"key '{Key}'";
        return value.Value is uint alignment && BitOperations.IsPow2(alignment)
            ? alignment
            : throw Bad($"is {value.Value} ({value.Type}); it must be a power of two as UInt32");
    }

    private List<GgufTensor> ReadTable(long count)
    {
        var table = new List<GgufTensor>();
        var names = new HashSet<string>();
        for (var i = 0L; i < count; i++)
        {
            where = table.Count == 0 ? "the first tensor" : $"the tensor after '{table[^1].Name}'";
            var name = ReadString();
            where = $"tensor '{name}'";
            if (Utf8.GetByteCount(name) > MaxNameBytes)
            {
                throw Bad($"has a name longer than {MaxNameBytes} bytes");
            }
            if (!names.Add(name))
            {
                throw Bad("occurs twice in the table");
            }
            table.Add(ReadTensor(name));
        }
        return table;
    }

    private GgufTensor ReadTensor(string name)
    {
        Need(4);
        var dimensions = input.ReadUInt32();
        if (dimensions is 0 or > MaxDimensions)
        {
            throw Bad($"claims {dimensions} dimensions; 1 to {MaxDimensions} are possible");
        }
        Need((int)dimensions * 8 + 12);
        var shape = Fill((int)dimensions, input.ReadInt64);
        var type = (GgufType)input.ReadInt32();
        var offset = input.ReadUInt64();
        if (GgufTypes.Block(type) is not { } block)
        {
            throw Bad($"has the unknown number format {(int)type}");
        }
        var elements = (BigInteger)1;
        foreach (var n in shape)
        {
            elements *= n > 0 ? n : throw Bad($"has the shape [{string.Join(", ", shape)}]");
        }
        if (shape[0] % block.Values != 0)
        {
            throw Bad($"has rows of {shape[0]} values, not a multiple of {block.Values} as {type} needs");
        }
        var bytes = elements / block.Values * block.Bytes;
        return bytes <= length && offset <= (ulong)length
            ? new GgufTensor(name, type, shape, (long)offset, (long)bytes)
            : throw Bad($"claims {bytes} bytes at offset {offset}, but the file has {length}");
    }

    /// <summary>
    /// Turns offsets within the data section into file positions; tensors must follow each other, padded to the alignment.
    /// </summary>
    private List<GgufTensor> Place(List<GgufTensor> table, long start, long alignment)
    {
        var placed = new List<GgufTensor>(table.Count);
        var expected = 0L;
        foreach (var tensor in table)
        {
            where = $"tensor '{tensor.Name}'";
            if (tensor.Offset != expected)
            {
                throw Bad($"starts at offset {tensor.Offset} of the data, not at {expected} where the one before it ends");
            }
            if (start + tensor.Offset + tensor.ByteLength > length)
            {
                throw Bad($"ends at byte {start + tensor.Offset + tensor.ByteLength}, but the file has {length}: it is cut");
            }
            placed.Add(tensor with { Offset = start + tensor.Offset });
            expected = AlignUp(tensor.Offset + tensor.ByteLength, alignment);
        }
        return placed;
    }

    private static long AlignUp(long position, long alignment) => (position + alignment - 1) / alignment * alignment;

    private void Need(int bytes)
    {
        if (Left < bytes)
        {
            throw Bad($"is cut: the file ends at byte {length}");
        }
    }

    private InputException Bad(string what) => new($"{path}: {where} {what}. The file is damaged; fetch or convert the model anew.");

    private static string Printable(byte[] bytes) =>
        bytes.All(b => b is >= 32 and < 127) ? $"'{Encoding.ASCII.GetString(bytes)}'" : Convert.ToHexString(bytes);
}
