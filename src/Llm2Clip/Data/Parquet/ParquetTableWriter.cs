using System.IO.Compression;
using Llm2Clip.Files;
using Parquet;
using Parquet.Schema;

namespace Llm2Clip.Data.Parquet;

/// <summary>
/// A Parquet file that is being written, row by row: one cell for each column, then <see cref="EndRow"/>. It appears under its name at
/// <see cref="Complete"/>; disposing before that leaves nothing behind. What cannot be written is an <see cref="IOException"/>.
/// </summary>
internal sealed class ParquetTableWriter : IDisposable
{
    private readonly ParquetWriteOptions _options;
    private readonly PendingFile _file;
    private readonly ParquetWriter _writer;

    /// <summary>In the order of the file, where the members of a struct are together.</summary>
    private readonly ParquetColumnWriter[] _columns;
    private int _rows;

    /// <summary>
    /// Starts the file. Columns named <c>struct.member</c> become one struct, at the place of its first one; every column may hold nulls.
    /// </summary>
    public ParquetTableWriter(string path, IReadOnlyList<ParquetColumn> columns, ParquetWriteOptions? options = null)
    {
        _options = options ?? new ParquetWriteOptions();
        var fields = columns.GroupBy(column => StructOf(column.Name) ?? column.Name, StringComparer.Ordinal).ToList();
        var schema = new ParquetSchema(fields.Select(field => StructOf(field.First().Name) is null
            ? Field(field.Key, field.First().Type)
            : new StructField(field.Key, [.. field.Select(column => Field(column.Name[(field.Key.Length + 1)..], column.Type))])));
        _columns = [.. fields.SelectMany(field => field).Zip(schema.DataFields, Writer)];
        _file = new PendingFile(path);
        try
        {
            _writer = ParquetWriter.CreateAsync(schema, _file.Stream, Packing(_options.Codec)).GetAwaiter().GetResult();
        }
        catch
        {
            _file.Dispose();
            throw;
        }
        _writer.CustomMetadata = _options.Metadata;
    }

    /// <summary>The column of texts of this name.</summary>
    public TextColumnWriter Texts(string column) => Find<TextColumnWriter>(column);

    /// <summary>The column of whole numbers of this name.</summary>
    public NumberColumnWriter<long> Integers(string column) => Find<NumberColumnWriter<long>>(column);

    /// <summary>The column of floating-point numbers of this name.</summary>
    public NumberColumnWriter<double> Numbers(string column) => Find<NumberColumnWriter<double>>(column);

    /// <summary>The column of bytes of this name.</summary>
    public BytesColumnWriter Bytes(string column) => Find<BytesColumnWriter>(column);

    /// <summary>The column of vectors of this name.</summary>
    public VectorColumnWriter Vectors(string column) => Find<VectorColumnWriter>(column);

    /// <summary>The column of lists of texts of this name.</summary>
    public TextListColumnWriter TextLists(string column) => Find<TextListColumnWriter>(column);

    /// <summary>Ends a row, for which every column has got one cell; throws <see cref="InvalidOperationException"/> otherwise.</summary>
    public void EndRow()
    {
        _rows++;
        var bytes = 0L;
        foreach (var column in _columns)
        {
            bytes += column.Rows == _rows
                ? column.Bytes
                : throw new InvalidOperationException($"Column {column.Column.Name} has got {column.Rows} cells for {_rows} rows.");
        }
        if (_rows >= _options.RowGroupRows || bytes >= _options.RowGroupBytes)
        {
            WriteGroup();
        }
    }

    /// <summary>Writes what waits and the footer, and gives the file its name.</summary>
    public void Complete()
    {
        if (_rows > 0)
        {
            WriteGroup();
        }
        _writer.DisposeAsync().AsTask().GetAwaiter().GetResult();
        _file.Complete();
    }

    public void Dispose() => _file.Dispose();

    private void WriteGroup()
    {
        using var group = _writer.CreateRowGroup();
        foreach (var column in _columns)
        {
            column.WriteTo(group);
        }
        _rows = 0;
    }

    private T Find<T>(string name)
        where T : ParquetColumnWriter =>
        Array.Find(_columns, column => column.Column.Name == name) as T
            ?? throw new ArgumentException($"There is no column {name} of this type.", nameof(name));

    private static ParquetColumnWriter Writer(ParquetColumn column, DataField field) => column.Type switch
    {
        ColumnType.Text => new TextColumnWriter(column, field),
        ColumnType.Bytes => new BytesColumnWriter(column, field),
        ColumnType.Int64 => new NumberColumnWriter<long>(column, field),
        ColumnType.Float64 => new NumberColumnWriter<double>(column, field),
        ColumnType.TextList => new TextListColumnWriter(column, field),
        _ => new VectorColumnWriter(column, field),
    };

    private static Field Field(string name, ColumnType type) => type switch
    {
        ColumnType.Text => new DataField<string>(name),
        ColumnType.Bytes => new DataField<byte[]>(name),
        ColumnType.Int64 => new DataField<long?>(name),
        ColumnType.Float64 => new DataField<double?>(name),
        ColumnType.TextList => new ListField(name, new DataField<string>(ListField.ElementName)),
        _ => new ListField(name, new DataField<float>(ListField.ElementName)),
    };

    private static string? StructOf(string name) => name.IndexOf('.', StringComparison.Ordinal) is > 0 and var dot ? name[..dot] : null;

    /// <summary>Parquet.Net's own level is the slowest: zstd 19.</summary>
    private static ParquetOptions Packing(ParquetCodec codec) => new()
    {
        CompressionLevel = CompressionLevel.Optimal,
        CompressionMethod = codec switch
        {
            ParquetCodec.Zstd => CompressionMethod.Zstd,
            ParquetCodec.Gzip => CompressionMethod.Gzip,
            ParquetCodec.None => CompressionMethod.None,
            _ => CompressionMethod.Snappy,
        },
    };
}
