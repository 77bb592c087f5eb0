using Parquet;
using Parquet.Data;
using Parquet.Schema;

namespace Llm2Clip.Engine.Packages;

/// <summary>Turns the columns of a row group into cells.</summary>
internal static class CellReader
{
    private static readonly Type[] Integers =
        [typeof(long), typeof(ulong), typeof(int), typeof(uint), typeof(short), typeof(ushort), typeof(sbyte), typeof(byte)];

    /// <summary>What Parquet.Net calls the type of a text column and of a column of bytes.</summary>
    private static readonly Type TextType = new DataField<string>("text").ClrType;
    private static readonly Type BytesType = new DataField<byte[]>("bytes").ClrType;

    /// <summary>The columns of a schema by name, members of structs as <c>struct.member</c>, each with its cell type; other fields are left out.</summary>
    public static IReadOnlyList<(ParquetColumn Column, Field Field)> Columns(ParquetSchema schema) =>
    [
        .. schema.Fields
            .SelectMany(field => field is StructField parent
                ? parent.Fields.Select(member => (Name: $"{parent.Name}.{member.Name}", Field: member))
                : [(field.Name, field)])
            .Where(c => TypeOf(c.Field) is not null)
            .Select(c => (new ParquetColumn(c.Name, TypeOf(c.Field)!.Value), c.Field)),
    ];

    /// <summary>All cells of one column of a row group.</summary>
    public static async Task<object?[]> Read(ParquetRowGroupReader group, Field field)
    {
        var rows = checked((int)group.RowCount);
        var item = field is ListField list ? (DataField)list.Item : (DataField)field;
        using var data = await group.ReadRawColumnDataBaseAsync(item);
        if (field is not ListField)
        {
            return Scalars(data, item, rows);
        }
        var empty = field.IsNullable ? 1 : 0;
        return data switch
        {
            RawColumnData<float> v => Lists(v, v.Values.ToArray(), empty, item, rows),
            RawColumnData<double> v => Lists(v, [.. v.Values.ToArray().Select(x => (float)x)], empty, item, rows),
            RawColumnData<ReadOnlyMemory<char>> v => Lists(v, [.. v.Values.ToArray().Select(x => x.ToString())], empty, item, rows, ""),
            _ => throw new InvalidOperationException($"{data.GetType()} holds neither floats nor texts."),
        };
    }

    /// <summary>The cell type of a field, or null where it is none of <see cref="ColumnType"/>'s.</summary>
    private static ColumnType? TypeOf(Field field) => field switch
    {
        ListField { Item: DataField item } when item.ClrType == typeof(float) || item.ClrType == typeof(double) => ColumnType.FloatVector,
        ListField { Item: DataField item } when item.ClrType == TextType => ColumnType.TextList,
        DataField { IsArray: true } => null,
        DataField data when data.ClrType == TextType => ColumnType.Text,
        DataField data when data.ClrType == BytesType => ColumnType.Bytes,
        DataField data when Integers.Contains(data.ClrType) => ColumnType.Int64,
        DataField data when data.ClrType == typeof(float) || data.ClrType == typeof(double) => ColumnType.Float64,
        _ => null,
    };

    private static object?[] Scalars(RawColumnData data, DataField field, int rows)
    {
        var values = Values(data);
        var cells = new object?[rows];
        var next = 0;
        for (var row = 0; row < rows; row++)
        {
            cells[row] = field.MaxDefinitionLevel > 0 && data.DefinitionLevels[row] < field.MaxDefinitionLevel ? null : values[next++];
        }
        return cells;
    }

    /// <summary>
    /// Lists from definition levels: below <paramref name="empty"/> no list, at it an empty one, at the maximum an item, between them a null,
    /// for which <paramref name="absent"/> stands; where that is null too, the column is refused.
    /// </summary>
    private static object?[] Lists<T>(RawColumnData data, T[] values, int empty, DataField item, int rows, T? absent = default)
    {
        var cells = new object?[rows];
        var row = -1;
        var next = 0;
        var items = new List<T>();
        for (var i = 0; i < data.DefinitionLevels.Length; i++)
        {
            var level = data.DefinitionLevels[i];
            if (data.RepetitionLevels[i] == 0)
            {
                Close();
                row++;
                items.Clear();
                cells[row] = level < empty ? null : Array.Empty<T>();
            }
            if (level == item.MaxDefinitionLevel)
            {
                items.Add(values[next++]);
            }
            else if (level > empty)
            {
                items.Add(absent is string ? absent : throw new InvalidDataException($"row {row} of column {item.Path} holds a vector with a null in it"));
            }
        }
        Close();
        return cells;

        void Close()
        {
            if (items.Count > 0)
            {
                cells[row] = items.ToArray();
            }
        }
    }

    private static object[] Values(RawColumnData data) => data switch
    {
        RawColumnData<ReadOnlyMemory<char>> v => [.. v.Values.ToArray().Select(x => x.ToString())],
        RawColumnData<ReadOnlyMemory<byte>> v => [.. v.Values.ToArray().Select(x => x.ToArray())],
        RawColumnData<long> v => [.. v.Values.ToArray().Select(x => (object)x)],
        RawColumnData<ulong> v => [.. v.Values.ToArray().Select(x => (object)checked((long)x))],
        RawColumnData<int> v => [.. v.Values.ToArray().Select(x => (object)(long)x)],
        RawColumnData<uint> v => [.. v.Values.ToArray().Select(x => (object)(long)x)],
        RawColumnData<short> v => [.. v.Values.ToArray().Select(x => (object)(long)x)],
        RawColumnData<ushort> v => [.. v.Values.ToArray().Select(x => (object)(long)x)],
        RawColumnData<sbyte> v => [.. v.Values.ToArray().Select(x => (object)(long)x)],
        RawColumnData<byte> v => [.. v.Values.ToArray().Select(x => (object)(long)x)],
        RawColumnData<double> v => [.. v.Values.ToArray().Select(x => (object)x)],
        RawColumnData<float> v => [.. v.Values.ToArray().Select(x => (object)(double)x)],
        _ => throw new InvalidOperationException($"{data.GetType()} holds no cells."),
    };
}
