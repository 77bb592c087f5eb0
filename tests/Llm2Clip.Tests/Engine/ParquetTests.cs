using Llm2Clip.Engine;

namespace Llm2Clip.Tests.Engine;

public sealed class ParquetTests : IDisposable
{
    private static readonly ParquetColumn[] AllTypes =
    [
        new("text", ColumnType.Text), new("whole number", ColumnType.Int64), new("a \"quoted\" name", ColumnType.Float64),
        new("bytes", ColumnType.Bytes), new("vector", ColumnType.FloatVector),
    ];

    private readonly string _folder = Directory.CreateTempSubdirectory("parquet's [1] *").FullName;

    private string File_ => Path.Combine(_folder, "table.parquet");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void EveryTypeComesBack()
    {
        object?[][] rows =
        [
            ["plain", 1L, 0.5, new byte[] { 0, 255, 0 }, new[] { 1f, -2f, float.Epsilon }],
            [null, null, null, null, null],
            ["", long.MinValue, double.NegativeInfinity, Array.Empty<byte>(), Array.Empty<float>()],
            ["图片里有一只猫 🐈 – straße \0 end, longer than twelve bytes", long.MaxValue, double.NaN, Enumerable.Range(0, 5000).Select(i => (byte)i).ToArray(), new[] { 7f }],
        ];
        Engines.Current.Parquet.Write(File_, AllTypes, rows);
        var (columns, count) = Engines.Current.Parquet.Inspect(File_);
        Assert.Equal(AllTypes, columns);
        Assert.Equal(4, count);
        Assert.Equal(rows, Engines.Current.Parquet.Read(File_, [.. AllTypes.Select(c => c.Name)]));
        Assert.Equal([.. rows.Select(r => new[] { r[3], r[0] })], Engines.Current.Parquet.Read(File_, ["bytes", "text"]));
        Assert.Equal(["table.parquet"], Directory.GetFiles(_folder).Select(Path.GetFileName));
    }

    [Fact]
    public void ATableWithoutRowsKeepsItsColumns()
    {
        Engines.Current.Parquet.Write(File_, AllTypes, []);
        Assert.Equal((5, 0L), (Engines.Current.Parquet.Inspect(File_).Columns.Count, Engines.Current.Parquet.Inspect(File_).Rows));
        Assert.Empty(Engines.Current.Parquet.Read(File_, ["vector"]));
    }

    [Fact]
    public void RowsAreDrawnWhileTheyAreWrittenAndRead()
    {
        const int Rows = 100_000;
        const int Width = 512;
        var drawn = 0;
        long peak = 0;

        IEnumerable<object?[]> Draw()
        {
            for (; drawn < Rows; drawn++)
            {
                if (drawn % 2048 == 0)
                {
                    peak = Math.Max(peak, Environment.WorkingSet);
                }
                yield return [(long)drawn, Enumerable.Repeat((float)drawn, Width).ToArray()];
            }
        }

        var before = Environment.WorkingSet;
        Engines.Current.Parquet.Write(File_, [new("id", ColumnType.Int64), new("vector", ColumnType.FloatVector)], Draw());
        Assert.Equal(Rows, drawn);
        var next = 0L;
        foreach (var row in Engines.Current.Parquet.Read(File_, ["vector", "id"]))
        {
            var vector = (float[])row[0]!;
            Assert.True(next == (long)row[1]! && vector.Length == Width && vector[0] == next && vector[^1] == next, $"row {next}");
            if (next++ % 2048 == 0)
            {
                peak = Math.Max(peak, Environment.WorkingSet);
            }
        }
        Assert.Equal(Rows, next);
        // All vectors together are 205 MB, as objects and columns more than twice that.
        Assert.True(peak - before < 400_000_000, $"working set grew by {(peak - before) / 1_000_000} MB");
    }

    [Fact]
    public void ReadingStopsWhereTheCallerStops()
    {
        Engines.Current.Parquet.Write(File_, [new("id", ColumnType.Int64)], Enumerable.Range(0, 50_000).Select(i => new object?[] { (long)i }));
        Assert.Equal([0L, 1L, 2L], Engines.Current.Parquet.Read(File_, ["id"]).Take(3).Select(r => r[0]));
    }

    [Fact]
    public void DamagedAndMissingFilesAreNamed()
    {
        Engines.Current.Parquet.Write(File_, [new("id", ColumnType.Int64)], [[1L]]);
        var cut = Path.Combine(_folder, "cut.parquet");
        File.WriteAllBytes(cut, File.ReadAllBytes(File_)[..^6]);
        Assert.StartsWith($"{cut} cannot be read as Parquet: ", Assert.Throws<ParquetException>(() => Engines.Current.Parquet.Inspect(cut)).Message);
        var missing = Path.Combine(_folder, "missing.parquet");
        Assert.Equal($"{missing} does not exist.", Assert.Throws<ParquetException>(() => Engines.Current.Parquet.Inspect(missing)).Message);
        Assert.Equal($"{File_} has no column key that can be read; it has id.", Assert.Throws<ParquetException>(() => Engines.Current.Parquet.Read(File_, ["key"])).Message);
    }

    [Fact]
    public void DamageInsideIsFoundWhileReading()
    {
        Engines.Current.Parquet.Write(File_, [new("text", ColumnType.Text)], Enumerable.Range(0, 30_000).Select(i => new object?[] { $"row {i}, {i * 7919 % 104729}" }));
        var bytes = File.ReadAllBytes(File_);
        bytes.AsSpan(100, bytes.Length / 2).Fill(0xA5);
        File.WriteAllBytes(File_, bytes);
        Assert.StartsWith($"{File_} cannot be read as Parquet: ", Assert.Throws<ParquetException>(() => Engines.Current.Parquet.Read(File_, ["text"]).Count()).Message);
    }

    [Fact]
    public void AFailedWriteLeavesNothing()
    {
        static IEnumerable<object?[]> Failing()
        {
            for (var i = 0L; i < 20_000; i++)
            {
                yield return [i];
            }
            throw new InvalidDataException("the source broke");
        }

        var error = Assert.Throws<InvalidDataException>(() => Engines.Current.Parquet.Write(File_, [new("id", ColumnType.Int64)], Failing()));
        Assert.Equal("the source broke", error.Message);
        Assert.Empty(Directory.GetFiles(_folder));
        Assert.Throws<ArgumentException>(() => Engines.Current.Parquet.Write(File_, [new("id", ColumnType.Int64)], [["text"]]));
        Assert.ThrowsAny<IOException>(() => Engines.Current.Parquet.Write(Path.Combine(_folder, "absent", "x.parquet"), [new("id", ColumnType.Int64)], [[1L]]));
        Assert.Empty(Directory.GetFiles(_folder));
    }
}
