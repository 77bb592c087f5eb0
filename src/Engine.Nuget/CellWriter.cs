using Parquet;
using Parquet.Schema;

namespace Llm2Clip.Engine.Packages;

/// <summary>Turns cells into the columns of a row group.</summary>
internal static class CellWriter
{
    /// <summary>The field of a column; every column may hold nulls.</summary>
    public static Field Field(ParquetColumn column) => column.Type switch
    {
        ColumnType.Text => new DataField<string>(column.Name),
        ColumnType.Bytes => new DataField<byte[]>(column.Name),
        ColumnType.Int64 => new DataField<long?>(column.Name),
        ColumnType.Float64 => new DataField<double?>(column.Name),
        _ => new ListField(column.Name, new DataField<float>(ListField.ElementName)),
    };

    /// <summary>Writes the cells of one column.</summary>
    public static Task Write(ParquetRowGroupWriter group, ParquetColumn column, Field field, object?[][] rows, int index) => column.Type switch
    {
        ColumnType.Text => group.WriteAsync((DataField)field, Cells<string>(column, rows, index)!),
        ColumnType.Bytes => group.WriteAsync((DataField)field, Cells<byte[]>(column, rows, index)!),
        ColumnType.Int64 => group.WriteAsync<long>((DataField)field, Numbers<long>(column, rows, index)),
        ColumnType.Float64 => group.WriteAsync<double>((DataField)field, Numbers<double>(column, rows, index)),
        _ => WriteVectors(group, (ListField)field, Cells<float[]>(column, rows, index)),
    };

    private static Task WriteVectors(ParquetRowGroupWriter group, ListField list, float[]?[] vectors)
    {
        var item = (DataField)list.Item;
        var values = new List<float>();
        var definitions = new List<int>();
        var repetitions = new List<int>();
        foreach (var vector in vectors)
        {
            if (vector is null or { Length: 0 })
            {
                definitions.Add(vector is null ? 0 : 1);
                repetitions.Add(0);
                continue;
            }
            for (var i = 0; i < vector.Length; i++)
            {
                values.Add(vector[i]);
                definitions.Add(item.MaxDefinitionLevel);
                repetitions.Add(i == 0 ? 0 : item.MaxRepetitionLevel);
            }
        }
        return group.WriteAllPartsAsync<float>(item, values.ToArray(), definitions.ToArray(), repetitions.ToArray(), CancellationToken.None);
    }

    private static T?[] Cells<T>(ParquetColumn column, object?[][] rows, int index)
        where T : class => [.. rows.Select(row => (T?)Checked<T>(column, row[index]))];

    private static T?[] Numbers<T>(ParquetColumn column, object?[][] rows, int index)
        where T : struct => [.. rows.Select(row => (T?)Checked<T>(column, row[index]))];

    private static object? Checked<T>(ParquetColumn column, object? cell) => cell is null or T
        ? cell
        : throw new ArgumentException($"Column {column.Name}: a {cell.GetType().Name} is no cell of type {column.Type}.");
}
