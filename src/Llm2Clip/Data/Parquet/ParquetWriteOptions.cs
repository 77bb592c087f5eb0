namespace Llm2Clip.Data.Parquet;

/// <summary>How the pages of a file are compressed.</summary>
internal enum ParquetCodec
{
    Snappy,
    Zstd,
    Gzip,
    None,
}

/// <summary>How a file is written.</summary>
internal sealed record ParquetWriteOptions
{
    /// <summary>Compression. Images and vectors, which this program writes, do not get smaller by it.</summary>
    public ParquetCodec Codec { get; init; } = ParquetCodec.None;

    /// <summary>Rows of a row group; readers take a group at a time. The default is 32 MB of 512 floats.</summary>
    public int RowGroupRows { get; init; } = 16_384;

    /// <summary>A row group ends before it has its rows where its cells hold this many bytes.</summary>
    public long RowGroupBytes { get; init; } = 256L << 20;

    /// <summary>Texts of the file's key-value metadata, such as <c>huggingface</c>.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; init; } = new Dictionary<string, string>();
}
