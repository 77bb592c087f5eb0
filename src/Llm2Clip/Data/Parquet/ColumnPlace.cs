using Llm2Clip.Data.Parquet.Pages;
using Parquet.Meta;
using Parquet.Schema;

namespace Llm2Clip.Data.Parquet;

/// <summary>Where the pages of a column of one row group lie, as the file states it.</summary>
/// <param name="Offset">Where the first page begins in the file.</param>
/// <param name="Values">Values, nulls and empty lists counted.</param>
/// <param name="Codec">What packed the pages.</param>
/// <param name="Repetitions">Highest repetition level; 0 = each row has one value.</param>
/// <param name="Definitions">Highest definition level; 0 = no value is null.</param>
/// <param name="Element">The column in the file's schema.</param>
internal sealed record ColumnPlace(
    long Offset, long Values, CompressionCodec Codec, int Repetitions, int Definitions, SchemaElement Element)
{
    /// <summary>Values that a row group may have, however few bytes say so: writers make groups of up to a million rows.</summary>
    private const long FreeValues = 1 << 20;

    /// <summary>
    /// Values per byte beyond that: a run of equal values takes next to no bytes, and Parquet.Net wants memory for all of them at once.
    /// </summary>
    private const long MostPerByte = 16;

    /// <summary>Bytes of a file that are its footer's length and the mark at its end.</summary>
    private const int FirstOffset = 4;

    /// <summary>
    /// Takes the place of a column out of the footer, and puts there where <see cref="PageStream"/> shows it. Throws
    /// <see cref="InvalidDataException"/> where it is none, or more than is read at once.
    /// </summary>
    public static ColumnPlace Take(ColumnChunk chunk, DataField field, SchemaElement element, long rows, long dataEnd)
    {
        var data = chunk.MetaData!;
        var offset = data.DictionaryPageOffset is > 0 and var dictionary ? Math.Min(dictionary, data.DataPageOffset) : data.DataPageOffset;
        if (chunk.FilePath is not null)
        {
            throw new InvalidDataException("its data lies in another file");
        }
        if (data.Type != element.Type || offset < FirstOffset || offset > dataEnd)
        {
            throw new InvalidDataException("its metadata contradicts itself");
        }
        if (data.NumValues < 0 || (field.MaxRepetitionLevel == 0 && data.NumValues != rows))
        {
            throw new InvalidDataException($"it states {data.NumValues:N0} values for {rows:N0} rows");
        }
        var bytes = Math.Min(data.TotalCompressedSize, dataEnd - offset);
        var most = Math.Min(Math.Max(FreeValues, bytes * MostPerByte), Array.MaxLength);
        if (data.NumValues > most)
        {
            throw new InvalidDataException($"it states {data.NumValues:N0} values, more than the {most:N0} that are read at once");
        }
        var place = new ColumnPlace(offset, data.NumValues, data.Codec, field.MaxRepetitionLevel, field.MaxDefinitionLevel, element);
        (data.DataPageOffset, data.DictionaryPageOffset, data.IndexPageOffset) = (PageStream.ColumnBegin, null, null);
        (data.Codec, data.Statistics) = (CompressionCodec.UNCOMPRESSED, null);
        return place;
    }
}
