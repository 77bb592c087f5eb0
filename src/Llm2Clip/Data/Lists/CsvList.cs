using System.Text;

namespace Llm2Clip.Data.Lists;

/// <summary>
/// A CSV or TSV file with a header row: an image column (<c>image</c>, <c>filepath</c> or <c>file_name</c>) and caption columns (those of
/// <c>data.caption_keys</c>, else the first of <c>caption, title, text, captions</c>, whose columns <c>language</c> and <c>kind</c> count
/// where there are such). Rows of one image make one sample, wherever they
/// stand: the first one gives it out with the captions of all. Which rows belong together is found once, by 64-bit hashes of the
/// image's name (24 bytes a row while the file is opened; afterwards only the rows of images that have several).
/// </summary>
internal sealed class CsvList : ListFile
{
    private static readonly string[] ImageColumns = ["image", "filepath", "file_name"];
    private static readonly string[] CaptionColumns = ["caption", "title", "text", "captions"];

    private readonly CaptionReader _captions;
    private readonly ImageFolders _images;
    private readonly RecordIndex _repeated = new();
    private readonly byte _delimiter;
    private readonly string[] _columns;
    private readonly int _image;
    private readonly int _key;
    private readonly int _language = -1;
    private readonly int _kind = -1;
    private readonly IReadOnlyList<(string Key, string Language, CaptionKind Kind)> _keys;

    /// <summary>Throws <see cref="InputException"/> where the header lacks an image or caption column.</summary>
    public CsvList(string path, CaptionReader captions, ImageFolders images)
        : base(path)
    {
        (_captions, _images) = (captions, images);
        (_delimiter, _columns) = Header(path);
        _image = Array.FindIndex(_columns, ImageColumns.Contains);
        _keys = captions.Columns(_columns, CaptionColumns);
        if (_keys.Count == 0)
        {
            var wanted = captions.ConfiguredNames is { Length: > 0 } names ? $"{names} (data.caption_keys)" : string.Join(", ", CaptionColumns);
            throw new InputException($"{path}: the header has no caption column. Looked for {wanted}; it has {string.Join(", ", _columns)}. Name the columns in data.caption_keys.");
        }
        _key = Array.IndexOf(_columns, "key");
        if (captions.ConfiguredNames.Length == 0)
        {
            (_language, _kind) = (Array.IndexOf(_columns, "language"), Array.IndexOf(_columns, "kind"));
        }
        var chunks = new ChunkBuilder();
        var row = new CsvRow(_delimiter);
        using var reader = new CsvReader(path);
        reader.Next(row);
        while (reader.Next(row))
        {
            chunks.Add(reader.Offset, reader.Offset + reader.Length, reader.Line);
            if (row.Problem is null && row.Count == _columns.Length)
            {
                _repeated.Add(RecordIndex.HashOf(row.Raw(reader.Row, _image)), reader.Offset, reader.Length);
            }
        }
        _repeated.Seal(repeatedOnly: true);
        Chunks = chunks.Chunks;
    }

    public override IReadOnlyList<ListChunk> Chunks { get; }

    public override IEnumerable<ListRecord> Records(ListChunk chunk)
    {
        var bytes = Bytes.Read(chunk.Offset, chunk.Bytes);
        var row = new CsvRow(_delimiter);
        var line = chunk.First;
        for (int start = 0, length; start < bytes.Length; start += length)
        {
            length = row.Parse(bytes.AsSpan(start), final: true);
            if (!row.IsBlank)
            {
                yield return new ListRecord($"line {line}", chunk.Offset + start, bytes.AsMemory(start, length));
            }
            line += bytes.AsSpan(start, length).Count((byte)'\n');
        }
    }

    public override ListedImage? Read(ListRecord record, List<string> remarks)
    {
        var bytes = record.Bytes.Span;
        var row = Sound(bytes);
        var name = row.Text(bytes, _image).Trim();
        if (name.Length == 0)
        {
            throw new BadRecordException($"its `{_columns[_image]}` is empty", BadSampleCause.NoImage);
        }
        var rows = _repeated.Find(RecordIndex.HashOf(row.Raw(bytes, _image))).ToList();
        if (rows.Count > 0 && rows[0].Offset != record.Offset)
        {
            return null; // said with the image's first row
        }
        var found = new List<Caption>();
        AddCaptions(row, bytes, found, remarks);
        foreach (var further in rows.Skip(1))
        {
            ReadOnlySpan<byte> other = Bytes.Read(further.Offset, further.Length);
            AddCaptions(Sound(other), other, found, remarks);
        }
        var missing = $"no caption (looked for {string.Join(", ", _keys.Select(key => key.Key))})";
        var key = Cell(row, bytes, _key) is { Length: > 0 } own ? own : KeyOf(name);
        return new ListedImage(key, name, CaptionReader.Complete(found, remarks, missing), _images.Find(Path, name));
    }

    private void AddCaptions(CsvRow row, ReadOnlySpan<byte> bytes, List<Caption> found, List<string> remarks)
    {
        var ownLanguage = Cell(row, bytes, _language);
        var hasKind = CaptionKinds.TryParse(Cell(row, bytes, _kind), out var ownKind);
        foreach (var (key, language, kind) in _keys)
        {
            _captions.Add(
                row.Text(bytes, Array.IndexOf(_columns, key)), key, found, remarks, ownLanguage.Length > 0 ? ownLanguage : language, hasKind ? ownKind : kind);
        }
    }

    private static string Cell(CsvRow row, ReadOnlySpan<byte> bytes, int column) => column < 0 ? "" : row.Text(bytes, column).Trim();

    private CsvRow Sound(ReadOnlySpan<byte> bytes)
    {
        var row = new CsvRow(_delimiter);
        row.Parse(bytes, final: true);
        if (row.Problem is { } problem)
        {
            throw new BadRecordException(problem);
        }
        return row.Count == _columns.Length ? row : throw new BadRecordException($"has {row.Count} columns where the header has {_columns.Length}");
    }

    /// <summary>Finds the delimiter by which the header has an image column: open_clip's files are often called .csv and hold tabs.</summary>
    private static (byte Delimiter, string[] Columns) Header(string path)
    {
        var tried = new List<string[]>();
        foreach (var delimiter in "\t,;|"u8)
        {
            var row = new CsvRow(delimiter);
            using var reader = new CsvReader(path);
            if (!reader.Next(row))
            {
                throw new InputException($"{path} is empty; a header row with an image and a caption column was expected.");
            }
            string[] columns = [.. Columns(row, reader, path)];
            if (columns.Any(ImageColumns.Contains))
            {
                return (delimiter, columns);
            }
            tried.Add(columns);
        }
        var likely = tried.MaxBy(columns => columns.Length)!;
        throw new InputException($"{path}: the first row has no image column ({string.Join(", ", ImageColumns)}); it holds {string.Join(", ", likely)}. "
            + "The first row must name the columns.");
    }

    private static List<string> Columns(CsvRow row, CsvReader reader, string path)
    {
        try
        {
            var columns = new List<string>();
            for (var i = 0; i < row.Count; i++)
            {
                columns.Add(row.Text(reader.Row, i).Trim());
            }
            return columns;
        }
        catch (DecoderFallbackException e)
        {
            throw new InputException($"{path}: the header is not valid UTF-8.", e);
        }
    }
}
