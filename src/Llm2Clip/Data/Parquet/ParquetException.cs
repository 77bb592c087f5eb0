namespace Llm2Clip.Data.Parquet;

/// <summary>
/// A Parquet file that cannot be read: missing, damaged, written in a way that is not read, or without the column asked for. The message
/// names the file.
/// </summary>
public sealed class ParquetException(string message, Exception? inner = null) : InputException(message, inner);
