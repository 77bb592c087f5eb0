using System.Runtime.CompilerServices;
using Llm2Clip.Data.Parquet.Pages;
using Parquet.Schema;

namespace Llm2Clip.Data.Parquet;

/// <summary>Reads values and levels into the memory given.</summary>
internal delegate void ReadLevels<T>(Memory<T> values, Memory<int>? definitions, Memory<int>? repetitions)
    where T : struct;

/// <summary>
/// One column of the row group that was read last, as Parquet stores it: values without the nulls, and for every value, null or empty
/// list a definition level (the field's highest = a value) and a repetition level (0 = a row begins). The memory is used again for the
/// next group.
/// </summary>
internal sealed class ColumnCells<T>(DataField column)
    where T : struct
{
    private T[] _values = [];
    private int[] _definitions = [];
    private int[] _repetitions = [];
    private int _levels;

    /// <summary>The values that are no nulls.</summary>
    public ReadOnlySpan<T> Values => _values.AsSpan(0, Present);

    /// <summary>How many these are.</summary>
    public int Present { get; private set; }

    /// <summary>Empty where no value can be null.</summary>
    public ReadOnlySpan<int> Definitions => _definitions.AsSpan(0, column.MaxDefinitionLevel > 0 ? _levels : 0);

    /// <summary>Empty where each row has one value.</summary>
    public ReadOnlySpan<int> Repetitions => _repetitions.AsSpan(0, column.MaxRepetitionLevel > 0 ? _levels : 0);

    /// <summary>Throws <see cref="InvalidDataException"/> where the levels contradict what the pages hold.</summary>
    public void Read(ColumnPlace place, IReadOnlyList<PageContent> pages, ReadLevels<T> read)
    {
        (_levels, Present) = ((int)place.Values, 0);
        Grow(ref _values, _levels);
        if (RuntimeHelpers.IsReferenceOrContainsReferences<T>())
        {
            Array.Clear(_values); // lets go of the group before
        }
        Grow(ref _definitions, place.Definitions > 0 ? _levels : 0);
        Grow(ref _repetitions, place.Repetitions > 0 ? _levels : 0);
        if (_levels > 0)
        {
            read(_values.AsMemory(0, _levels), Memory(_definitions, place.Definitions), Memory(_repetitions, place.Repetitions));
        }
        if (Definitions.IndexOfAnyExceptInRange(0, place.Definitions) >= 0
            || Repetitions.IndexOfAnyExceptInRange(0, place.Repetitions) >= 0)
        {
            throw new InvalidDataException("its levels are beyond those that the schema allows");
        }
        var at = 0;
        foreach (var page in pages)
        {
            var present = place.Definitions > 0 ? Definitions.Slice(at, page.Levels).Count(place.Definitions) : page.Levels;
            page.Check(present);
            at += page.Levels;
            Present += present;
        }
        if (at != _levels)
        {
            throw new InvalidDataException($"its pages hold {at:N0} values where {_levels:N0} are stated");
        }
    }

    private Memory<int>? Memory(int[] levels, int highest) => highest > 0 ? levels.AsMemory(0, _levels) : default(Memory<int>?);

    private static void Grow<TAny>(ref TAny[] array, int length)
    {
        if (array.Length < length)
        {
            array = GC.AllocateUninitializedArray<TAny>(length);
        }
    }
}
