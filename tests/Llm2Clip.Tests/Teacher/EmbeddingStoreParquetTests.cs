using Llm2Clip.Data.Parquet;
using Llm2Clip.Teachers.Store;
using Llm2Clip.Tests.Data.Parquet;

namespace Llm2Clip.Tests.Teachers;

public sealed class EmbeddingStoreParquetTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("store-").FullName;

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
            Assert.Equal(25, EmbeddingStoreParquet.Export(store, path, withTexts ? texts : null, rowsPerFile: 10));
        }
        string[] files = inParts ? [.. Directory.GetFiles(path, "*.parquet").Order()] : [path];
        Assert.Equal(inParts ? 3 : 1, files.Length);
        if (withTexts)
        {
            Assert.Equal(5, files.SelectMany(file => ParquetRows.Read(file, ["text"])).Count(row => row[0] is null));
        }
        using (var writer = EmbeddingStore.Create(Path.Combine(_root, "to"), "t", 4, VectorType.Fp32))
        {
            Assert.Equal(25, EmbeddingStoreParquet.Import(files, writer));
            Assert.Equal(0, EmbeddingStoreParquet.Import(files, writer));
        }
        using var back = EmbeddingStore.Open(Path.Combine(_root, "to"), "t");
        StoreCases.AssertHolds(back, 25);
    }

    [Fact]
    public void AStoreIsMadeOfATableAlone()
    {
        using (var store = EmbeddingStore.Open(Fill("from", 12)))
        {
            EmbeddingStoreParquet.Export(store, File_("a.parquet"));
        }
        var folder = Path.Combine(_root, "made");
        Assert.Equal(12, EmbeddingStoreParquet.Import([File_("a.parquet")], folder, null, VectorType.Fp32));
        using var made = EmbeddingStore.Open(folder, "t");
        StoreCases.AssertHolds(made, 12);
        ParquetRows.Write(File_("b.parquet"), [new("vector", ColumnType.FloatVector), new("text", ColumnType.Text)], [[new float[] { 1, 2 }, "hello"]]);
        Assert.Contains("--fingerprint", Assert.Throws<ConfigException>(() => EmbeddingStoreParquet.Import([File_("b.parquet")], folder + "2", null, VectorType.Fp32)).Message);
        Assert.Equal(1, EmbeddingStoreParquet.Import([File_("b.parquet")], folder + "2", "someone", VectorType.Fp32));
    }

    [Fact]
    public void ForeignTablesAreRefusedNamingFileAndRow()
    {
        using (var store = EmbeddingStore.Open(Fill("from", 3)))
        {
            EmbeddingStoreParquet.Export(store, File_("a.parquet"));
        }
        using (var other = EmbeddingStore.Create(Path.Combine(_root, "other"), "t2", 4, VectorType.Fp32))
        {
            Assert.Contains("t2", Assert.Throws<InputException>(() => EmbeddingStoreParquet.Import([File_("a.parquet")], other)).Message);
        }
        using var narrow = EmbeddingStore.Create(Path.Combine(_root, "narrow"), "t", 3, VectorType.Fp32);
        Assert.Contains("a.parquet, row 0", Assert.Throws<InputException>(() => EmbeddingStoreParquet.Import([File_("a.parquet")], narrow)).Message);
        ParquetRows.Write(File_("b.parquet"), [new("embedding", ColumnType.FloatVector)], []);
        Assert.Contains("embedding", Assert.Throws<InputException>(() => EmbeddingStoreParquet.Import([File_("b.parquet")], narrow)).Message);
    }

    private string File_(string name) => Path.Combine(_root, name);

    private string Fill(string name, int count)
    {
        var folder = Path.Combine(_root, name);
        using var writer = EmbeddingStoreWriter.Open(folder, "t", 4, VectorType.Fp32, rowsPerShard: 8);
        StoreCases.Append(writer, 0, count);
        return folder;
    }
}
