using Parquet;
using Parquet.Schema;

namespace Llm2Clip.Engine.Packages;

/// <summary>Turns cells into the columns of a row group.</summary>
internal static class CellWriter
{
    /// <summary>The schema of the columns; every column may hold nulls. Columns named <c>struct.member</c> become one struct, where its first one stands.</summary>
    public static ParquetSchema Schema(IReadOnlyList<ParquetColumn> columns) => new(columns
        .GroupBy(column => StructOf(column.Name) ?? column.Name, StringComparer.Ordinal)
        .Select(group => StructOf(group.First().Name) is null
            ? Field(group.Key, group.First().Type)
            : new StructField(group.Key, [.. group.Select(c => Field(c.Name[(group.Key.Length + 1)..], c.Type))])));

    /// <summary>The columns in the order of the schema's leaves, in which a row group is written, with their places among the cells.</summary>
    public static IEnumerable<(ParquetColumn Column, int Index)> InOrder(IReadOnlyList<ParquetColumn> columns) =>
        columns.Select((column, index) => (Column: column, Index: index)).GroupBy(c => StructOf(c.Column.Name) ?? c.Column.Name, StringComparer.Ordinal).SelectMany(group => group);

    /// <summary>Writes the cells of one column.</summary>
    public static Task Write(ParquetRowGroupWriter group, ParquetColumn column, DataField field, object?[][] rows, int index) => column.Type switch
    {
        ColumnType.Text => WriteCells(group, field, Cells<string>(column, rows, index), text => text.AsMemory()),
        ColumnType.Bytes => WriteCells(group, field, Cells<byte[]>(column, rows, index), bytes => (ReadOnlyMemory<byte>)bytes),
        ColumnType.Int64 => group.WriteAsync<long>(field, Numbers<long>(column, rows, index)),
        ColumnType.Float64 => group.WriteAsync<double>(field, Numbers<double>(column, rows, index)),
        ColumnType.TextList => WriteLists(group, field, Cells<string[]>(column, rows, index), text => text.AsMemory()),
        _ => WriteLists(group, field, Cells<float[]>(column, rows, index), value => value),
    };

    private static string? StructOf(string name) => name.IndexOf('.', StringComparison.Ordinal) is > 0 and var dot ? name[..dot] : null;

    private static Field Field(string name, ColumnType type) => type switch
    {
        ColumnType.Text => new DataField<string>(name),
        ColumnType.Bytes => new DataField<byte[]>(name),
        ColumnType.Int64 => new DataField<long?>(name),
        ColumnType.Float64 => new DataField<double?>(name),
        ColumnType.TextList => new ListField(name, new DataField<string>(ListField.ElementName)),
        _ => new ListField(name, new DataField<float>(ListField.ElementName)),
    };

    private static Task WriteCells<TCell, T>(ParquetRowGroupWriter group, DataField field, TCell?[] cells, Func<TCell, T> stored)
        where TCell : class
        where T : struct
    {
        T[] values = [.. cells.Where(cell => cell is not null).Select(cell => stored(cell!))];
        int[] definitions = [.. cells.Select(cell => cell is null ? field.MaxDefinitionLevel - 1 : field.MaxDefinitionLevel)];
        return group.WriteAllPartsAsync<T>(field, values, definitions, null, CancellationToken.None);
    }

    private static Task WriteLists<TItem, T>(ParquetRowGroupWriter group, DataField item, TItem[]?[] lists, Func<TItem, T> stored)
        where T : struct
    {
        // Exact arrays: a row group of vectors is tens of megabytes, which growing lists would hold several times.
        var values = new T[lists.Sum(list => list?.Length ?? 0)];
        var levels = values.Length + lists.Count(list => list is null or { Length: 0 });
        var (definitions, repetitions) = (new int[levels], new int[levels]);
        var (value, level) = (0, 0);
        foreach (var list in lists)
        {
            if (list is null or { Length: 0 })
            {
                definitions[level++] = list is null ? 0 : 1;
                continue;
            }
            for (var i = 0; i < list.Length; i++)
            {
                values[value++] = stored(list[i]);
                definitions[level] = item.MaxDefinitionLevel;
                repetitions[level++] = i == 0 ? 0 : item.MaxRepetitionLevel;
            }
        }
        return group.WriteAllPartsAsync<T>(item, values, definitions, repetitions, CancellationToken.None);
    }

    private static T?[] Cells<T>(ParquetColumn column, object?[][] rows, int index)
        where T : class => [.. rows.Select(row => (T?)Checked<T>(column, row[index]))];

    private static T?[] Numbers<T>(ParquetColumn column, object?[][] rows, int index)
        where T : struct => [.. rows.Select(row => (T?)Checked<T>(column, row[index]))];

    private static object? Checked<T>(ParquetColumn column, object? cell) => cell is null or T
        ? cell
        : throw new ArgumentException($"Column {column.Name}: a {cell.GetType().Name} is no cell of type {column.Type}.");
}
