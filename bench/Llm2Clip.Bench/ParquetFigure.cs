using System.Diagnostics;
using DuckDB.NET.Data;
using Llm2Clip.Data.Parquet;

namespace Llm2Clip.Bench;

/// <summary>
/// A table of keys, blobs of 1 KB and vectors, written and read column by column, against DuckDB's own COPY from a table in its memory
/// and its own scan, on one thread as here; and how fast images come out of a file as `data convert` writes it.
/// </summary>
internal static class ParquetFigure
{
    private const int Rows = 100_000;
    private const int BlobBytes = 1024;
    private const int Dimension = 512;
    private const int Rounds = 5;
    private const int ImageCount = 10_000;
    private const int ImageBytes = 50_000;
    private const int ImagesPerGroup = 100;

    private static readonly ParquetColumn[] Columns =
        [new("key", ColumnType.Text), new("blob", ColumnType.Bytes), new("vector", ColumnType.FloatVector)];

    public static IEnumerable<Figure> Measure()
    {
        var root = Directory.CreateTempSubdirectory("llm2clip-bench-").FullName;
        try
        {
            return
            [
                .. Vectors(Path.Combine(root, "ours.parquet"), Path.Combine(root, "theirs.parquet")),
                Images(Path.Combine(root, "images.parquet")),
            ];
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    private static IEnumerable<Figure> Vectors(string ours, string theirs)
    {
        var table = new Table();
        using var duck = new DuckDBConnection("DataSource=:memory:");
        duck.Open();
        Run(duck, "SET threads = 1");
        table.Write(ours);
        Run(duck, $"CREATE TABLE t AS SELECT * FROM read_parquet('{ours}')");
        var copy = $"COPY t TO '{theirs}' (FORMAT parquet, ROW_GROUP_SIZE 16384)";
        Run(duck, copy);
        var times = Turns.Medians(
            Rounds,
            Turns.Time(() => table.Write(ours)),
            Turns.Time(() => Run(duck, copy)),
            Turns.Time(() => Read(ours)),
            Turns.Time(() => Scan(duck, ours)),
            Turns.Time(() => Read(theirs)),
            Turns.Time(() => Scan(duck, theirs)));
        const string Work = "100,000 rows of key, 1 KB and 512 floats";
        yield return Compared("Parquet, write " + Work, times[0], $"COPY of DuckDB {duck.ServerVersion}", times[1], 1.2);
        yield return Compared("Parquet, read " + Work, times[2], "DuckDB's scan", times[3], 2);
        yield return Compared("the same, of DuckDB's file", times[4], "DuckDB's scan", times[5], 2);
    }

    private static Figure Compared(string work, double here, string other, double there, double most) =>
        Figure.AtMost("parquet", work, $"{here:0.00} s", $"{other} {there:0.00} s", here / there, most);

    private static Figure Images(string path)
    {
        var options = new ParquetWriteOptions { RowGroupRows = ImagesPerGroup };
        using (var table = new ParquetTableWriter(path, [new("image.bytes", ColumnType.Bytes)], options))
        {
            // Noise: JPEG does not compress either.
            var image = new byte[ImageBytes];
            var random = new Random(1);
            var column = table.Bytes("image.bytes");
            for (var i = 0; i < ImageCount; i++)
            {
                random.NextBytes(image);
                column.Add(image);
                table.EndRow();
            }
            table.Complete();
        }
        var times = Turns.Medians(Rounds, Turns.Time(() => ReadImages(path)), Turns.Time(() => Cat(path)));
        const double Megabytes = (double)ImageCount * ImageBytes / 1e6;
        return Figure.Printed(
            "parquet", "Parquet, read 10,000 images of 50 KB, a row group of 100 at a time", $"{Megabytes / times[0]:0} MB/s",
            $"cat, warm {Megabytes / times[1]:0} MB/s", Figure.Number(times[0] / times[1]));
    }

    private static void Read(string path)
    {
        using var table = ParquetTable.Open(path);
        var (key, blob, vector) = (table.Texts("key"), table.Bytes("blob"), table.Vectors("vector"));
        var rows = 0;
        foreach (var group in table.RowGroups)
        {
            key.Read(group);
            blob.Read(group);
            vector.Read(group);
            rows += vector.Slice(0, group.Rows).Length / Dimension;
        }
        Check(rows, Rows);
    }

    private static void ReadImages(string path)
    {
        using var table = ParquetTable.Open(path);
        var column = table.Bytes("image.bytes");
        var bytes = 0L;
        foreach (var group in table.RowGroups)
        {
            column.Read(group);
            for (var row = 0; row < group.Rows; row++)
            {
                bytes += column[row]!.Value.Length;
            }
        }
        Check(bytes, (long)ImageCount * ImageBytes);
    }

    private static void Cat(string path)
    {
        using var cat = Process.Start("sh", ["-c", $"cat '{path}' > /dev/null"]);
        cat.WaitForExit();
        Check(cat.ExitCode, 0);
    }

    private static void Run(DuckDBConnection duck, string sql)
    {
        using var command = duck.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    /// <summary>Streams all rows, chunk by chunk, touching none.</summary>
    private static void Scan(DuckDBConnection duck, string path)
    {
        using var command = duck.CreateCommand();
        command.CommandText = $"SELECT * FROM read_parquet('{path}')";
        command.UseStreamingMode = true;
        using var reader = command.ExecuteReader();
        var rows = 0;
        while (reader.Read())
        {
            rows++;
        }
        Check(rows, Rows);
    }

    private static void Check(long found, long expected)
    {
        if (found != expected)
        {
            throw new InvalidOperationException($"{found} where {expected} were expected.");
        }
    }

    private sealed class Table
    {
        private readonly byte[] _blobs = new byte[Rows * BlobBytes];
        private readonly float[] _vectors = new float[Rows * Dimension];

        public Table()
        {
            var random = new Random(1);
            random.NextBytes(_blobs);
            foreach (ref var value in _vectors.AsSpan())
            {
                value = random.NextSingle() - 0.5f;
            }
        }

        public void Write(string path)
        {
            using var table = new ParquetTableWriter(path, Columns);
            var (key, blob, vector) = (table.Texts("key"), table.Bytes("blob"), table.Vectors("vector"));
            for (var row = 0; row < Rows; row++)
            {
                key.Add($"key-{row:d8}");
                blob.Add(_blobs.AsSpan(row * BlobBytes, BlobBytes));
                vector.Add(_vectors.AsSpan(row * Dimension, Dimension));
                table.EndRow();
            }
            table.Complete();
        }
    }
}
