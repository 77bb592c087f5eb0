using System.Runtime.InteropServices;

namespace Llm2Clip.Engine.SystemNatives;

/// <summary>A DuckDB database in memory with one connection; it holds no tables of its own and only reads and writes files.</summary>
internal sealed class DuckDbSession : SafeHandle
{
    private nint _database;

    /// <summary>Opens it with one worker thread, which keeps the rows in order and the memory small.</summary>
    public DuckDbSession()
        : base(0, ownsHandle: true)
    {
        if (DuckDb.duckdb_open(null, out _database) == DuckDb.State.Error || DuckDb.duckdb_connect(_database, out var connection) == DuckDb.State.Error)
        {
            DuckDb.duckdb_close(ref _database);
            throw new ParquetException("DuckDB cannot open a database in memory.");
        }
        SetHandle(connection);
        // No file may make DuckDB fetch code for itself, and what is read once is not worth keeping: the cache would grow with the file.
        Execute("SET threads = 1; SET autoinstall_known_extensions = false; SET autoload_known_extensions = false; SET enable_external_file_cache = false");
    }

    public override bool IsInvalid => handle == 0;

    /// <summary>The connection, for calls during the life of this object.</summary>
    public nint Connection => handle;

    /// <summary>Runs a statement without rows. Throws <see cref="ParquetException"/> with DuckDB's message.</summary>
    public void Execute(string sql)
    {
        var state = DuckDb.duckdb_query(handle, sql, out var result);
        var error = state == DuckDb.State.Error ? DuckDb.Text(DuckDb.duckdb_result_error(ref result)) : null;
        DuckDb.duckdb_destroy_result(ref result);
        if (error is not null)
        {
            throw new ParquetException(error);
        }
    }

    /// <summary>A text as an SQL literal.</summary>
    public static string Literal(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";

    /// <summary>A name as an SQL identifier.</summary>
    public static string Identifier(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    protected override bool ReleaseHandle()
    {
        DuckDb.duckdb_disconnect(ref handle);
        DuckDb.duckdb_close(ref _database);
        return true;
    }
}
