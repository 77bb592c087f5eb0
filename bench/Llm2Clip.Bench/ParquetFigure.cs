using System.Runtime.InteropServices;
using Llm2Clip.Engine;
using Llm2Clip.Natives;

namespace Llm2Clip.Bench;

/// <summary>
/// A table of keys, blobs of 1 KB and vectors, written and read through <see cref="IParquet"/> with a .NET object a cell, against DuckDB's own
/// COPY from a table in its memory and its own scan, through its C API and with as many threads.
/// </summary>
internal static unsafe partial class ParquetFigure
{
    private const int Rows = 100_000;
    private const int BlobBytes = 1024;
    private const int Dimension = 512;
    private const int Rounds = 3;
    private const string Library = "node_modules/@duckdb/node-bindings-linux-x64/libduckdb.so";

    private static readonly ParquetColumn[] Columns = [new("key", ColumnType.Text), new("blob", ColumnType.Bytes), new("vector", ColumnType.FloatVector)];

    public static IEnumerable<Figure> Measure()
    {
        var root = Directory.CreateTempSubdirectory("llm2clip-bench-").FullName;
        try
        {
            var (ours, theirs) = (Path.Combine(root, "ours.parquet"), Path.Combine(root, "theirs.parquet"));
            var table = Table();
            using var duck = new Duck();
            Engines.Current.Parquet.Write(ours, Columns, table);
            duck.Run($"CREATE TABLE t AS SELECT * FROM read_parquet('{ours}')");
            var times = Turns.Medians(
                Rounds,
                Turns.Time(() => Engines.Current.Parquet.Write(ours, Columns, table)),
                Turns.Time(() => duck.Run($"COPY t TO '{theirs}' (FORMAT parquet, ROW_GROUP_SIZE 16384)")),
                Turns.Time(() => Count(Engines.Current.Parquet.Read(ours, ["key", "blob", "vector"]))),
                Turns.Time(() => duck.Fetch($"SELECT * FROM read_parquet('{ours}')")));
            const string Work = "100,000 rows of key, 1 KB and 512 floats";
            yield return Figure.AtMost("parquet", "Parquet, write " + Work, $"{times[0]:0.00} s", $"DuckDB's COPY {times[1]:0.00} s", times[0] / times[1], 1.2);
            yield return Figure.AtMost("parquet", "Parquet, read " + Work, $"{times[2]:0.00} s", $"DuckDB's scan {times[3]:0.00} s", times[2] / times[3], 1.2);
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    private static List<object?[]> Table()
    {
        var random = new Random(1);
        return [.. Enumerable.Range(0, Rows).Select(i =>
        {
            var blob = new byte[BlobBytes];
            random.NextBytes(blob);
            var vector = new float[Dimension];
            foreach (ref var value in vector.AsSpan())
            {
                value = random.NextSingle() - 0.5f;
            }
            return new object?[] { $"key-{i:d8}", blob, vector };
        })];
    }

    private static void Count(IEnumerable<object?[]> rows)
    {
        if (rows.LongCount() != Rows)
        {
            throw new InvalidOperationException("Rows are missing.");
        }
    }

    /// <summary>DuckDB as a C program would use it.</summary>
    private sealed class Duck : IDisposable
    {
        private nint _database;
        private nint _connection;

        public Duck()
        {
            NativeLibrary.SetDllImportResolver(typeof(ParquetFigure).Assembly, (name, _, _) => name == "duckdb" ? NativeLocator.Load(Library) : 0);
            Check(duckdb_open(null, out _database));
            Check(duckdb_connect(_database, out _connection));
            Run("SET threads = 1"); // as the engine has it: rows in order, memory bounded
        }

        public void Run(string sql)
        {
            Check(duckdb_query(_connection, sql, out var result));
            duckdb_destroy_result(ref result);
        }

        /// <summary>Streams all rows, chunk by chunk, touching none.</summary>
        public void Fetch(string sql)
        {
            Check(duckdb_prepare(_connection, sql, out var statement));
            Check(duckdb_pending_prepared_streaming(statement, out var pending));
            Check(duckdb_execute_pending(pending, out var result));
            ulong rows = 0;
            while (duckdb_fetch_chunk(result) is not 0 and var chunk)
            {
                rows += duckdb_data_chunk_get_size(chunk);
                duckdb_destroy_data_chunk(ref chunk);
            }
            duckdb_destroy_result(ref result);
            duckdb_destroy_pending(ref pending);
            duckdb_destroy_prepare(ref statement);
            Check(rows == Rows ? 0 : 1);
        }

        public void Dispose()
        {
            duckdb_disconnect(ref _connection);
            duckdb_close(ref _database);
        }

        private static void Check(int state)
        {
            if (state != 0)
            {
                throw new InvalidOperationException("DuckDB refused.");
            }
        }
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Result
    {
        private fixed ulong _fields[6];
    }

    [LibraryImport("duckdb", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int duckdb_open(string? path, out nint database);

    [LibraryImport("duckdb")]
    private static partial int duckdb_connect(nint database, out nint connection);

    [LibraryImport("duckdb", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int duckdb_query(nint connection, string sql, out Result result);

    [LibraryImport("duckdb", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int duckdb_prepare(nint connection, string sql, out nint statement);

    [LibraryImport("duckdb")]
    private static partial int duckdb_pending_prepared_streaming(nint statement, out nint pending);

    [LibraryImport("duckdb")]
    private static partial int duckdb_execute_pending(nint pending, out Result result);

    [LibraryImport("duckdb")]
    private static partial nint duckdb_fetch_chunk(Result result);

    [LibraryImport("duckdb")]
    private static partial ulong duckdb_data_chunk_get_size(nint chunk);

    [LibraryImport("duckdb")]
    private static partial void duckdb_destroy_data_chunk(ref nint chunk);

    [LibraryImport("duckdb")]
    private static partial void duckdb_destroy_result(ref Result result);

    [LibraryImport("duckdb")]
    private static partial void duckdb_destroy_pending(ref nint pending);

    [LibraryImport("duckdb")]
    private static partial void duckdb_destroy_prepare(ref nint statement);

    [LibraryImport("duckdb")]
    private static partial void duckdb_disconnect(ref nint connection);

    [LibraryImport("duckdb")]
    private static partial void duckdb_close(ref nint database);
}
