using System.Globalization;
using System.Numerics;

namespace Llm2Clip.Data.Parquet;

/// <summary>Texts. A text is made when it is asked for; bytes that are no UTF-8 become U+FFFD.</summary>
internal sealed class TextColumn : FlatColumn<ReadOnlyMemory<char>>
{
    internal TextColumn(ParquetTable table, TableColumn column)
        : base(table, column)
    {
    }

    /// <summary>The text of a row of the group, or null.</summary>
    public string? this[int row] => IsNull(row) ? null : new string(Value(row).Span);
}

/// <summary>Bytes, such as encoded images.</summary>
internal sealed class BytesColumn : FlatColumn<ReadOnlyMemory<byte>>
{
    internal BytesColumn(ParquetTable table, TableColumn column)
        : base(table, column)
    {
    }

    /// <summary>
    /// The bytes of a row of the group, or null. They belong to the caller: the next group does not touch them, but rows of equal bytes
    /// may share them.
    /// </summary>
    public ReadOnlyMemory<byte>? this[int row] => IsNull(row) ? default(ReadOnlyMemory<byte>?) : Value(row);
}

/// <summary>Whole numbers.</summary>
internal abstract class IntegerColumn : ParquetColumnReader
{
    private protected IntegerColumn(ParquetTable table, TableColumn column)
        : base(table, column)
    {
    }

    /// <summary>The number of a row of the group, or null.</summary>
    public abstract long? this[int row] { get; }

    internal static IntegerColumn Of(ParquetTable table, TableColumn column) => Type.GetTypeCode(column.Field.ClrType) switch
    {
        TypeCode.Int64 => new Sized<long>(table, column),
        TypeCode.UInt64 => new Sized<ulong>(table, column),
        TypeCode.Int32 => new Sized<int>(table, column),
        _ => new Sized<uint>(table, column),
    };

    private sealed class Sized<T>(ParquetTable table, TableColumn column) : IntegerColumn(table, column)
        where T : struct, IBinaryInteger<T>
    {
        private readonly Inner _inner = new(table, column);

        public override long? this[int row] => _inner[row];

        public override bool IsNull(int row) => _inner.IsNull(row);

        private protected override void ReadCells(ParquetRowGroup group)
        {
            _inner.Read(group);
            if (_inner.Beyond() is { } number)
            {
                throw new ParquetException($"{Table.Path}: column {Column.Column.Name} holds {number}, which is beyond 2^63.");
            }
        }

        private sealed class Inner(ParquetTable table, TableColumn column) : FlatColumn<T>(table, column)
        {
            public long? this[int row] => IsNull(row) ? null : long.CreateTruncating(Value(row));

            public string? Beyond()
            {
                foreach (var value in typeof(T) == typeof(ulong) ? Values : [])
                {
                    if (ulong.CreateTruncating(value) > long.MaxValue)
                    {
                        return value.ToString(null, CultureInfo.InvariantCulture);
                    }
                }
                return null;
            }
        }
    }
}

/// <summary>Floating-point numbers.</summary>
internal abstract class NumberColumn : ParquetColumnReader
{
    private protected NumberColumn(ParquetTable table, TableColumn column)
        : base(table, column)
    {
    }

    /// <summary>The number of a row of the group, or null.</summary>
    public abstract double? this[int row] { get; }

    internal static NumberColumn Of(ParquetTable table, TableColumn column) =>
        column.Field.ClrType == typeof(float) ? new Sized<float>(table, column) : new Sized<double>(table, column);

    private sealed class Sized<T>(ParquetTable table, TableColumn column) : NumberColumn(table, column)
        where T : struct, IFloatingPoint<T>
    {
        private readonly Inner _inner = new(table, column);

        public override double? this[int row] => _inner[row];

        public override bool IsNull(int row) => _inner.IsNull(row);

        private protected override void ReadCells(ParquetRowGroup group) => _inner.Read(group);

        private sealed class Inner(ParquetTable table, TableColumn column) : FlatColumn<T>(table, column)
        {
            public double? this[int row] => IsNull(row) ? null : double.CreateTruncating(Value(row));
        }
    }
}
