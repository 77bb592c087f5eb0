using System.Text;
using System.Text.Json;

namespace Llm2Clip.Weights;

/// <summary>
/// The JSON header of a safetensors file, checked against the number of bytes that follow it. It must name each tensor once, and the
/// tensors must cover those bytes without gap or overlap, as the reference implementation demands.
/// </summary>
internal sealed record SafetensorsHeader(IReadOnlyDictionary<string, SafetensorsInfo> Tensors, IReadOnlyDictionary<string, string> Metadata)
{
    internal const string MetadataKey = "__metadata__";

    /// <summary>The reference implementation's limit: larger headers are an attack or an accident.</summary>
    internal const long MaxHeaderBytes = 100_000_000;

    /// <param name="path">The file, for messages.</param>
    /// <param name="json">Header bytes.</param>
    /// <param name="dataBytes">Number of bytes after the header.</param>
    internal static SafetensorsHeader Parse(string path, ReadOnlySpan<byte> json, long dataBytes)
    {
        if (json.IsEmpty || json[0] != (byte)'{')
        {
            throw new InputException($"{path}: not a safetensors file (its header does not start with '{{').");
        }
        try
        {
            var header = ParseJson(path, json);
            CheckCoverage(path, header.Tensors.Values, dataBytes);
            return header;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or FormatException or DecoderFallbackException)
        {
            throw new InputException($"{path}: the safetensors header cannot be read ({error.Message}). Get the file again.", error);
        }
    }

    private static SafetensorsHeader ParseJson(string path, ReadOnlySpan<byte> json)
    {
        var tensors = new Dictionary<string, SafetensorsInfo>(StringComparer.Ordinal);
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal);
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 8 });
        var sawMetadata = false;
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.GetString()!;
            reader.Read();
            if (name == MetadataKey)
            {
                if (sawMetadata)
                {
                    throw new InputException($"{path}: the header holds {MetadataKey} twice.");
                }
                sawMetadata = true;
                ReadMetadata(path, ref reader, metadata);
            }
            else if (!tensors.TryAdd(name, ReadTensor(path, name, ref reader)))
            {
                throw new InputException($"{path}: tensor '{name}' occurs twice in the header.");
            }
        }
        while (reader.Read())
        {
        }
        return new SafetensorsHeader(tensors, metadata);
    }

    private static void ReadMetadata(string path, ref Utf8JsonReader reader, Dictionary<string, string> metadata)
    {
        Expect(path, MetadataKey, ref reader, JsonTokenType.StartObject);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var key = reader.GetString()!;
            reader.Read();
            if (reader.TokenType != JsonTokenType.String)
            {
                throw new InputException($"{path}: {MetadataKey}.{key} is not a text.");
            }
            metadata[key] = reader.GetString()!;
        }
    }

    private static SafetensorsInfo ReadTensor(string path, string name, ref Utf8JsonReader reader)
    {
        Expect(path, name, ref reader, JsonTokenType.StartObject);
        string? type = null;
        List<long>? shape = null;
        List<long>? offsets = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var key = reader.GetString();
            reader.Read();
            switch (key)
            {
                case "dtype" when type is null:
                    type = reader.GetString();
                    break;
                case "shape" when shape is null:
                    shape = ReadNumbers(path, name, ref reader);
                    break;
                case "data_offsets" when offsets is null:
                    offsets = ReadNumbers(path, name, ref reader);
                    break;
                default:
                    throw new InputException($"{path}: tensor '{name}' has the unknown or repeated field '{key}' in the header.");
            }
        }
        if (type is null || shape is null || offsets is not [var begin, var end])
        {
            throw new InputException($"{path}: tensor '{name}' needs dtype, shape and two data_offsets in the header.");
        }
        return Check(path, name, type, shape, begin, end);
    }

    private static SafetensorsInfo Check(string path, string name, string type, List<long> shape, long begin, long end)
    {
        if (SafetensorsTypes.Find(type) is not { } scalarType)
        {
            throw new InputException($"{path}: tensor '{name}' has the element type '{type}'; known are {SafetensorsTypes.Names}.");
        }
        if (begin > end)
        {
            throw new InputException($"{path}: tensor '{name}' ends ({end}) before it begins ({begin}).");
        }
        UInt128 bytes = (UInt128)SafetensorsTypes.SizeOf(scalarType);
        foreach (var size in shape)
        {
            bytes *= (UInt128)size;
            if (bytes > long.MaxValue)
            {
                throw new InputException($"{path}: tensor '{name}' of shape [{string.Join(", ", shape)}] is larger than any file.");
            }
        }
        if (bytes != (UInt128)(end - begin))
        {
            throw new InputException(
                $"{path}: tensor '{name}' ({type}, [{string.Join(", ", shape)}]) takes {bytes} bytes, but the header gives it "
                + $"{end - begin}.");
        }
        return new SafetensorsInfo(name, scalarType, shape, begin, end - begin);
    }

    private static List<long> ReadNumbers(string path, string name, ref Utf8JsonReader reader)
    {
        Expect(path, name, ref reader, JsonTokenType.StartArray);
        var numbers = new List<long>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt64(out var number) || number < 0)
            {
                throw new InputException(
                    $"{path}: tensor '{name}' has a size or offset in the header that is not a whole number from 0 to {long.MaxValue}.");
            }
            numbers.Add(number);
        }
        return numbers;
    }

    private static void Expect(string path, string name, ref Utf8JsonReader reader, JsonTokenType type)
    {
        if (reader.TokenType != type)
        {
            throw new InputException(
                $"{path}: '{name}' in the safetensors header is of the wrong type ({reader.TokenType} instead of {type}).");
        }
    }

    private static void CheckCoverage(string path, IEnumerable<SafetensorsInfo> tensors, long dataBytes)
    {
        var at = 0L;
        foreach (var tensor in tensors.OrderBy(each => each.Offset).ThenBy(each => each.ByteCount))
        {
            if (tensor.Offset > dataBytes || tensor.ByteCount > dataBytes - tensor.Offset)
            {
                throw new InputException(
                    $"{path}: tensor '{tensor.Name}' ends at byte {(UInt128)tensor.Offset + (UInt128)tensor.ByteCount}, but the file has "
                    + $"only {dataBytes} bytes of data. It is cut short: get it again.");
            }
            if (tensor.Offset != at)
            {
                var what = tensor.Offset < at ? "overlaps the one before it" : "leaves a gap after the one before it";
                throw new InputException($"{path}: tensor '{tensor.Name}' {what} (it begins at byte {tensor.Offset}, expected {at}).");
            }
            at += tensor.ByteCount;
        }
        if (at != dataBytes)
        {
            throw new InputException($"{path}: {dataBytes - at} bytes after the last tensor belong to none.");
        }
    }
}
