using System.Buffers;
using Parquet;
using Parquet.Schema;

namespace Llm2Clip.Data.Parquet;

/// <summary>The cells of one column that wait for their row group to be written. Its memory is used again for the next group.</summary>
internal abstract class ParquetColumnWriter
{
    private readonly ArrayBufferWriter<int> _definitions = new();

    private protected ParquetColumnWriter(ParquetColumn column, DataField field) => (Column, Field) = (column, field);

    /// <summary>Name and type.</summary>
    public ParquetColumn Column { get; }

    /// <summary>Rows that wait.</summary>
    internal int Rows { get; private set; }

    /// <summary>Bytes that wait.</summary>
    internal abstract long Bytes { get; }

    private protected DataField Field { get; }

    private protected ReadOnlyMemory<int> Definitions => _definitions.WrittenMemory;

    /// <summary>Writes the cells as the next column of a row group, and forgets them.</summary>
    internal void WriteTo(ParquetRowGroupWriter group)
    {
        Write(group).GetAwaiter().GetResult();
        Clear();
        _definitions.ResetWrittenCount();
        Rows = 0;
    }

    private protected abstract Task Write(ParquetRowGroupWriter group);

    private protected abstract void Clear();

    /// <summary>Counts a row whose values have this definition level.</summary>
    private protected void AddRow(int definition, int values = 1)
    {
        Extend(_definitions, values).Fill(definition);
        Rows++;
    }

    private protected static Span<T> Extend<T>(ArrayBufferWriter<T> buffer, int count)
    {
        var span = buffer.GetSpan(Math.Max(count, 1))[..count];
        buffer.Advance(count);
        return span;
    }
}

/// <summary>Texts.</summary>
internal sealed class TextColumnWriter : ParquetColumnWriter
{
    private readonly ArrayBufferWriter<ReadOnlyMemory<char>> _values = new();
    private long _characters;

    internal TextColumnWriter(ParquetColumn column, DataField field)
        : base(column, field)
    {
    }

    internal override long Bytes => _characters;

    /// <summary>The text of the next row, or null.</summary>
    public void Add(string? text)
    {
        AddRow(text is null ? Field.MaxDefinitionLevel - 1 : Field.MaxDefinitionLevel);
        if (text is not null)
        {
            _values.Write([text.AsMemory()]);
            _characters += text.Length;
        }
    }

    private protected override Task Write(ParquetRowGroupWriter group) =>
        group.WriteAllPartsAsync(Field, _values.WrittenMemory, Definitions, null, CancellationToken.None);

    private protected override void Clear()
    {
        _values.Clear();
        _characters = 0;
    }
}

/// <summary>Bytes. They are copied.</summary>
internal sealed class BytesColumnWriter : ParquetColumnWriter
{
    private readonly ArrayBufferWriter<byte> _bytes = new();
    private readonly List<int> _lengths = [];

    internal BytesColumnWriter(ParquetColumn column, DataField field)
        : base(column, field)
    {
    }

    internal override long Bytes => _bytes.WrittenCount;

    /// <summary>The bytes of the next row.</summary>
    public void Add(ReadOnlySpan<byte> bytes)
    {
        AddRow(Field.MaxDefinitionLevel);
        _bytes.Write(bytes);
        _lengths.Add(bytes.Length);
    }

    /// <summary>No bytes in the next row.</summary>
    public void AddNull() => AddRow(Field.MaxDefinitionLevel - 1);

    private protected override Task Write(ParquetRowGroupWriter group)
    {
        var values = new ReadOnlyMemory<byte>[_lengths.Count];
        for (int i = 0, at = 0; i < values.Length; at += _lengths[i++])
        {
            values[i] = _bytes.WrittenMemory.Slice(at, _lengths[i]);
        }
        return group.WriteAllPartsAsync<ReadOnlyMemory<byte>>(Field, values, Definitions, null, CancellationToken.None);
    }

    private protected override void Clear()
    {
        _bytes.ResetWrittenCount();
        _lengths.Clear();
    }
}

/// <summary>Numbers: <see cref="long"/> or <see cref="double"/>.</summary>
internal sealed class NumberColumnWriter<T> : ParquetColumnWriter
    where T : struct
{
    private readonly ArrayBufferWriter<T> _values = new();

    internal NumberColumnWriter(ParquetColumn column, DataField field)
        : base(column, field)
    {
    }

    internal override long Bytes => 8L * _values.WrittenCount;

    /// <summary>The number of the next row, or null.</summary>
    public void Add(T? number)
    {
        AddRow(number is null ? Field.MaxDefinitionLevel - 1 : Field.MaxDefinitionLevel);
        if (number is { } value)
        {
            _values.Write([value]);
        }
    }

    private protected override Task Write(ParquetRowGroupWriter group) =>
        group.WriteAllPartsAsync(Field, _values.WrittenMemory, Definitions, null, CancellationToken.None);

    private protected override void Clear() => _values.ResetWrittenCount();
}
