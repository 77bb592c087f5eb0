namespace Llm2Clip.Data.Parquet;

/// <summary>Lists of texts.</summary>
internal sealed class TextListColumn : ListColumn<ReadOnlyMemory<char>>
{
    /// <summary>Characters of one list: a dictionary lets few bytes stand for any number of long texts.</summary>
    private const int MostCharacters = 16 << 20;

    internal TextListColumn(ParquetTable table, TableColumn column)
        : base(table, column)
    {
    }

    /// <summary>
    /// The texts of a row of the group, or null; a null among them is an empty text. Throws <see cref="ParquetException"/> where they
    /// have more than 16 million characters.
    /// </summary>
    public string[]? this[int row]
    {
        get
        {
            if (IsNull(row))
            {
                return null;
            }
            if (!HasItems(row))
            {
                return [];
            }
            var (begin, end) = Places(row);
            var values = AllValues[begin..end];
            var characters = 0L;
            foreach (var value in values)
            {
                characters += value.Length;
            }
            if (characters > MostCharacters)
            {
                throw new ParquetException(
                    $"{Table.Path}: a list of column {Column.Column.Name} holds {characters:N0} characters; "
                    + $"at most {MostCharacters:N0} are read.");
            }
            var levels = Levels(row);
            var texts = new string[levels.Length];
            for (int i = 0, value = 0; i < texts.Length; i++)
            {
                texts[i] = levels[i] == Column.Field.MaxDefinitionLevel ? new string(values[value++].Span) : "";
            }
            return texts;
        }
    }
}

/// <summary>Lists of 32-bit floats, one vector per row.</summary>
internal abstract class VectorColumn : ParquetColumnReader
{
    private protected VectorColumn(ParquetTable table, TableColumn column)
        : base(table, column)
    {
    }

    /// <summary>The vector of a row of the group; empty for a null. It lies in memory that the next group is read into.</summary>
    public ReadOnlySpan<float> this[int row] => Slice(row, 1);

    /// <summary>The vectors of rows that follow each other, one behind the other.</summary>
    public abstract ReadOnlySpan<float> Slice(int row, int count);

    internal static VectorColumn Of(ParquetTable table, TableColumn column) =>
        column.Field.ClrType == typeof(float) ? new Single(table, column) : new Double(table, column);

    private sealed class Single(ParquetTable table, TableColumn column) : VectorColumn(table, column)
    {
        private readonly Lists<float> _lists = new(table, column);

        public override bool IsNull(int row) => _lists.IsNull(row);

        public override ReadOnlySpan<float> Slice(int row, int count) => _lists.Slice(row, count, _lists.All);

        private protected override void ReadCells(ParquetRowGroup group) => _lists.Read(group);
    }

    /// <summary>64-bit floats, rounded.</summary>
    private sealed class Double(ParquetTable table, TableColumn column) : VectorColumn(table, column)
    {
        private readonly Lists<double> _lists = new(table, column);
        private float[] _rounded = [];

        public override bool IsNull(int row) => _lists.IsNull(row);

        public override ReadOnlySpan<float> Slice(int row, int count) => _lists.Slice<float>(row, count, _rounded);

        private protected override void ReadCells(ParquetRowGroup group)
        {
            _lists.Read(group);
            var values = _lists.All;
            if (_rounded.Length < values.Length)
            {
                _rounded = new float[values.Length];
            }
            for (var i = 0; i < values.Length; i++)
            {
                _rounded[i] = (float)values[i];
            }
        }
    }

    /// <summary>Lists without nulls in them.</summary>
    private sealed class Lists<T>(ParquetTable table, TableColumn column) : ListColumn<T>(table, column)
        where T : struct
    {
        public ReadOnlySpan<T> All => AllValues;

        public ReadOnlySpan<TValue> Slice<TValue>(int row, int count, ReadOnlySpan<TValue> values)
        {
            Check(row);
            Check(row + count - 1);
            return values[Places(row).Begin..Places(row + count - 1).End];
        }

        private protected override void ReadCells(ParquetRowGroup group)
        {
            base.ReadCells(group);
            for (var row = 0; row < group.Rows; row++)
            {
                var (begin, end) = Places(row);
                if (Levels(row).Length != end - begin && HasItems(row))
                {
                    throw Damaged(group, row, "a vector holds a null");
                }
            }
        }
    }
}
