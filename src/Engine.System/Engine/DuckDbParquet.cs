using Llm2Clip.Files;


namespace Llm2Clip.Engine.SystemNatives;

/// <summary>Parquet through DuckDB. Files are read and written chunk by chunk, whatever their size.</summary>
internal sealed class DuckDbParquet : IParquet
{
    public (IReadOnlyList<ParquetColumn> Columns, long Rows) Inspect(string path)
    {
        using var session = Open(path);
        return Named(path, () =>
        {
            using var columns = NoRows(session, path);
            using var count = new DuckDbQuery(session, $"SELECT count(*) FROM {Table(path)}");
            var rows = (long)count.Rows([ColumnType.Int64]).Single()[0]!;
            return (columns.Columns(), rows);
        });
    }

    public IReadOnlyList<ParquetRowGroup> RowGroups(string path)
    {
        using var session = Open(path);
        return Named(path, () =>
        {
            var groups = new List<ParquetRowGroup>();
            var first = 0L;
            using var query = new DuckDbQuery(session, "SELECT any_value(row_group_num_rows)::BIGINT, sum(total_uncompressed_size)::BIGINT "
                + $"FROM parquet_metadata({Literal(path)}) GROUP BY row_group_id ORDER BY row_group_id");
            foreach (var row in query.Rows([ColumnType.Int64, ColumnType.Int64]))
            {
                groups.Add(new ParquetRowGroup(first, checked((int)(long)row[0]!), (long)row[1]!));
                first += (long)row[0]!;
            }
            return groups;
        });
    }

    public IEnumerable<object?[]> Read(string path, IReadOnlyList<string> columns, ParquetRowGroup? group = null)
    {
        if (columns.Count == 0)
        {
            yield break;
        }
        using var session = Open(path);
        var (known, names) = Named(path, () =>
        {
            using var table = NoRows(session, path);
            return (table.Columns(), table.Names());
        });
        var wanted = columns
            .Select(name => known.FirstOrDefault(c => c.Name == name)
                ?? throw new ParquetException($"{path} has no column {name} that can be read; it has {string.Join(", ", known.Select(c => c.Name))}."))
            .ToList();
        var casts = wanted.Select(c => $"{Expression(c.Name, names)}::{SqlType(c.Type)}");
        var range = group is null ? "" : $" WHERE file_row_number BETWEEN {group.FirstRow} AND {group.FirstRow + group.Rows - 1}";
        using var query = Named(path, () => new DuckDbQuery(session, $"SELECT {string.Join(", ", casts)} FROM {Table(path)}{range}"));
        using var rows = query.Rows([.. wanted.Select(c => c.Type)]).GetEnumerator();
        Func<bool> next = rows.MoveNext;
        while (Named(path, next))
        {
            yield return rows.Current;
        }
    }

    public void Write(string path, IReadOnlyList<ParquetColumn> columns, IEnumerable<object?[]> rows, ParquetWriteOptions? options = null)
    {
        options ??= new ParquetWriteOptions();
        PendingFile.WriteBy(path, temporary =>
        {
            using var session = new DuckDbSession();
            using var source = new RowSource(session, columns, rows, options.RowGroupRows);
            try
            {
                session.Execute($"COPY (SELECT {string.Join(", ", Stored(columns))} FROM {RowSource.Function}()) TO {DuckDbSession.Literal(temporary)} ({Options(options)})");
            }
            catch (ParquetException e)
            {
                source.Rethrow();
                throw new IOException(e.Message, e);
            }
        });
    }

    /// <summary>The columns as they are stored: those of one struct packed into it, where its first one stands.</summary>
    private static IEnumerable<string> Stored(IReadOnlyList<ParquetColumn> columns) => columns
        .GroupBy(column => StructOf(column.Name) ?? column.Name, StringComparer.Ordinal)
        .Select(group => StructOf(group.First().Name) is null
            ? DuckDbSession.Identifier(group.Key)
            : $"struct_pack({string.Join(", ", group.Select(c => $"{DuckDbSession.Identifier(c.Name[(group.Key.Length + 1)..])} := {DuckDbSession.Identifier(c.Name)}"))}) AS {DuckDbSession.Identifier(group.Key)}");

    private static string Options(ParquetWriteOptions options)
    {
        var codec = options.Codec switch { ParquetCodec.Zstd => "zstd", ParquetCodec.Gzip => "gzip", ParquetCodec.None => "uncompressed", _ => "snappy" };
        var metadata = string.Join(", ", options.Metadata.Select(pair => $"{DuckDbSession.Literal(pair.Key)}: {DuckDbSession.Literal(pair.Value)}"));
        return $"FORMAT parquet, COMPRESSION {codec}, ROW_GROUP_SIZE {options.RowGroupRows}, USE_TMP_FILE false"
            + (metadata.Length > 0 ? $", KV_METADATA {{{metadata}}}" : "");
    }

    private static string SqlType(ColumnType type) => type switch
    {
        ColumnType.Text => "VARCHAR",
        ColumnType.Bytes => "BLOB",
        ColumnType.Int64 => "BIGINT",
        ColumnType.Float64 => "DOUBLE",
        ColumnType.TextList => "VARCHAR[]",
        _ => "FLOAT[]",
    };

    /// <summary>The struct that a column's name puts it into, or null.</summary>
    private static string? StructOf(string name) => name.IndexOf('.', StringComparison.Ordinal) is > 0 and var dot ? name[..dot] : null;

    /// <summary>A column, or, where the file has none of that name, the member of a struct.</summary>
    private static string Expression(string name, IReadOnlyList<string> columns) => !columns.Contains(name) && StructOf(name) is { } parent
        ? $"struct_extract({DuckDbSession.Identifier(parent)}, {DuckDbSession.Literal(name[(parent.Length + 1)..])})"
        : DuckDbSession.Identifier(name);

    /// <summary>A session for a file; nothing but the name of one that exists reaches DuckDB, which would take folders and addresses as well.</summary>
    private static DuckDbSession Open(string path) => File.Exists(path) ? new DuckDbSession() : throw new ParquetException($"{path} does not exist.");

    /// <summary>The file's columns without its rows.</summary>
    private static DuckDbQuery NoRows(DuckDbSession session, string path) => new(session, $"SELECT * FROM {Table(path)} LIMIT 0");

    /// <summary>The file as a table: folder names like <c>a=b</c> make no columns.</summary>
    private static string Table(string path) => $"read_parquet({Literal(path)}, hive_partitioning = false)";

    /// <summary>The path as an SQL literal: characters of a glob stand for themselves.</summary>
    private static string Literal(string path) =>
        DuckDbSession.Literal(string.Concat(path.Select(c => c is '*' or '?' or '[' ? $"[{c}]" : c.ToString())));

    /// <summary>Adds the file's name to what DuckDB says about it.</summary>
    private static T Named<T>(string path, Func<T> read)
    {
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
