using System.Text.Json;

namespace Llm2Clip.Data.Lists;

/// <summary>A list with a JSON object a line. Blank lines are none.</summary>
internal abstract class JsonLinesFile : ListFile
{
    /// <summary>A longer line is taken for a sign that this is no JSONL file.</summary>
    public const int MaxLineBytes = 16 << 20;

    protected JsonLinesFile(string path)
        : base(path)
    {
        var chunks = new ChunkBuilder();
        foreach (var line in FileLines.Of(path, MaxLineBytes))
        {
            chunks.Add(line.Offset, line.Offset + line.Bytes, line.Number);
        }
        Chunks = chunks.Chunks;
    }

    public override IReadOnlyList<ListChunk> Chunks { get; }

    public override IEnumerable<ListRecord> Records(ListChunk chunk)
    {
        var bytes = Bytes.Read(chunk.Offset, chunk.Bytes);
        var number = chunk.First;
        for (int start = 0, end; start < bytes.Length; start = end + 1, number++)
        {
            var length = bytes.AsSpan(start).IndexOf((byte)'\n');
            end = length < 0 ? bytes.Length : start + length;
            if (bytes.AsSpan(start, end - start).IndexOfAnyExcept(" \t\r"u8) >= 0)
            {
                yield return new ListRecord($"line {number}", chunk.Offset + start, bytes.AsMemory(start, end - start));
            }
        }
    }

    public override ListedImage? Read(ListRecord record, List<string> remarks)
    {
        using var json = JsonDocument.Parse(record.Bytes);
        return json.RootElement.ValueKind == JsonValueKind.Object
            ? Read(json.RootElement, remarks)
            : throw new BadRecordException($"the JSON is not an object but {JsonFields.Describe(json.RootElement)}");
    }

    /// <inheritdoc cref="ListFile.Read"/>
    protected abstract ListedImage? Read(JsonElement json, List<string> remarks);
}
