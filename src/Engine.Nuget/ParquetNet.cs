using Parquet;
using Parquet.Schema;

namespace Llm2Clip.Engine.Packages;

/// <summary>Parquet through Parquet.Net, a row group at a time.</summary>
internal sealed class ParquetNet : IParquet
{
    /// <summary>Rows of a row group: 32 MB of 512 floats.</summary>
    private const int RowGroup = 16_384;

    public (IReadOnlyList<ParquetColumn> Columns, long Rows) Inspect(string path)
    {
        using var file = OpenFile(path);
        var reader = Named(path, () => ParquetReader.CreateAsync(file).GetAwaiter().GetResult());
        try
        {
            var columns = reader.Schema.Fields.Select(field => (field.Name, Type: CellReader.TypeOf(field))).Where(c => c.Type is not null);
            return ([.. columns.Select(c => new ParquetColumn(c.Name, c.Type!.Value))], reader.RowGroups.Sum(group => group.RowCount));
        }
        finally
        {
            reader.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }
    }

    public IEnumerable<object?[]> Read(string path, IReadOnlyList<string> columns)
    {
        var known = Inspect(path).Columns;
        if (columns.FirstOrDefault(name => known.All(c => c.Name != name)) is { } absent)
        {
            throw new ParquetException($"{path} has no column {absent} that can be read; it has {string.Join(", ", known.Select(c => c.Name))}.");
        }
        return columns.Count == 0 ? [] : Rows(path, columns);
    }

    public void Write(string path, IReadOnlyList<ParquetColumn> columns, IEnumerable<object?[]> rows)
    {
        var temporary = path + ".tmp";
        try
        {
            using (var file = File.Create(temporary))
            {
                WriteAsync(file, columns, rows).GetAwaiter().GetResult();
            }
            File.Move(temporary, path, overwrite: true);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    private static async Task WriteAsync(Stream file, IReadOnlyList<ParquetColumn> columns, IEnumerable<object?[]> rows)
    {
        var schema = new ParquetSchema(columns.Select(CellWriter.Field));
        await using var writer = await ParquetWriter.CreateAsync(schema, file);
        foreach (var batch in rows.Chunk(RowGroup))
        {
            if (batch.FirstOrDefault(row => row.Length != columns.Count) is { } wrong)
            {
                throw new ArgumentException($"A row has {wrong.Length} cells for {columns.Count} columns.");
            }
            using var group = writer.CreateRowGroup();
            for (var column = 0; column < columns.Count; column++)
            {
                await CellWriter.Write(group, columns[column], schema.Fields[column], batch, column);
            }
        }
    }

    private static IEnumerable<object?[]> Rows(string path, IReadOnlyList<string> columns)
    {
        using var file = OpenFile(path);
        var reader = Named(path, () => ParquetReader.CreateAsync(file).GetAwaiter().GetResult());
        var fields = columns.Select(name => reader.Schema.Fields.First(f => f.Name == name)).ToList();
        for (var i = 0; i < reader.RowGroupCount; i++)
        {
            using var group = reader.OpenRowGroupReader(i);
            var cells = fields.Select(field => Named(path, () => CellReader.Read(group, field).GetAwaiter().GetResult())).ToList();
            for (var row = 0L; row < group.RowCount; row++)
            {
                yield return [.. cells.Select(column => column[row])];
            }
        }
        reader.DisposeAsync().AsTask().GetAwaiter().GetResult();
    }

    private static FileStream OpenFile(string path) => File.Exists(path) ? File.OpenRead(path) : throw new ParquetException($"{path} does not exist.");

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
}
