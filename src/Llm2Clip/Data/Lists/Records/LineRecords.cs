namespace Llm2Clip.Data.Lists.Records;

/// <summary>The lines of a list as records, in chunks. Blank lines are none.</summary>
/// <param name="path">The list.</param>
/// <param name="bytes">Its bytes.</param>
internal sealed class LineRecords(string path, ListBytes bytes)
{
    /// <summary>A longer line is taken for a sign that this is no list of lines.</summary>
    public const int MaxLineBytes = 16 << 20;

    /// <summary>In stored order; found by one walk through the file.</summary>
    public IReadOnlyList<ListChunk> Chunks { get; } = Cut(path);

    /// <summary>The records of a chunk in stored order.</summary>
    public IEnumerable<ListRecord> Of(ListChunk chunk)
    {
        var read = bytes.Read(chunk.Offset, chunk.Bytes);
        var number = chunk.First;
        for (int start = 0, end; start < read.Length; start = end + 1, number++)
        {
            var length = read.AsSpan(start).IndexOf((byte)'\n');
            end = length < 0 ? read.Length : start + length;
            if (read.AsSpan(start, end - start).IndexOfAnyExcept(" \t\r"u8) >= 0)
            {
                yield return new ListRecord($"line {number}", chunk.Offset + start, read.AsMemory(start, end - start));
            }
        }
    }

    private static IReadOnlyList<ListChunk> Cut(string path)
    {
        var chunks = new ChunkBuilder();
        foreach (var line in FileLines.Of(path, MaxLineBytes))
        {
            chunks.Add(line.Offset, line.Offset + line.Bytes, line.Number);
        }
        return chunks.Chunks;
    }
}
