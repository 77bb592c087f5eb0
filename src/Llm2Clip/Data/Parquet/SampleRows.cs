using System.Globalization;
using System.Text;

namespace Llm2Clip.Data.Parquet;

/// <summary>What the rows of a row group say besides their images. A column is read when it is first asked for.</summary>
internal sealed class SampleRows
{
    private static readonly UTF8Encoding Strict = new(false, true);

    private readonly ParquetLayout _layout;
    private readonly List<Column> _columns = [];
    private readonly List<(string Name, Func<int, string?[]?> Texts)> _captions;
    private readonly Func<int, string?> _key;
    private readonly Func<int, string?> _path;
    private ParquetRowGroup? _group;

    public SampleRows(ParquetTable table, ParquetLayout layout)
    {
        _layout = layout;
        _captions = [.. layout.Captions.Select(caption => (caption.Name, Texts(table, caption.Column)))];
        _key = layout.Key is not { } key ? _ => null
            : table.Columns.First(column => column.Name == key).Type == ColumnType.Text
                ? Cell(table.Texts(key), (column, row) => column[row])
                : Cell(table.Integers(key), (column, row) => column[row]?.ToString(CultureInfo.InvariantCulture));
        _path = layout.Path is { } path ? Cell(table.Texts(path), (column, row) => column[row]) : _ => null;
    }

    /// <summary>Goes to a group.</summary>
    public void Read(ParquetRowGroup group)
    {
        _group = group;
        _columns.ForEach(column => column.IsRead = false);
    }

    /// <summary>What names the sample of a row; null where it has no name.</summary>
    public string? Key(int row) => NotEmpty(_key(row));

    /// <summary>The name of a row's image; null where it has none.</summary>
    public string? Path(int row) => NotEmpty(_path(row));

    /// <summary>Adds the captions of a row. Throws <see cref="BadRecordException"/> where they cannot be used.</summary>
    public void AddCaptions(int row, CaptionReader reader, List<Caption> into, List<string> remarks)
    {
        if (_layout.IsLabeled)
        {
            var cells = _captions.ConvertAll(column => column.Texts(row)?.Select(text => text ?? "").ToArray());
            into.AddRange(reader.ReadLabeled(cells[0], cells[1], cells[2], remarks));
            return;
        }
        reader.AddColumns(_captions.Select(column => (column.Name, (IReadOnlyList<string?>?)column.Texts(row))), into, remarks);
    }

    private Func<int, string?[]?> Texts(ParquetTable table, ParquetColumn column) => column.Type switch
    {
        ColumnType.Text => Cell(table.Texts(column.Name), (texts, row) => texts[row] is { } text ? new string?[] { text } : null),
        ColumnType.Int64 => Cell(
            table.Integers(column.Name),
            (numbers, row) => numbers[row] is { } number ? new string?[] { number.ToString(CultureInfo.InvariantCulture) } : null),
        ColumnType.Bytes => Cell(
            table.Bytes(column.Name), (bytes, row) => bytes[row] is { } text ? new[] { Text(text, column.Name) } : null),
        _ => Cell(table.TextLists(column.Name), (lists, row) => (string?[]?)lists[row]),
    };

    /// <summary>Old writers leave out the note that bytes are a text.</summary>
    private static string? Text(ReadOnlyMemory<byte> bytes, string column)
    {
        try
        {
            return Strict.GetString(bytes.Span);
        }
        catch (DecoderFallbackException)
        {
            throw new BadRecordException($"its `{column}` holds bytes that are not UTF-8 text");
        }
    }

    private static string? NotEmpty(string? text) => text is { Length: > 0 } ? text : null;

    private Func<int, TValue> Cell<TColumn, TValue>(TColumn reader, Func<TColumn, int, TValue> cell)
        where TColumn : ParquetColumnReader
    {
        var column = new Column();
        _columns.Add(column);
        return row =>
        {
            if (!column.IsRead)
            {
                reader.Read(_group!);
                column.IsRead = true;
            }
            return cell(reader, row);
        };
    }

    private sealed class Column
    {
        public bool IsRead { get; set; }
    }
}
