using Llm2Clip.Data.Parquet;

namespace Llm2Clip.Tests.Data.Parquet;

/// <summary>Tables as rows of cells, for tests: a cell is string, long, double, byte[], float[], string[] or null.</summary>
internal static class ParquetRows
{
    public static void Write(
        string path, IReadOnlyList<ParquetColumn> columns, IEnumerable<object?[]> rows, ParquetWriteOptions? options = null)
    {
        using var table = new ParquetTableWriter(path, columns, options);
        var writers = columns.Select(column => Writer(table, column)).ToArray();
        foreach (var row in rows)
        {
            Assert.Equal(columns.Count, row.Length);
            for (var i = 0; i < row.Length; i++)
            {
                writers[i](row[i]);
            }
            table.EndRow();
        }
        table.Complete();
    }

    /// <summary>The rows of the columns named: all, or those of one group.</summary>
    public static IEnumerable<object?[]> Read(string path, IReadOnlyList<string> columns, ParquetRowGroup? only = null)
    {
        using var table = ParquetTable.Open(path);
        var readers = columns.Select(name => Reader(
            table, table.Columns.FirstOrDefault(column => column.Name == name) ?? new ParquetColumn(name, ColumnType.Text))).ToArray();
        foreach (var group in only is null ? table.RowGroups : [only])
        {
            foreach (var (column, _) in readers)
            {
                column.Read(group);
                Assert.Equal(group.Rows, column.Rows);
            }
            for (var row = 0; row < group.Rows; row++)
            {
                yield return [.. readers.Select(reader => reader.Cell(row))];
            }
        }
    }

    private static Action<object?> Writer(ParquetTableWriter table, ParquetColumn column)
    {
        switch (column.Type)
        {
            case ColumnType.Text:
                var texts = table.Texts(column.Name);
                return cell => texts.Add((string?)cell);
            case ColumnType.Int64:
                var integers = table.Integers(column.Name);
                return cell => integers.Add((long?)cell);
            case ColumnType.Float64:
                var numbers = table.Numbers(column.Name);
                return cell => numbers.Add((double?)cell);
            case ColumnType.Bytes:
                var bytes = table.Bytes(column.Name);
                return cell => Add(cell, bytes.AddNull, () => bytes.Add((byte[])cell!));
            case ColumnType.FloatVector:
                var vectors = table.Vectors(column.Name);
                return cell => Add(cell, vectors.AddNull, () => vectors.Add((float[])cell!));
            default:
                var lists = table.TextLists(column.Name);
                return cell => Add(cell, lists.AddNull, () => lists.Add((string[])cell!));
        }
    }

    private static void Add(object? cell, Action none, Action some) => (cell is null ? none : some)();

    private static (ParquetColumnReader Column, Func<int, object?> Cell) Reader(ParquetTable table, ParquetColumn column)
    {
        switch (column.Type)
        {
            case ColumnType.Text:
                var texts = table.Texts(column.Name);
                return (texts, row => texts[row]);
            case ColumnType.Int64:
                var integers = table.Integers(column.Name);
                return (integers, row => integers[row]);
            case ColumnType.Float64:
                var numbers = table.Numbers(column.Name);
                return (numbers, row => numbers[row]);
            case ColumnType.Bytes:
                var bytes = table.Bytes(column.Name);
                return (bytes, row => bytes[row]?.ToArray());
            case ColumnType.FloatVector:
                var vectors = table.Vectors(column.Name);
                return (vectors, row => vectors.IsNull(row) ? null : vectors[row].ToArray());
            default:
                var lists = table.TextLists(column.Name);
                return (lists, row => lists[row]);
        }
    }
}
