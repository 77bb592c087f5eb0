using System.Text;
using Llm2Clip.Data.Lists.Records;

namespace Llm2Clip.Data.Lists;

/// <summary>
/// A CSV or TSV file with a header row: an image column (<c>data.image_key</c>, else the first of <see cref="FieldNames.Images"/>) and
/// caption columns (those of <c>data.caption_keys</c>, else the first of <see cref="FieldNames.Captions"/> that a row fills, whose columns
/// <c>language</c> and <c>kind</c> count where there are such). Rows of one image make one sample, wherever they are: the first one gives
/// it with the captions of all. Which rows belong together is found once (<see cref="NameIndex"/>).
/// </summary>
internal sealed class CsvList : ListFile
{
    /// <summary>The remedy for text that is not UTF-8: which of the many other encodings it is, its bytes do not tell.</summary>
    public const string HowToConvert = "Save the list as UTF-8 (in Excel: CSV UTF-8), or convert it: "
        + "iconv -f WINDOWS-1252 -t UTF-8 OLD > NEW (from a Chinese system: -f GB18030)";

    private readonly CaptionReader _captions;
    private readonly ImageFolders _images;
    private readonly NameIndex _names = new();
    private readonly byte _delimiter;
    private readonly string[] _columns;
    private readonly int _image;
    private readonly int _key;
    private readonly int _language = -1;
    private readonly int _kind = -1;
    private readonly IReadOnlyList<(string Name, int Place)> _keys;

    /// <summary>Throws <see cref="InputException"/> where the header lacks an image or caption column.</summary>
    public CsvList(string path, CaptionReader captions, ImageFolders images, string imageKey)
        : base(path)
    {
        (_captions, _images) = (captions, images);
        (_delimiter, _columns) = Header(path, imageKey);
        _image = Array.IndexOf(_columns, ImageColumn(_columns, imageKey));
        _keys = [.. captions.Columns(_columns).Select(name => (name, Array.IndexOf(_columns, name)))];
        if (_keys.Count == 0 && !captions.IsOptional)
        {
            throw new InputException(
                $"{path}: the header has no {(captions.IsForLabels ? "label" : "caption")} column. Looked for {captions.Wanted}; it has "
                + $"{string.Join(", ", _columns)}. "
                + (captions.IsConfigured
                    ? $"Check {captions.Setting}."
                    : $"Name the columns: {CaptionReader.KeysExample(_columns, _image)}"));
        }
        _key = Array.IndexOf(_columns, "key");
        if (!captions.IsConfigured)
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
            if (row.Problem is null && row.Count == _columns.Length && Name(row, reader.Row) is { } name)
            {
                _names.Add(name, reader.Offset, reader.Length);
            }
        }
        _names.Seal();
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
        var image = row.Text(bytes, _image).Trim();
        if (image.Length == 0)
        {
            throw new BadRecordException($"its `{_columns[_image]}` is empty", BadSampleCause.NoImage);
        }
        var name = NameOf(image, Cell(row, bytes, _key));
        if (_names.Records(name, record.Offset) is not { } rows)
        {
            return null;
        }
        var found = new List<Caption>();
        AddCaptions(row, bytes, found, remarks);
        foreach (var further in rows.Skip(1))
        {
            ReadOnlySpan<byte> other = Bytes.Read(further.Offset, further.Length);
            AddCaptions(Sound(other), other, found, remarks);
        }
        var missing = $"no caption (looked for {string.Join(", ", _keys.Select(key => key.Name))})";
        return new ListedImage(_names.Key(name), image, _captions.Complete(found, remarks, missing), _images.Find(Path, image));
    }

    /// <summary>Rows of one image are one sample, whatever key each states.</summary>
    private static RecordName NameOf(string image, string key) => new(image, key.Length > 0 ? key : null, image);

    /// <summary>What a row names; null where that cannot be read, which is said when the row is.</summary>
    private RecordName? Name(CsvRow row, ReadOnlySpan<byte> bytes)
    {
        try
        {
            return row.Text(bytes, _image).Trim() is { Length: > 0 } image ? NameOf(image, Cell(row, bytes, _key)) : null;
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }

    private void AddCaptions(CsvRow row, ReadOnlySpan<byte> bytes, List<Caption> found, List<string> remarks)
    {
        var language = Cell(row, bytes, _language);
        var hasKind = CaptionKinds.TryParse(Cell(row, bytes, _kind), out var kind);
        var columns = new List<(string, IReadOnlyList<string?>?)>(_keys.Count);
        foreach (var (name, place) in _keys)
        {
            columns.Add((name, [row.Text(bytes, place)]));
        }
        _captions.AddColumns(columns, found, remarks, language.Length > 0 ? language : null, hasKind ? kind : null);
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
        return row.Count == _columns.Length
            ? row
            : throw new BadRecordException($"has {row.Count} columns where the header has {_columns.Length}");
    }

    private static string? ImageColumn(string[] columns, string imageKey) => imageKey.Length > 0
        ? Array.Find(columns, column => column == imageKey)
        : FieldNames.Known(columns, FieldNames.ImageRank).FirstOrDefault();

    /// <summary>
    /// Finds the delimiter by which the header has an image column: open_clip's files are often called .csv and hold tabs.
    /// </summary>
    private static (byte Delimiter, string[] Columns) Header(string path, string imageKey)
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
            if (ImageColumn(columns, imageKey) is not null)
            {
                return (delimiter, columns);
            }
            tried.Add(columns);
        }
        var likely = tried.MaxBy(columns => columns.Length)!;
        var wanted = imageKey.Length > 0 ? $"{imageKey} (data.image_key)" : "image, file_name, filepath, Bild, Datei, 图片, ...";
        throw new InputException($"{path}: the first row has no image column ({wanted}); it holds {string.Join(", ", likely)}. "
            + "The first row must name the columns; name that of the images with data.image_key.");
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
            throw new InputException($"{path}: the header is not valid UTF-8. {HowToConvert}.", e);
        }
    }
}
