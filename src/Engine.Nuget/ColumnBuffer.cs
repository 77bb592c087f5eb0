using System.Buffers;
using Parquet;
using Parquet.Schema;

namespace Llm2Clip.Engine.Packages;

/// <summary>
/// The cells of one column of a row group that is being drawn, in the form that Parquet.Net takes. One buffer serves all row groups of a file: the
/// vectors of a group are tens of megabytes, which arrays of its own for each group would hold several times.
/// </summary>
internal abstract class ColumnBuffer(ParquetColumn column)
{
    /// <summary>Adds the cell of the next row. Throws <see cref="ArgumentException"/> where it is not of the column's type.</summary>
    public abstract void Add(object? cell);

    /// <summary>Writes the cells as the next column of a row group, and forgets them.</summary>
    public abstract Task WriteTo(ParquetRowGroupWriter group);

    protected T Checked<T>(object cell) => cell is T value ? value : throw new ArgumentException($"Column {column.Name}: a {cell.GetType().Name} is no cell of type {column.Type}.");
}

/// <summary>Cells of one value each, or null.</summary>
internal sealed class ScalarBuffer<TCell, T>(ParquetColumn column, DataField field, Func<TCell, T> stored) : ColumnBuffer(column)
    where T : struct
{
    private readonly ArrayBufferWriter<T> values = new();
    private readonly ArrayBufferWriter<int> definitions = new();

    public override void Add(object? cell)
    {
        definitions.Write([cell is null ? field.MaxDefinitionLevel - 1 : field.MaxDefinitionLevel]);
        if (cell is not null)
        {
            values.Write([stored(Checked<TCell>(cell))]);
        }
    }

    public override async Task WriteTo(ParquetRowGroupWriter group)
    {
        await group.WriteAllPartsAsync(field, values.WrittenMemory, definitions.WrittenMemory, null, CancellationToken.None);
        values.Clear();
        definitions.Clear();
    }
}

/// <summary>Cells that are lists, or null.</summary>
internal sealed class ListBuffer<TItem, T>(ParquetColumn column, DataField item, Func<TItem, T> stored) : ColumnBuffer(column)
    where T : struct
{
    private readonly ArrayBufferWriter<T> values = new();
    private readonly ArrayBufferWriter<int> definitions = new();
    private readonly ArrayBufferWriter<int> repetitions = new();

    public override void Add(object? cell)
    {
        TItem[] items = cell is null ? [] : Checked<TItem[]>(cell);
        var levels = Math.Max(items.Length, 1);
        Extend(definitions, levels).Fill(cell is null ? 0 : items.Length == 0 ? 1 : item.MaxDefinitionLevel);
        var repeated = Extend(repetitions, levels);
        repeated.Fill(item.MaxRepetitionLevel);
        repeated[0] = 0;
        var added = Extend(values, items.Length);
        for (var i = 0; i < items.Length; i++)
        {
            added[i] = stored(items[i]);
        }
    }

    public override async Task WriteTo(ParquetRowGroupWriter group)
    {
        await group.WriteAllPartsAsync(item, values.WrittenMemory, definitions.WrittenMemory, repetitions.WrittenMemory, CancellationToken.None);
        values.Clear();
        definitions.Clear();
        repetitions.Clear();
    }

    private static Span<TAny> Extend<TAny>(ArrayBufferWriter<TAny> buffer, int count)
    {
        var span = buffer.GetSpan(count)[..count];
        buffer.Advance(count);
        return span;
    }
}
