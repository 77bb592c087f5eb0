using Llm2Clip.Images;

namespace Llm2Clip.Data.Parquet;

/// <summary>
/// One Parquet file as Hugging Face's <c>datasets</c> writes them: <c>image</c> as a struct of <c>bytes</c> and <c>path</c>, row groups
/// of 100, column types in the <c>huggingface</c> metadata. Captions are in three lists of equal length, <c>captions</c>,
/// <c>languages</c> and <c>kinds</c>, so that all files of a data set have the same columns; <c>caption</c> is the first, for readers of
/// one.
/// </summary>
internal sealed class ParquetSampleWriter : ISampleWriter
{
    private const int RowsPerGroup = 100;

    private const string Features = """
        {"info": {"features": {"key": {"dtype": "string", "_type": "Value"}, "image": {"_type": "Image"},
        "caption": {"dtype": "string", "_type": "Value"},
        "captions": {"feature": {"dtype": "string", "_type": "Value"}, "_type": "Sequence"},
        "languages": {"feature": {"dtype": "string", "_type": "Value"}, "_type": "Sequence"},
        "kinds": {"feature": {"dtype": "string", "_type": "Value"}, "_type": "Sequence"}}}}
        """;

    private static readonly ParquetColumn[] Columns =
    [
        new("key", ColumnType.Text), new("image.bytes", ColumnType.Bytes), new("image.path", ColumnType.Text),
        new("caption", ColumnType.Text), new("captions", ColumnType.TextList), new("languages", ColumnType.TextList),
        new("kinds", ColumnType.TextList),
    ];

    private readonly ParquetTableWriter _table;
    private readonly TextColumnWriter _key;
    private readonly BytesColumnWriter _image;
    private readonly TextColumnWriter _path;
    private readonly TextColumnWriter _caption;
    private readonly TextListColumnWriter _captions;
    private readonly TextListColumnWriter _languages;
    private readonly TextListColumnWriter _kinds;
    private readonly SampleNames _names = new();

    /// <summary>Starts the file.</summary>
    public ParquetSampleWriter(string path)
    {
        _table = new ParquetTableWriter(path, Columns, new ParquetWriteOptions
        {
            RowGroupRows = RowsPerGroup,
            Metadata = new Dictionary<string, string> { ["huggingface"] = Features },
        });
        (_key, _image, _path) = (_table.Texts("key"), _table.Bytes("image.bytes"), _table.Texts("image.path"));
        _caption = _table.Texts("caption");
        (_captions, _languages, _kinds) = (_table.TextLists("captions"), _table.TextLists("languages"), _table.TextLists("kinds"));
    }

    public void Add(Sample sample, ReadOnlyMemory<byte> image)
    {
        _key.Add(sample.Key);
        _image.Add(image.Span);
        _path.Add($"{_names.Next(sample.Key)}.{ImageFormats.Extension(image.Span)}");
        _caption.Add(sample.Captions[0].Text);
        _captions.Add([.. sample.Captions.Select(caption => caption.Text)]);
        _languages.Add([.. sample.Captions.Select(caption => caption.Language)]);
        _kinds.Add([.. sample.Captions.Select(caption => CaptionKinds.Name(caption.Kind))]);
        _table.EndRow();
    }

    public void Complete() => _table.Complete();

    public void Dispose() => _table.Dispose();
}
