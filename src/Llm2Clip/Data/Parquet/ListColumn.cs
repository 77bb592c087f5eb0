namespace Llm2Clip.Data.Parquet;

/// <summary>A column of one list or null per row.</summary>
internal abstract class ListColumn<T> : ParquetColumnReader
    where T : struct
{
    private readonly ColumnCells<T> _cells;

    /// <summary>
    /// The definition level of an empty list; below it there is no list, above it are items, of which those below the highest are null.
    /// </summary>
    private readonly int _empty;

    /// <summary>Where the levels and the values of each row begin, and where those of the last one end.</summary>
    private int[] _levelStarts = [];
    private int[] _valueStarts = [];

    private protected ListColumn(ParquetTable table, TableColumn column)
        : base(table, column)
    {
        _cells = new ColumnCells<T>(column.Field);
        _empty = column.EmptyList;
    }

    public override bool IsNull(int row)
    {
        Check(row);
        return Levels(row) is [var level] && level < _empty;
    }

    /// <summary>Whether a row has items; false for null and empty lists.</summary>
    private protected bool HasItems(int row) => Levels(row)[0] > _empty;

    /// <summary>The definition levels of a row, of which it has one at least.</summary>
    private protected ReadOnlySpan<int> Levels(int row) => _cells.Definitions[_levelStarts[row].._levelStarts[row + 1]];

    /// <summary>All values of the group that are not null.</summary>
    private protected ReadOnlySpan<T> AllValues => _cells.Values;

    private protected (int Begin, int End) Places(int row) => (_valueStarts[row], _valueStarts[row + 1]);

    private protected override void ReadCells(ParquetRowGroup group)
    {
        Table.Read(group, Column, _cells);
        if (_levelStarts.Length <= group.Rows)
        {
            (_levelStarts, _valueStarts) = (new int[group.Rows + 1], new int[group.Rows + 1]);
        }
        var repetitions = _cells.Repetitions;
        var definitions = _cells.Definitions;
        var (level, value) = (0, 0);
        for (var row = 0; row < group.Rows; row++)
        {
            (_levelStarts[row], _valueStarts[row]) = (level, value);
            if (level == repetitions.Length || repetitions[level] != 0)
            {
                throw Damaged(group, row, "its lists are fewer than the rows");
            }
            var length = repetitions[(level + 1)..].IndexOf(0) is >= 0 and var next ? next + 1 : repetitions.Length - level;
            value += definitions.Slice(level, length).Count(Column.Field.MaxDefinitionLevel);
            level += length;
        }
        (_levelStarts[group.Rows], _valueStarts[group.Rows]) = (level, value);
        if (level < repetitions.Length)
        {
            throw Damaged(group, group.Rows - 1, "its lists are more than the rows");
        }
    }
}
