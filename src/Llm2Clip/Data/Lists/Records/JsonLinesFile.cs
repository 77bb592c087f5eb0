namespace Llm2Clip.Data.Lists.Records;

/// <summary>A list with one JSON object per line. Blank lines are none.</summary>
internal abstract class JsonLinesFile : JsonListFile
{
    private readonly LineRecords _lines;

    protected JsonLinesFile(string path, CaptionReader captions, ImageFolders images)
        : base(path, captions, images) => _lines = new LineRecords(path, Bytes);

    public override IReadOnlyList<ListChunk> Chunks => _lines.Chunks;

    public override IEnumerable<ListRecord> Records(ListChunk chunk) => _lines.Of(chunk);

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
