using Parquet;
using Parquet.Schema;
using Llm2Clip.Files;

namespace Llm2Clip.Engine.Packages;

/// <summary>Parquet through Parquet.Net, a row group at a time.</summary>
internal sealed class ParquetNet : IParquet
{
    public (IReadOnlyList<ParquetColumn> Columns, long Rows) Inspect(string path)
    {
        using var table = new Table(path);
        return ([.. CellReader.Columns(table.Reader.Schema).Select(c => c.Column)], table.Reader.RowGroups.Sum(group => group.RowCount));
    }

    public IReadOnlyList<ParquetRowGroup> RowGroups(string path)
    {
        using var table = new Table(path);
        var first = 0L;
        return [.. table.Reader.RowGroups.Select(group => new ParquetRowGroup((first += group.RowCount) - group.RowCount, checked((int)group.RowCount), group.RowGroup.TotalByteSize))];
    }

    public IEnumerable<object?[]> Read(string path, IReadOnlyList<string> columns, ParquetRowGroup? group = null)
    {
        var known = Inspect(path).Columns;
        if (columns.FirstOrDefault(name => known.All(c => c.Name != name)) is { } absent)
        {
            throw new ParquetException($"{path} has no column {absent} that can be read; it has {string.Join(", ", known.Select(c => c.Name))}.");
        }
        return columns.Count == 0 ? [] : Rows(path, columns, group);
    }

    public void Write(string path, IReadOnlyList<ParquetColumn> columns, IEnumerable<object?[]> rows, ParquetWriteOptions? options = null)
    {
        PendingFile.WriteBy(path, temporary =>
        {
            using var file = File.Create(temporary);
            WriteAsync(file, columns, rows, options ?? new ParquetWriteOptions()).GetAwaiter().GetResult();
        });
    }

    private static async Task WriteAsync(Stream file, IReadOnlyList<ParquetColumn> columns, IEnumerable<object?[]> rows, ParquetWriteOptions options)
    {
        var schema = CellWriter.Schema(columns);
        var codec = options.Codec switch
        {
            ParquetCodec.Zstd => CompressionMethod.Zstd,
            ParquetCodec.Gzip => CompressionMethod.Gzip,
            ParquetCodec.None => CompressionMethod.None,
            _ => CompressionMethod.Snappy,
        };
        await using var writer = await ParquetWriter.CreateAsync(schema, file, new ParquetOptions { CompressionMethod = codec });
        writer.CustomMetadata = options.Metadata;
        List<(ColumnBuffer Buffer, int Index)> buffers = [.. CellWriter.InOrder(columns).Zip(schema.DataFields, (c, field) => (CellWriter.Buffer(c.Column, field), c.Index))];
        var waiting = 0;
        foreach (var row in rows)
        {
            if (row.Length != columns.Count)
            {
                throw new ArgumentException($"A row has {row.Length} cells for {columns.Count} columns.");
            }
            buffers.ForEach(column => column.Buffer.Add(row[column.Index]));
            if (++waiting == options.RowGroupRows)
            {
                await WriteGroup(writer, buffers);
                waiting = 0;
            }
        }
        if (waiting > 0)
        {
            await WriteGroup(writer, buffers);
        }
    }

    private static async Task WriteGroup(ParquetWriter writer, List<(ColumnBuffer Buffer, int Index)> columns)
    {
        using var group = writer.CreateRowGroup();
        foreach (var (buffer, _) in columns)
        {
            await buffer.WriteTo(group);
        }
    }

    private static IEnumerable<object?[]> Rows(string path, IReadOnlyList<string> columns, ParquetRowGroup? wanted)
    {
        using var table = new Table(path);
        var known = CellReader.Columns(table.Reader.Schema);
        var fields = columns.Select(name => known.First(c => c.Column.Name == name).Field).ToList();
        var end = 0L;
        for (var i = 0; i < table.Reader.RowGroupCount; i++)
        {
            using var group = table.Reader.OpenRowGroupReader(i);
            var first = end;
            end += group.RowCount;
            if (wanted is not null && (first < wanted.FirstRow || first >= wanted.FirstRow + wanted.Rows))
            {
                continue;
            }
            var cells = new List<ColumnCells>();
            try
            {
                fields.ForEach(field => cells.Add(Named(path, () => CellReader.Open(group, field).GetAwaiter().GetResult())));
                for (var row = first; row < end; row++)
                {
                    yield return Named<object?[]>(path, () => [.. cells.Select(column => column.Next())]);
                }
            }
            finally
            {
                cells.ForEach(column => column.Dispose());
            }
        }
    }

    /// <summary>Adds the file's name to what Parquet.Net says about it; it throws many types at a damaged file.</summary>
    private static T Named<T>(string path, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            throw new ParquetException($"{path} cannot be read as Parquet: {e.Message}", e);
        }
    }

    /// <summary>A file that is open for reading. Throws <see cref="ParquetException"/> where it is missing or no Parquet.</summary>
    private sealed class Table : IDisposable
    {
        private readonly FileStream file;

        public Table(string path)
        {
            file = File.Exists(path) ? File.OpenRead(path) : throw new ParquetException($"{path} does not exist.");
            try
            {
                Reader = Named(path, () => ParquetReader.CreateAsync(file).GetAwaiter().GetResult());
            }
            catch (ParquetException)
            {
                file.Dispose();
                throw;
            }
        }

        public ParquetReader Reader { get; }

        public void Dispose()
        {
            Reader.DisposeAsync().AsTask().GetAwaiter().GetResult();
            file.Dispose();
        }
    }
}
