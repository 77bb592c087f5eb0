using System.Buffers;
using System.Globalization;
using System.Text.Json;

namespace Llm2Clip.Data.Parquet;

/// <summary>What the rows of a row group say besides their images.</summary>
internal sealed class SampleRows
{
    private readonly ParquetLayout _layout;
    private readonly List<ParquetColumnReader> _columns = [];
    private readonly List<(string Name, TextColumn? Text, TextListColumn? List)> _captions;
    private readonly TextColumn? _textKey;
    private readonly IntegerColumn? _numberKey;
    private readonly TextColumn? _path;

    public SampleRows(ParquetTable table, ParquetLayout layout)
    {
        _layout = layout;
        _captions = [.. layout.Captions.Select(name => IsOf(name, ColumnType.Text)
            ? (name, Kept(table.Texts(name)), (TextListColumn?)null)
            : (name, null, Kept(table.TextLists(name))))];
        _textKey = layout.Key is { } text && IsOf(text, ColumnType.Text) ? Kept(table.Texts(text)) : null;
        _numberKey = layout.Key is { } number && IsOf(number, ColumnType.Int64) ? Kept(table.Integers(number)) : null;
        _path = layout.Path is { } path ? Kept(table.Texts(path)) : null;

        bool IsOf(string name, ColumnType type) => table.Columns.First(column => column.Name == name).Type == type;
    }

    /// <summary>Reads the columns of a group.</summary>
    public void Read(ParquetRowGroup group) => _columns.ForEach(column => column.Read(group));

    /// <summary>What names the sample of a row; null where it has no name.</summary>
    public string? Key(int row) => NotEmpty(_textKey?[row] ?? _numberKey?[row]?.ToString(CultureInfo.InvariantCulture));

    /// <summary>The name of a row's image; null where it has none.</summary>
    public string? Path(int row) => NotEmpty(_path?[row]);

    /// <summary>
    /// The captions of a row, as if it were a JSON record; the form that only Parquet files have, one column alone, is <c>captions</c>.
    /// </summary>
    public IReadOnlyList<Caption> Captions(int row, CaptionReader reader, List<string> remarks)
    {
        if (_layout.IsLabelled)
        {
            return reader.ReadLabelled(_captions[0].List![row], _captions[1].List![row], _captions[2].List![row], remarks);
        }
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            foreach (var (name, text, list) in _captions)
            {
                json.WritePropertyName(reader.IsConfigured ? name : "captions");
                JsonSerializer.Serialize(json, text is null ? list![row] : (object?)text[row]);
            }
            json.WriteEndObject();
        }
        using var record = JsonDocument.Parse(buffer.WrittenMemory);
        return reader.Read(record.RootElement, null, remarks);
    }

    private static string? NotEmpty(string? text) => text is { Length: > 0 } ? text : null;

    private T Kept<T>(T column)
        where T : ParquetColumnReader
    {
        _columns.Add(column);
        return column;
    }
}
