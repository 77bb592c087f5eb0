using Llm2Clip.Data.Parquet;
using Llm2Clip.Teachers.Store;
using Llm2Clip.Tests.Data.Parquet;
using Parquet;
using Parquet.Schema;

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
        ParquetRows.Write(File_("b.parquet"), [new("vector", ColumnType.FloatVector), new("text", ColumnType.Text)],
            [[new float[] { 1, 2 }, "hello"]]);
        Assert.Contains("--fingerprint",
            Assert.Throws<ConfigException>(() =>
            EmbeddingStoreParquet.Import([File_("b.parquet")], folder + "2", null, VectorType.Fp32)).Message);
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
        Assert.Contains("a.parquet, row 0",
            Assert.Throws<InputException>(() => EmbeddingStoreParquet.Import([File_("a.parquet")], narrow)).Message);
        ParquetRows.Write(File_("b.parquet"), [new("embedding", ColumnType.FloatVector)], []);
        Assert.Contains("embedding", Assert.Throws<InputException>(() =>
            EmbeddingStoreParquet.Import([File_("b.parquet")], narrow)).Message);
    }

    /// <summary>pandas writes a NaN in a list as a null: neither is a number, and a store that got nothing is not made.</summary>
    [Theory]
    [InlineData("null")]
    [InlineData("nan")]
    public async Task WhatIsNoNumberIsRefusedNamingFileAndRow(string what)
    {
        var path = File_("vectors.parquet");
        await using (var file = File.Create(path))
        {
            var (vector, text) = (new ListField("vector", new DataField<float?>("element")), new DataField<string>("text"));
            await using var writer = await ParquetWriter.CreateAsync(
                new ParquetSchema(vector, text), file, cancellationToken: TestContext.Current.CancellationToken);
            using var group = writer.CreateRowGroup();
            float[] values = what == "null" ? [1, 2, 3] : [1, 2, 3, float.NaN];
            int[] levels = what == "null" ? [3, 3, 3, 2] : [3, 3, 3, 3];
            await group.WriteAllPartsAsync<float>((DataField)vector.Item, values, levels, new[] { 0, 1, 0, 1 },
                TestContext.Current.CancellationToken);
            await group.WriteAllPartsAsync<ReadOnlyMemory<char>>(
                text, new[] { "a".AsMemory(), "b".AsMemory() }, new[] { 1, 1 }, null, TestContext.Current.CancellationToken);
        }
        var store = File_("store");
        var error = Assert.ThrowsAny<InputException>(() => EmbeddingStoreParquet.Import([path], store, "t", VectorType.Fp32));
        Assert.Equal(3, error.ExitCode);
        Assert.Contains(path, error.Message, StringComparison.Ordinal);
        Assert.Contains("row 1", error.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(store));
    }

    [Theory]
    [InlineData("vectors.parquet")]
    [InlineData("nan.parquet")]
    public void TheCasesAreRefused(string name)
    {
        var path = SharedData.RequireShared("cases", "store-import-null-element", name);
        var error = Assert.ThrowsAny<InputException>(() => EmbeddingStoreParquet.Import([path], File_("store"), "t", VectorType.Fp32));
        Assert.Contains("row 0", error.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(File_("store")));
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
