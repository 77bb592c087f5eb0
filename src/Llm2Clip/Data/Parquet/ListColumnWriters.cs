using System.Buffers;
using Parquet;
using Parquet.Schema;

namespace Llm2Clip.Data.Parquet;

/// <summary>Lists: a row has a definition level and a repetition level for each item, or one of each where it has none.</summary>
internal abstract class ListColumnWriter<T> : ParquetColumnWriter
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
internal sealed class VectorColumnWriter : ListColumnWriter<float>
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
internal sealed class TextListColumnWriter : ListColumnWriter<ReadOnlyMemory<char>>
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
