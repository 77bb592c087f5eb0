using Llm2Clip.Data.Parquet;

namespace Llm2Clip.Tests.Data.Parquet;

public sealed class ParquetTests : IDisposable
{
    private static readonly ParquetColumn[] AllTypes =
    [
        new("text", ColumnType.Text), new("whole number", ColumnType.Int64), new("a \"quoted\" name", ColumnType.Float64),
        new("bytes", ColumnType.Bytes), new("vector", ColumnType.FloatVector), new("image.bytes", ColumnType.Bytes),
            new("texts", ColumnType.TextList),
        new("image.path", ColumnType.Text),
    ];

    /// <summary>The same as they stand in the file, where the members of a struct are together.</summary>
    private static readonly ParquetColumn[] Stored = [.. AllTypes[..6], AllTypes[7], AllTypes[6]];

    private readonly string _folder = Directory.CreateTempSubdirectory("parquet's [1] *").FullName;

    private string File_ => Path.Combine(_folder, "table.parquet");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void EveryTypeComesBack()
    {
        object?[][] rows =
        [
            ["plain", 1L, 0.5, new byte[] { 0, 255, 0 }, new[] { 1f, -2f, float.Epsilon }, new byte[] { 7 },
                new[] { "one", "", "a third text, 长的" }, "a.jpg"],
            [null, null, null, null, null, null, null, null],
            ["", long.MinValue, double.NegativeInfinity, Array.Empty<byte>(), Array.Empty<float>(), null, Array.Empty<string>(), "b.jpg"],
            ["图片里有一只猫 🐈 – straße \0 end, longer than twelve bytes", long.MaxValue, double.NaN,
                Enumerable.Range(0, 5000).Select(i => (byte)i).ToArray(), new[] { 7f }, Array.Empty<byte>(), new[] { "x" }, null],
        ];
        ParquetRows.Write(File_, AllTypes, rows);
        using (var table = ParquetTable.Open(File_))
        {
            Assert.Equal(Stored, table.Columns);
            Assert.Equal(4, table.Rows);
        }
        Assert.Equal(rows, ParquetRows.Read(File_, [.. AllTypes.Select(c => c.Name)]));
        Assert.Equal([.. rows.Select(r => new[] { r[3], r[0] })], ParquetRows.Read(File_, ["bytes", "text"]));
        Assert.Equal(["table.parquet"], Directory.GetFiles(_folder).Select(Path.GetFileName));
    }

    [Fact]
    public void ATableWithoutRowsKeepsItsColumns()
    {
        ParquetRows.Write(File_, AllTypes, []);
        using var table = ParquetTable.Open(File_);
        Assert.Equal((8, 0L), (table.Columns.Count, table.Rows));
        Assert.Empty(ParquetRows.Read(File_, ["vector"]));
    }

    [Theory]
    [InlineData(nameof(ParquetCodec.Snappy))]
    [InlineData(nameof(ParquetCodec.Zstd))]
    [InlineData(nameof(ParquetCodec.Gzip))]
    [InlineData(nameof(ParquetCodec.None))]
    public void OneRowGroupIsReadWithoutTheOthers(string codec)
    {
        var random = new Random(1);
        byte[][] images = [.. Enumerable.Range(0, 25).Select(_ => { var b = new byte[20_000]; random.NextBytes(b); return b; })];
        var rows = images.Select((image, i) => new object?[] { $"row {i}", image });
        ParquetRows.Write(File_, [new("key", ColumnType.Text), new("image.bytes", ColumnType.Bytes)], rows,
            new ParquetWriteOptions { Codec = Enum.Parse<ParquetCodec>(codec), RowGroupRows = 10 });
        var groups = Groups();
        Assert.Equal([(0L, 10), (10L, 10), (20L, 5)], groups.Select(g => (g.FirstRow, g.Rows)));
        Assert.All(groups, g => Assert.InRange(g.Bytes, g.Rows * 20_000L, g.Rows * 21_000L));

        // The images of the other groups are damaged: whoever touched them would not get through, or get other rows.
        var bytes = File.ReadAllBytes(File_);
        foreach (var at in new[] { 0, 24 }.Select(i => bytes.AsSpan().IndexOf(images[i].AsSpan(0, 64))).Where(at => at >= 0))
        {
            bytes.AsSpan(at, 5000).Fill(0xA5);
        }
        File.WriteAllBytes(File_, bytes);
        Assert.Equal([.. Enumerable.Range(10, 10).Select(i => new object?[] { images[i], $"row {i}" })],
            ParquetRows.Read(File_, ["image.bytes", "key"], groups[1]));
    }

    [Fact]
    public void MetadataStandsInTheFile()
    {
        const string Text = """{"info": {"features": {"it's": 1}}}""";
        ParquetRows.Write(File_, [new("id", ColumnType.Int64)], [[1L]],
            new ParquetWriteOptions { Metadata = new Dictionary<string, string> { ["huggingface"] = Text } });
        var footer = System.Text.Encoding.UTF8.GetString(File.ReadAllBytes(File_));
        Assert.Contains("huggingface", footer);
        Assert.Contains(Text, footer);
    }

    [Fact]
    public void DamagedAndMissingFilesAreNamed()
    {
        ParquetRows.Write(File_, [new("id", ColumnType.Int64)], [[1L]]);
        var cut = Path.Combine(_folder, "cut.parquet");
        File.WriteAllBytes(cut, File.ReadAllBytes(File_)[..^6]);
        Assert.StartsWith($"{cut} cannot be read as Parquet: ", Assert.Throws<ParquetException>(() => ParquetTable.Open(cut)).Message);
        var missing = Path.Combine(_folder, "missing.parquet");
        Assert.Equal($"{missing} does not exist.", Assert.Throws<ParquetException>(() => ParquetTable.Open(missing)).Message);
        Assert.Equal($"{File_} has no column key that can be read; it has id.",
            Assert.Throws<ParquetException>(() => ParquetRows.Read(File_, ["key"]).Count()).Message);
    }

    [Fact]
    public void DamageInsideIsFoundWhileReading()
    {
        ParquetRows.Write(File_, [new("text", ColumnType.Text)],
            Enumerable.Range(0, 30_000).Select(i => new object?[] { $"row {i}, {i * 7919 % 104729}" }));
        var bytes = File.ReadAllBytes(File_);
        bytes.AsSpan(100, bytes.Length / 2).Fill(0xA5);
        File.WriteAllBytes(File_, bytes);
        Assert.StartsWith($"{File_} cannot be read as Parquet: ",
            Assert.Throws<ParquetException>(() => ParquetRows.Read(File_, ["text"]).Count()).Message);
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

        var error = Assert.Throws<InvalidDataException>(() => ParquetRows.Write(File_, [new("id", ColumnType.Int64)], Failing()));
        Assert.Equal("the source broke", error.Message);
        Assert.Empty(Directory.GetFiles(_folder));
        Assert.ThrowsAny<IOException>(() =>
            ParquetRows.Write(Path.Combine(_folder, "absent", "x.parquet"), [new("id", ColumnType.Int64)], [[1L]]));
        Assert.Empty(Directory.GetFiles(_folder));
    }

    [Fact]
    public void EveryRowHasACellInEveryColumn()
    {
        using (var writer = new ParquetTableWriter(File_, [new("id", ColumnType.Int64), new("text", ColumnType.Text)]))
        {
            writer.Integers("id").Add(1);
            Assert.Equal("Column text has got 0 cells for 1 rows.", Assert.Throws<InvalidOperationException>(writer.EndRow).Message);
            Assert.Throws<ArgumentException>(() => writer.Texts("id"));
            Assert.Throws<ArgumentException>(() => writer.Texts("absent"));
        }
        Assert.Empty(Directory.GetFiles(_folder));
    }

    [Fact]
    public void ARowGroupEndsWhereItIsLarge()
    {
        ParquetRows.Write(File_, [new("bytes", ColumnType.Bytes)], Enumerable.Range(0, 10).Select(i => new object?[] { new byte[400] }),
            new ParquetWriteOptions { RowGroupBytes = 1000 });
        Assert.Equal([3, 3, 3, 1], Groups().Select(group => group.Rows));
    }

    private IReadOnlyList<ParquetRowGroup> Groups()
    {
        using var table = ParquetTable.Open(File_);
        return table.RowGroups;
    }
}
