using Parquet.Schema;

namespace Llm2Clip.Engine.Packages;

/// <summary>How cells become the columns of a file.</summary>
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

    /// <summary>A buffer for the cells of one column, which is the leaf <paramref name="field"/> of the schema.</summary>
    public static ColumnBuffer Buffer(ParquetColumn column, DataField field) => column.Type switch
    {
        ColumnType.Text => new ScalarBuffer<string, ReadOnlyMemory<char>>(column, field, text => text.AsMemory()),
        ColumnType.Bytes => new ScalarBuffer<byte[], ReadOnlyMemory<byte>>(column, field, bytes => bytes),
        ColumnType.Int64 => new ScalarBuffer<long, long>(column, field, number => number),
        ColumnType.Float64 => new ScalarBuffer<double, double>(column, field, number => number),
        ColumnType.TextList => new ListBuffer<string, ReadOnlyMemory<char>>(column, field, text => text.AsMemory()),
        _ => new ListBuffer<float, float>(column, field, number => number),
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
}
