namespace Llm2Clip.Data.Lists.Records;

/// <summary>A list with one JSON object per line. Blank lines are none.</summary>
internal abstract class JsonLinesFile : JsonListFile
{
    /// <summary>A longer line is taken for a sign that this is no JSONL file.</summary>
    public const int MaxLineBytes = 16 << 20;

    private readonly ChunkBuilder _chunks = new();

    protected JsonLinesFile(string path, ImageFolders images)
        : base(path, images)
    {
        foreach (var line in FileLines.Of(path, MaxLineBytes))
        {
            _chunks.Add(line.Offset, line.Offset + line.Bytes, line.Number);
        }
    }

    public override IReadOnlyList<ListChunk> Chunks => _chunks.Chunks;

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

    /// <summary>Finds the records of one image, once the subclass can name what a record names.</summary>
    protected void IndexAll()
    {
        foreach (var record in Chunks.SelectMany(Records))
        {
            Index(record.Bytes, record.Offset);
        }
        Close();
        Seal();
    }
}
