namespace Llm2Clip.Engine.SystemNatives;

/// <summary>Parquet through DuckDB. Files are read and written chunk by chunk, whatever their size.</summary>
internal sealed class DuckDbParquet : IParquet
{
    /// <summary>Rows of a row group: 32 MB of 512 floats; readers take a group at a time.</summary>
    private const int RowGroup = 16_384;

    public (IReadOnlyList<ParquetColumn> Columns, long Rows) Inspect(string path) => Named(path, () =>
    {
        using var session = new DuckDbSession();
        using var columns = new DuckDbQuery(session, $"SELECT * FROM {Table(path)} LIMIT 0");
        using var count = new DuckDbQuery(session, $"SELECT count(*) FROM {Table(path)}");
        var rows = (long)count.NextRows([ColumnType.Int64])![0][0]!;
        return ((IReadOnlyList<ParquetColumn>)[.. columns.Columns().Where(c => c.Type is not null).Select(c => new ParquetColumn(c.Name, c.Type!.Value))], rows);
    });

    public IEnumerable<object?[]> Read(string path, IReadOnlyList<string> columns)
    {
        var known = Inspect(path).Columns;
        var wanted = columns
            .Select(name => known.FirstOrDefault(c => c.Name == name)
                ?? throw new ParquetException($"{path} has no column {name} that can be read; it has {string.Join(", ", known.Select(c => c.Name))}."))
            .ToList();
        return wanted.Count == 0 ? [] : Rows(path, wanted);
    }

    public void Write(string path, IReadOnlyList<ParquetColumn> columns, IEnumerable<object?[]> rows)
    {
        var temporary = path + ".tmp";
        try
        {
            using (var session = new DuckDbSession())
            using (var source = new RowSource(session, columns, rows))
            {
                try
                {
                    session.Execute($"COPY (SELECT * FROM {RowSource.Function}()) TO {DuckDbSession.Literal(temporary)} "
                        + $"(FORMAT parquet, ROW_GROUP_SIZE {RowGroup}, USE_TMP_FILE false)");
                }
                catch (ParquetException e)
                {
                    source.Rethrow();
                    throw new IOException($"{path} cannot be written: {e.Message}", e);
                }
            }
            File.Move(temporary, path, overwrite: true);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    private static IEnumerable<object?[]> Rows(string path, List<ParquetColumn> columns)
    {
        var types = columns.Select(c => c.Type).ToList();
        var casts = columns.Select(c => $"{DuckDbSession.Identifier(c.Name)}::{SqlType(c.Type)}");
        using var session = new DuckDbSession();
        using var query = Named(path, () => new DuckDbQuery(session, $"SELECT {string.Join(", ", casts)} FROM {Table(path)}"));
        while (Named(path, () => query.NextRows(types)) is { } rows)
        {
            foreach (var row in rows)
            {
                yield return row;
            }
        }
    }

    private static string SqlType(ColumnType type) => type switch
    {
        ColumnType.Text => "VARCHAR",
        ColumnType.Bytes => "BLOB",
        ColumnType.Int64 => "BIGINT",
        ColumnType.Float64 => "DOUBLE",
        _ => "FLOAT[]",
    };

    /// <summary>The file as a table: characters of a glob stand for themselves, folder names like <c>a=b</c> make no columns.</summary>
    private static string Table(string path)
    {
        var literal = string.Concat(path.Select(c => c is '*' or '?' or '[' ? $"[{c}]" : c.ToString()));
        return $"read_parquet({DuckDbSession.Literal(literal)}, hive_partitioning = false)";
    }

    /// <summary>Adds the file's name to what DuckDB says about it.</summary>
    private static T Named<T>(string path, Func<T> read)
    {
        if (!File.Exists(path))
        {
            throw new ParquetException($"{path} does not exist.");
        }
        try
        {
            return read();
        }
        catch (ParquetException e)
        {
            throw new ParquetException($"{path} cannot be read as Parquet: {e.Message}", e);
        }
    }
}
