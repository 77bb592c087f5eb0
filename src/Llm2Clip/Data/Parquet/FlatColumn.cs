namespace Llm2Clip.Data.Parquet;

/// <summary>A column of the row group that was read last. Its memory is used again for the next group.</summary>
internal abstract class ParquetColumnReader
{
    private protected ParquetColumnReader(ParquetTable table, TableColumn column) => (Table, Column) = (table, column);

    /// <summary>Rows of the group that was read.</summary>
    public int Rows { get; private set; }

    private protected ParquetTable Table { get; }

    private protected TableColumn Column { get; }

    /// <summary>Reads a row group; only its part of the file is read. Throws <see cref="ParquetException"/> for a damaged one.</summary>
    public void Read(ParquetRowGroup group)
    {
        Rows = 0;
        ReadCells(group);
        Rows = group.Rows;
    }

    /// <summary>Whether the cell of a row of the group is null.</summary>
    public abstract bool IsNull(int row);

    private protected abstract void ReadCells(ParquetRowGroup group);

    private protected void Check(int row) => ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)row, (uint)Rows, nameof(row));

    /// <summary>For what shows only in the cells.</summary>
    private protected ParquetException Damaged(ParquetRowGroup group, int row, string what) =>
        new($"{Table.Path} cannot be read as Parquet: row {group.FirstRow + row}, column {Column.Column.Name}: {what}");
}

/// <summary>A column of one value or null per row.</summary>
internal abstract class FlatColumn<T> : ParquetColumnReader
    where T : struct
{
    private readonly ColumnCells<T> _cells;

    /// <summary>Place of each row's value, -1 for a null; empty where no row is null.</summary>
    private int[] _places = [];
    private bool _hasNulls;

    private protected FlatColumn(ParquetTable table, TableColumn column)
        : base(table, column) => _cells = new ColumnCells<T>(column.Field);

    public override bool IsNull(int row)
    {
        Check(row);
        return _hasNulls && _places[row] < 0;
    }

    private protected ReadOnlySpan<T> Values => _cells.Values;

    /// <summary>The value of a row that is not null.</summary>
    private protected T Value(int row) => _cells.Values[_hasNulls ? _places[row] : row];

    private protected override void ReadCells(ParquetRowGroup group)
    {
        Table.Read(group, Column, _cells);
        _hasNulls = _cells.Present < group.Rows;
        if (!_hasNulls)
        {
            return;
        }
        if (_places.Length < group.Rows)
        {
            _places = new int[group.Rows];
        }
        var definitions = _cells.Definitions;
        for (int row = 0, place = 0; row < definitions.Length; row++)
        {
            _places[row] = definitions[row] == Column.Field.MaxDefinitionLevel ? place++ : -1;
        }
    }
}
