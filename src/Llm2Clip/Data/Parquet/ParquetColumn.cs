namespace Llm2Clip.Data.Parquet;

/// <summary>Type of a Parquet column.</summary>
internal enum ColumnType
{
    Text,

    /// <summary>A whole number; columns of 8 to 64 bits are read.</summary>
    Int64,

    /// <summary>A floating-point number; columns of 32 and 64 bits are read.</summary>
    Float64,

    Bytes,

    /// <summary>A list of 32-bit floats, one vector per row; lists of 64-bit floats are read too.</summary>
    FloatVector,

    /// <summary>A list of texts.</summary>
    TextList,
}

/// <summary>
/// A column: its name and type. The member of a struct has the struct's name before a dot: <c>image.bytes</c>, <c>image.path</c>; columns
/// so named are written as one struct.
/// </summary>
internal sealed record ParquetColumn(string Name, ColumnType Type);

/// <summary>Rows that are stored together and can be read without the rest of the file.</summary>
/// <param name="Index">Number of the group in the file, from 0.</param>
/// <param name="FirstRow">Number of the first row in the file, from 0.</param>
/// <param name="Rows">How many there are.</param>
/// <param name="Bytes">Bytes of all columns before compression, as the file states them.</param>
internal sealed record ParquetRowGroup(int Index, long FirstRow, int Rows, long Bytes);
