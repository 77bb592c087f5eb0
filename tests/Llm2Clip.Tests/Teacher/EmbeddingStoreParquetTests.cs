using Llm2Clip.Engine;
using Llm2Clip.Teachers;

namespace Llm2Clip.Tests.Teachers;

public sealed class EmbeddingStoreParquetTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("store-").FullName;
    private readonly MemoryParquet _parquet = new();

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Theory]
    [InlineData(false, true)]
    [InlineData(true, true)]
    [InlineData(false, false)]
    public void AStoreSurvivesTheRoundTrip(bool withTexts, bool inParts)
    {
        var from = Fill("from", 25);
        var texts = Enumerable.Range(0, 20).Reverse().Concat([3, 3, 99]).Select(StoreCases.Text); // Some twice, one unknown, five missing.
        var path = inParts ? Path.Combine(_root, "table") : Path.Combine(_root, "table.parquet");
        using (var store = EmbeddingStore.Open(from))
        {
            Assert.Equal(25, EmbeddingStoreParquet.Export(store, _parquet, path, withTexts ? texts : null, rowsPerFile: 10));
        }
        Assert.Equal(inParts ? 3 : 1, _parquet.Files.Count);
        if (withTexts)
        {
            Assert.Equal(5, _parquet.Files.SelectMany(file => file.Value.Rows).Count(row => row[3] is null));
        }
        using (var writer = EmbeddingStore.Create(Path.Combine(_root, "to"), "t", 4, VectorType.Fp32))
        {
            Assert.Equal(25, EmbeddingStoreParquet.Import(_parquet, [.. _parquet.Files.Keys], writer));
            Assert.Equal(0, EmbeddingStoreParquet.Import(_parquet, [.. _parquet.Files.Keys], writer));
        }
        using var back = EmbeddingStore.Open(Path.Combine(_root, "to"), "t");
        StoreCases.AssertHolds(back, 25);
    }

    [Fact]
    public void AStoreIsMadeOfATableAlone()
    {
        using (var store = EmbeddingStore.Open(Fill("from", 12)))
        {
            EmbeddingStoreParquet.Export(store, _parquet, "a.parquet");
        }
        var folder = Path.Combine(_root, "made");
        Assert.Equal(12, EmbeddingStoreParquet.Import(_parquet, ["a.parquet"], folder, null, VectorType.Fp32));
        using var made = EmbeddingStore.Open(folder, "t");
        StoreCases.AssertHolds(made, 12);
        _parquet.Write("b.parquet", [new("vector", ColumnType.FloatVector), new("text", ColumnType.Text)], [[new float[] { 1, 2 }, "hello"]]);
        Assert.Contains("--fingerprint", Assert.Throws<ConfigException>(() => EmbeddingStoreParquet.Import(_parquet, ["b.parquet"], folder + "2", null, VectorType.Fp32)).Message);
        Assert.Equal(1, EmbeddingStoreParquet.Import(_parquet, ["b.parquet"], folder + "2", "someone", VectorType.Fp32));
    }

    [Fact]
    public void ForeignTablesAreRefusedNamingFileAndRow()
    {
        using (var store = EmbeddingStore.Open(Fill("from", 3)))
        {
            EmbeddingStoreParquet.Export(store, _parquet, "a.parquet");
        }
        using (var other = EmbeddingStore.Create(Path.Combine(_root, "other"), "t2", 4, VectorType.Fp32))
        {
            Assert.Contains("t2", Assert.Throws<InputException>(() => EmbeddingStoreParquet.Import(_parquet, ["a.parquet"], other)).Message);
        }
        using var narrow = EmbeddingStore.Create(Path.Combine(_root, "narrow"), "t", 3, VectorType.Fp32);
        Assert.Contains("a.parquet, row 0", Assert.Throws<InputException>(() => EmbeddingStoreParquet.Import(_parquet, ["a.parquet"], narrow)).Message);
        _parquet.Write("b.parquet", [new("embedding", ColumnType.FloatVector)], []);
        Assert.Contains("embedding", Assert.Throws<InputException>(() => EmbeddingStoreParquet.Import(_parquet, ["b.parquet"], narrow)).Message);
    }

    private string Fill(string name, int count)
    {
        var folder = Path.Combine(_root, name);
        using var writer = EmbeddingStoreWriter.Open(folder, "t", 4, VectorType.Fp32, rowsPerShard: 8);
        StoreCases.Append(writer, 0, count);
        return folder;
    }

    /// <summary>Keeps tables in memory: these tests are about what the store makes of rows, not about Parquet.</summary>
    private sealed class MemoryParquet : IParquet
    {
        public SortedDictionary<string, (IReadOnlyList<ParquetColumn> Columns, List<object?[]> Rows)> Files { get; } = [];

        public (IReadOnlyList<ParquetColumn> Columns, long Rows) Inspect(string path) => (Files[path].Columns, Files[path].Rows.Count);

        public IReadOnlyList<ParquetRowGroup> RowGroups(string path) => throw new NotSupportedException();

        public IEnumerable<object?[]> Read(string path, IReadOnlyList<string> columns, ParquetRowGroup? group = null)
        {
            var at = columns.Select(name => Files[path].Columns.ToList().FindIndex(column => column.Name == name)).ToArray();
            return Files[path].Rows.Select(row => at.Select(i => row[i]).ToArray());
        }

        public void Write(string path, IReadOnlyList<ParquetColumn> columns, IEnumerable<object?[]> rows, ParquetWriteOptions? options = null) => Files[path] = (columns, [.. rows]);
    }
}
