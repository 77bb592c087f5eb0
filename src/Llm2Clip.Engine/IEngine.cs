namespace Llm2Clip.Engine;

/// <summary>What the chosen engine offers beyond the three packages' APIs; nothing outside the engine projects asks which one it is.</summary>
public interface IEngine
{
    /// <summary><c>system</c> or <c>nuget</c>, for logs and <c>doctor</c> only.</summary>
    string Name { get; }

    /// <summary>Reads and writes Parquet tables.</summary>
    IParquet Parquet { get; }

    /// <summary>Names and versions of the natives in use, for <c>doctor</c>.</summary>
    IReadOnlyList<NativeComponent> Describe();

    /// <summary>What tensors and the LLM compute on. Loads the natives; throws what their loading throws.</summary>
    ComputeFacts Compute();
}

/// <summary>What a machine computes on.</summary>
/// <param name="Threads">Threads that one tensor operation uses.</param>
/// <param name="Instructions">The widest CPU instructions that libtorch uses here, such as AVX2; null where unknown.</param>
/// <param name="NativeBf16">Whether the processor multiplies bf16 itself (AVX512_BF16, AMX); null where unknown.</param>
/// <param name="Gpus">GPUs that tensors can live on.</param>
/// <param name="LlmDevices">Devices that the LLM can run on, as llama.cpp names them.</param>
public sealed record ComputeFacts(int Threads, string? Instructions, bool? NativeBf16, int Gpus, IReadOnlyList<string> LlmDevices);

/// <summary>A native library in use. <paramref name="Problem"/> says what is missing, <paramref name="Remedy"/> the command that installs it.</summary>
public sealed record NativeComponent(string Name, string? Version, string? Path, string? Problem = null, string? Remedy = null);

/// <summary>Type of a Parquet column.</summary>
public enum ColumnType
{
    Text,
    Int64,
    Float64,
    Bytes,

    /// <summary>A list of 32-bit floats, one vector a row.</summary>
    FloatVector,

    /// <summary>A list of texts.</summary>
    TextList,
}

/// <summary>
/// A column: its name and type. The member of a struct has the struct's name before a dot: <c>image.bytes</c>, <c>image.path</c>; columns so
/// named are written as one struct.
/// </summary>
public sealed record ParquetColumn(string Name, ColumnType Type);

/// <summary>Rows that are stored together and can be read without the rest of the file.</summary>
/// <param name="FirstRow">Number of the first row in the file, from 0.</param>
/// <param name="Rows">How many there are.</param>
/// <param name="Bytes">Bytes of all columns before compression.</param>
public sealed record ParquetRowGroup(long FirstRow, int Rows, long Bytes);

/// <summary>How the pages of a file are compressed.</summary>
public enum ParquetCodec
{
    Snappy,
    Zstd,
    Gzip,
    None,
}

/// <summary>How a file is written.</summary>
public sealed record ParquetWriteOptions
{
    /// <summary>Compression.</summary>
    public ParquetCodec Codec { get; init; } = ParquetCodec.Snappy;

    /// <summary>Rows of a row group. The default is 32 MB of 512 floats; readers take a group at a time.</summary>
    public int RowGroupRows { get; init; } = 16_384;

    /// <summary>Texts of the file's key-value metadata, such as <c>huggingface</c>.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; init; } = new Dictionary<string, string>();
}

/// <summary>A Parquet file that cannot be read: missing, damaged, or without the column asked for. A bad input file, like those of the library.</summary>
public sealed class ParquetException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>
/// Reads and writes Parquet, row batch by row batch. Cells are string, long, double, byte[], float[], string[] or null. Reading throws
/// <see cref="ParquetException"/> that names the file; writing throws <see cref="IOException"/> and leaves no file behind.
/// </summary>
public interface IParquet
{
    /// <summary>Columns of a file with its number of rows. Columns of other types than <see cref="ColumnType"/>'s are left out.</summary>
    (IReadOnlyList<ParquetColumn> Columns, long Rows) Inspect(string path);

    /// <summary>The row groups of a file in order.</summary>
    IReadOnlyList<ParquetRowGroup> RowGroups(string path);

    /// <summary>
    /// Rows of the named columns in file order, each an array in the order of <paramref name="columns"/>: all of them, or those of one
    /// <paramref name="group"/> (or of several that follow each other, as one), for which only its part of the file is read.
    /// </summary>
    IEnumerable<object?[]> Read(string path, IReadOnlyList<string> columns, ParquetRowGroup? group = null);

    /// <summary>Writes all rows to a temporary name and renames it to <paramref name="path"/> when complete.</summary>
    void Write(string path, IReadOnlyList<ParquetColumn> columns, IEnumerable<object?[]> rows, ParquetWriteOptions? options = null);
}
