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

    /// <summary>The cell type of a field, or null where it is none of <see cref="ColumnType"/>'s.</summary>
    public static ColumnType? TypeOf(Field field) => field switch
    {
        ListField { Item: DataField item } => item.ClrType == typeof(float) || item.ClrType == typeof(double) ? ColumnType.FloatVector : null,
        DataField { IsArray: true } => null,
        DataField data when data.ClrType == TextType => ColumnType.Text,
        DataField data when data.ClrType == BytesType => ColumnType.Bytes,
        DataField data when Integers.Contains(data.ClrType) => ColumnType.Int64,
        DataField data when data.ClrType == typeof(float) || data.ClrType == typeof(double) => ColumnType.Float64,
        _ => null,
    };

    /// <summary>All cells of one column of a row group.</summary>
    public static async Task<object?[]> Read(ParquetRowGroupReader group, Field field)
    {
        var rows = checked((int)group.RowCount);
        switch (field)
        {
            case ListField { Item: DataField item } list:
                using (var data = await group.ReadRawColumnDataBaseAsync(item))
                {
                    return Vectors(data, list.IsNullable ? 1 : 0, item, rows);
                }
            case DataField text when text.ClrType == TextType:
                var texts = new string?[rows];
                await group.ReadAsync(text, texts!);
                return texts;
            case DataField bytes when bytes.ClrType == BytesType:
                var arrays = new byte[]?[rows];
                await group.ReadAsync(bytes, arrays!);
                return arrays;
            case DataField number:
                using (var data = await group.ReadRawColumnDataBaseAsync(number))
                {
                    return Numbers(data, number, rows);
                }
            default:
                throw new InvalidOperationException($"Column {field.Name} is of no known type.");
        }
    }

    private static object?[] Numbers(RawColumnData data, DataField field, int rows)
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

    /// <summary>Lists from definition levels: below <paramref name="empty"/> no list, at it an empty one, at the maximum an item.</summary>
    private static object?[] Vectors(RawColumnData data, int empty, DataField item, int rows)
    {
        var floats = data switch
        {
            RawColumnData<float> f => f.Values.ToArray(),
            RawColumnData<double> d => [.. d.Values.ToArray().Select(v => (float)v)],
            _ => throw new InvalidOperationException($"{data.GetType()} holds no floats."),
        };
        var cells = new object?[rows];
        var row = -1;
        var next = 0;
        var items = new List<float>();
        for (var i = 0; i < data.DefinitionLevels.Length; i++)
        {
            var level = data.DefinitionLevels[i];
            if (data.RepetitionLevels[i] == 0)
            {
                Close();
                row++;
                items.Clear();
                cells[row] = level < empty ? null : Array.Empty<float>();
            }
            if (level == item.MaxDefinitionLevel)
            {
                items.Add(floats[next++]);
            }
            else if (level > empty)
            {
                throw new InvalidDataException($"row {row} of column {item.Path} holds a vector with a null in it");
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
        _ => throw new InvalidOperationException($"{data.GetType()} holds no numbers."),
    };
}
