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

    /// <summary>Reads one column of a row group, whose cells are then drawn row by row.</summary>
    public static async Task<ColumnCells> Open(ParquetRowGroupReader group, Field field)
    {
        var item = field is ListField list ? (DataField)list.Item : (DataField)field;
        var data = await group.ReadRawColumnDataBaseAsync(item);
        return field is ListField ? Lists(data, item, field.IsNullable ? 1 : 0) : Scalars(data, item.MaxDefinitionLevel);
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

    private static ColumnCells Lists(RawColumnData data, DataField item, int empty)
    {
        var levels = new ListLevels(empty, item.MaxDefinitionLevel);
        return data switch
        {
            RawColumnData<float> v => new ListCells<float, float>(v, levels, x => x, NoNull<float>),
            RawColumnData<double> v => new ListCells<double, float>(v, levels, x => (float)x, NoNull<float>),
            RawColumnData<ReadOnlyMemory<char>> v => new ListCells<ReadOnlyMemory<char>, string>(v, levels, x => x.ToString(), _ => ""),
            _ => throw new InvalidOperationException($"{data.GetType()} holds neither floats nor texts."),
        };

        T NoNull<T>(int row) => throw new InvalidDataException($"row {row} of column {item.Path} holds a vector with a null in it");
    }

    private static ColumnCells Scalars(RawColumnData data, int present) => data switch
    {
        RawColumnData<ReadOnlyMemory<char>> v => Scalars(v, present, x => x.ToString()),
        RawColumnData<ReadOnlyMemory<byte>> v => Scalars(v, present, x => x.ToArray()),
        RawColumnData<long> v => Scalars(v, present, x => x),
        RawColumnData<ulong> v => Scalars(v, present, x => checked((long)x)),
        RawColumnData<int> v => Scalars(v, present, x => (long)x),
        RawColumnData<uint> v => Scalars(v, present, x => (long)x),
        RawColumnData<short> v => Scalars(v, present, x => (long)x),
        RawColumnData<ushort> v => Scalars(v, present, x => (long)x),
        RawColumnData<sbyte> v => Scalars(v, present, x => (long)x),
        RawColumnData<byte> v => Scalars(v, present, x => (long)x),
        RawColumnData<double> v => Scalars(v, present, x => x),
        RawColumnData<float> v => Scalars(v, present, x => (double)x),
        _ => throw new InvalidOperationException($"{data.GetType()} holds no cells."),
    };

    private static ScalarCells<T> Scalars<T>(RawColumnData<T> data, int present, Func<T, object> cell)
        where T : struct => new(data, present, cell);
}
