using System.Buffers;
using Parquet;
using Parquet.Schema;

namespace Llm2Clip.Data.Parquet;

/// <summary>The cells of one column that wait for their row group to be written. Its memory is used again for the next group.</summary>
public abstract class ParquetColumnWriter
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
public sealed class TextColumnWriter : ParquetColumnWriter
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
public sealed class BytesColumnWriter : ParquetColumnWriter
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
public sealed class NumberColumnWriter<T> : ParquetColumnWriter
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

/// <summary>Lists: a row has a definition level and a repetition level for each item, or one of each where it has none.</summary>
public abstract class ListColumnWriter<T> : ParquetColumnWriter
    where T : struct
{
    private readonly ArrayBufferWriter<T> _values = new();
    private readonly ArrayBufferWriter<int> _repetitions = new();

    /// <summary>The definition level of an empty list; one less is none.</summary>
    private readonly int _empty;

    private protected ListColumnWriter(ParquetColumn column, DataField field)
        : base(column, field) => _empty = field.MaxDefinitionLevel - (field.IsNullable ? 2 : 1);

    private protected int Count => _values.WrittenCount;

    /// <summary>No list in the next row.</summary>
    public void AddNull()
    {
        AddRow(_empty - 1);
        _repetitions.Write([0]);
    }

    /// <summary>Counts a row, and gives the place of its values.</summary>
    private protected Span<T> AddItems(int count)
    {
        AddRow(count == 0 ? _empty : Field.MaxDefinitionLevel, Math.Max(count, 1));
        var repetitions = Extend(_repetitions, Math.Max(count, 1));
        repetitions.Fill(Field.MaxRepetitionLevel);
        repetitions[0] = 0;
        return Extend(_values, count);
    }

    private protected override Task Write(ParquetRowGroupWriter group) =>
        group.WriteAllPartsAsync(Field, _values.WrittenMemory, Definitions, _repetitions.WrittenMemory, CancellationToken.None);

    private protected override void Clear()
    {
        _values.ResetWrittenCount();
        _repetitions.ResetWrittenCount();
    }
}

/// <summary>Lists of 32-bit floats, one vector per row.</summary>
public sealed class VectorColumnWriter : ListColumnWriter<float>
{
    internal VectorColumnWriter(ParquetColumn column, DataField field)
        : base(column, field)
    {
    }

    internal override long Bytes => 4L * Count;

    /// <summary>The vector of the next row. It is copied.</summary>
    public void Add(ReadOnlySpan<float> vector) => vector.CopyTo(AddItems(vector.Length));
}

/// <summary>Lists of texts.</summary>
public sealed class TextListColumnWriter : ListColumnWriter<ReadOnlyMemory<char>>
{
    private long _characters;

    internal TextListColumnWriter(ParquetColumn column, DataField field)
        : base(column, field)
    {
    }

    internal override long Bytes => _characters;

    /// <summary>The texts of the next row.</summary>
    public void Add(IReadOnlyList<string> texts)
    {
        var items = AddItems(texts.Count);
        for (var i = 0; i < items.Length; i++)
        {
            items[i] = texts[i].AsMemory();
            _characters += texts[i].Length;
        }
    }

    private protected override void Clear()
    {
        base.Clear();
        _characters = 0;
    }
}
