using System.Text.Json;

namespace Llm2Clip.Data.Lists.Records;

/// <summary>A list that is an array in a JSON file: the file itself, or a field of the object that the file is.</summary>
internal abstract class JsonArrayFile(string path, string array, CaptionReader captions, ImageFolders images)
    : JsonListFile(path, captions, images)
{
    private readonly ChunkBuilder _found = new();

    public override IReadOnlyList<ListChunk> Chunks => _found.Chunks;

    public override IEnumerable<ListRecord> Records(ListChunk chunk)
    {
        var bytes = Bytes.Read(chunk.Offset, chunk.Bytes);
        PythonNumbers.Replace(bytes);
        var index = chunk.First;
        for (int start = 0, length; start < bytes.Length; start += length, index++)
        {
            start += Math.Max(0, bytes.AsSpan(start).IndexOfAnyExcept(" \t\r\n,"u8));
            length = FirstValue(bytes.AsSpan(start));
            yield return new ListRecord($"{array}[{index}]", chunk.Offset + start, bytes.AsMemory(start, length));
        }
    }

    /// <summary>Takes in a record when the subclass walks through the file.</summary>
    protected void Take(JsonArrayElement element)
    {
        _found.Add(element.Offset, element.Offset + element.Bytes.Length, element.Index);
        Index(element.Bytes, element.Offset);
    }

    /// <summary>Throws <see cref="InputException"/> where the file lacks a list that its format demands.</summary>
    protected void Require(JsonArrayReader reader, string name, string format)
    {
        if (!reader.Found.Contains(name))
        {
            var what = name.Length == 0 ? "is not a list of records" : $"has no list `{name}`";
            throw new InputException($"{Path}: this JSON {what}, as {format} has. Is it of another format (data.format)?");
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
