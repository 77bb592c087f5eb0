using System.Buffers.Binary;
using System.Text.Json;
using Llm2Clip.Files;
using static TorchSharp.torch;

namespace Llm2Clip.Weights;

/// <summary>Writes safetensors files.</summary>
internal static class Safetensors
{
    /// <summary>
    /// Writes tensors, from any device; the file appears complete or not at all. The same tensors give the
    /// same bytes: the header is sorted and padded to 8 bytes, data is ordered by element size, largest first, then by name, so that all of
    /// it is aligned.
    /// </summary>
    /// <exception cref="RunException">The file cannot be written; what was there before is untouched.</exception>
    public static void Save(string path, IReadOnlyDictionary<string, Tensor> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        var infos = Lay(tensors);
        try
        {
            using var file = new PendingFile(path);
            WriteHeader(file.Stream, infos, metadata ?? new Dictionary<string, string>());
            foreach (var info in infos)
            {
                WriteTensor(file.Stream, tensors[info.Name]);
            }
            file.Complete();
        }
        catch (WriteException error)
        {
            throw new RunException($"{error.Message} Check the folder and the free space.", error);
        }
    }

    private static List<SafetensorsInfo> Lay(IReadOnlyDictionary<string, Tensor> tensors)
    {
        var infos = new List<SafetensorsInfo>(tensors.Count);
        var at = 0L;
        var ordered = tensors.OrderByDescending(each => each.Value.element_size()).ThenBy(each => each.Key, StringComparer.Ordinal);
        foreach (var (name, tensor) in ordered)
        {
            if (name == SafetensorsHeader.MetadataKey || SafetensorsTypes.NameOf(tensor.dtype) is null)
            {
                throw new ArgumentException($"Tensor '{name}' ({tensor.dtype}) cannot be stored as safetensors.", nameof(tensors));
            }
            var bytes = tensor.numel() * SafetensorsTypes.SizeOf(tensor.dtype);
            infos.Add(new SafetensorsInfo(name, tensor.dtype, tensor.shape, at, bytes));
            at += bytes;
        }
        return infos;
    }

    private static void WriteHeader(Stream stream, List<SafetensorsInfo> infos, IReadOnlyDictionary<string, string> metadata)
    {
        using var json = new MemoryStream();
        using (var writer = new Utf8JsonWriter(json))
        {
            writer.WriteStartObject();
            if (metadata.Count > 0)
            {
                writer.WriteStartObject(SafetensorsHeader.MetadataKey);
                foreach (var (key, value) in metadata.OrderBy(each => each.Key, StringComparer.Ordinal))
                {
                    writer.WriteString(key, value);
                }
                writer.WriteEndObject();
            }
            foreach (var info in infos.OrderBy(each => each.Name, StringComparer.Ordinal))
            {
                WriteEntry(writer, info);
            }
            writer.WriteEndObject();
        }
        while (json.Length % 8 != 0)
        {
            json.WriteByte((byte)' ');
        }
        Span<byte> length = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteInt64LittleEndian(length, json.Length);
        stream.Write(length);
        stream.Write(json.GetBuffer().AsSpan(0, (int)json.Length));
    }

    private static void WriteEntry(Utf8JsonWriter writer, SafetensorsInfo info)
    {
        writer.WriteStartObject(info.Name);
        writer.WriteString("dtype", SafetensorsTypes.NameOf(info.Type));
        writer.WriteStartArray("shape");
        foreach (var size in info.Shape)
        {
            writer.WriteNumberValue(size);
        }
        writer.WriteEndArray();
        writer.WriteStartArray("data_offsets");
        writer.WriteNumberValue(info.Offset);
        writer.WriteNumberValue(info.Offset + info.ByteCount);
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void WriteTensor(Stream stream, Tensor tensor)
    {
        using var scope = NewDisposeScope();
        using var untracked = no_grad();
        var flat = tensor.detach().cpu().contiguous().view(-1);
        var size = SafetensorsTypes.SizeOf(tensor.dtype);
        var slice = (1L << 28) / size;
        for (var at = 0L; at < flat.numel(); at += slice)
        {
            using var part = flat.narrow(0, at, Math.Min(slice, flat.numel() - at));
            stream.Write(part.bytes);
        }
    }
}
