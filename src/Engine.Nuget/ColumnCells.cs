using Parquet.Data;

namespace Llm2Clip.Engine.Packages;

/// <summary>The cells of one column of a row group, drawn in the order of its rows, so that they need not all stand in memory beside what Parquet.Net read.</summary>
internal abstract class ColumnCells(RawColumnData data) : IDisposable
{
    /// <summary>The cell of the next row.</summary>
    public abstract object? Next();

    public void Dispose() => data.Dispose();
}

/// <summary>Cells of one value each. A definition level below <paramref name="present"/> is a null; where that is 0, every row has a value.</summary>
internal sealed class ScalarCells<T>(RawColumnData<T> data, int present, Func<T, object> cell) : ColumnCells(data)
    where T : struct
{
    private int row;
    private int value;

    public override object? Next() => present > 0 && data.DefinitionLevels[row++] < present ? null : cell(data.Values[value++]);
}

/// <summary>What the definition levels of a list say: below <paramref name="Empty"/> no list, at it an empty one, at <paramref name="Item"/> an item, between them a null.</summary>
internal readonly record struct ListLevels(int Empty, int Item);

/// <summary>Cells that are lists; <paramref name="absent"/> gives what stands for a null among the items of a row, or throws.</summary>
internal sealed class ListCells<T, TItem>(RawColumnData<T> data, ListLevels levels, Func<T, TItem> item, Func<int, TItem> absent) : ColumnCells(data)
    where T : struct
{
    private int row = -1;
    private int level;
    private int value;

    public override object? Next()
    {
        row++;
        var begin = level++;
        var repetitions = data.RepetitionLevels;
        while (level < repetitions.Length && repetitions[level] != 0)
        {
            level++;
        }
        var definitions = data.DefinitionLevels[begin..level];
        if (definitions.Length == 1 && definitions[0] <= levels.Empty)
        {
            return definitions[0] < levels.Empty ? null : Array.Empty<TItem>();
        }
        var values = data.Values;
        var items = new TItem[definitions.Length];
        for (var i = 0; i < items.Length; i++)
        {
            items[i] = definitions[i] == levels.Item ? item(values[value++]) : absent(row);
        }
        return items;
    }
}
