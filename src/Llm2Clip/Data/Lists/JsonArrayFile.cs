using System.Text.Json;

namespace Llm2Clip.Data.Lists;

/// <summary>A list that is an array in a JSON file: the file itself, or a field of the object that the file is.</summary>
internal abstract class JsonArrayFile(string path, string array) : ListFile(path)
{
    public override IReadOnlyList<ListChunk> Chunks => Found.Chunks;

    /// <summary>Filled by the subclass when it walks through the file.</summary>
    protected ChunkBuilder Found { get; } = new();

    public override IEnumerable<ListRecord> Records(ListChunk chunk)
    {
        var bytes = Bytes.Read(chunk.Offset, chunk.Bytes);
        var index = chunk.First;
        for (int start = 0, length; start < bytes.Length; start += length, index++)
        {
            start += Math.Max(0, bytes.AsSpan(start).IndexOfAnyExcept(" \t\r\n,"u8));
            length = FirstValue(bytes.AsSpan(start));
            yield return new ListRecord($"{array}[{index}]", chunk.Offset + start, bytes.AsMemory(start, length));
        }
    }

    public override ListedImage? Read(ListRecord record, List<string> remarks)
    {
        using var json = JsonDocument.Parse(record.Bytes);
        return json.RootElement.ValueKind == JsonValueKind.Object
            ? Read(json.RootElement, remarks)
            : throw new BadRecordException($"is not an object but {JsonFields.Describe(json.RootElement)}");
    }

    /// <inheritdoc cref="ListFile.Read"/>
    protected abstract ListedImage? Read(JsonElement json, List<string> remarks);

    /// <summary>Throws <see cref="InputException"/> where the file lacks a list that its form demands.</summary>
    protected void Require(JsonArrayReader reader, string name, string form)
    {
        if (!reader.Found.Contains(name))
        {
            var what = name.Length == 0 ? "is not a list of records" : $"has no list `{name}`";
            throw new InputException($"{Path}: this JSON {what}, as {form} has. Is it of another form (data.format)?");
        }
    }

    private static int FirstValue(ReadOnlySpan<byte> bytes)
    {
        var reader = new Utf8JsonReader(bytes);
        reader.Read();
        reader.Skip();
        return (int)reader.BytesConsumed;
    }
}
