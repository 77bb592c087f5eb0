using Llm2Clip.Data;
using Llm2Clip.Data.Parquet;
using Parquet;
using Parquet.Schema;
using ParquetException = Llm2Clip.Data.Parquet.ParquetException;

namespace Llm2Clip.Tests.Data.Parquet;

/// <summary>
/// Files of other writers, which <c>Files/make.cs</c> makes with Arrow C++ and DuckDB; what they hold is stated here by the same
/// formulas.
/// </summary>
public sealed class ForeignFileTests : IDisposable
{
    private const int Rows = 40;

    internal static readonly string Folder =
        Path.Combine(SharedData.RepositoryRoot(), "tests", "Llm2Clip.Tests", "Data", "Parquet", "Files");

    private readonly string _scratch = Directory.CreateTempSubdirectory("llm2clip-foreign").FullName;

    public void Dispose() => Directory.Delete(_scratch, recursive: true);

    [Fact]
    public void ArrowsStructsListsDictionariesAndNulls()
    {
        Assert.Equal(
            [
                new("image.bytes", ColumnType.Bytes), new("image.path", ColumnType.Text), new("captions", ColumnType.TextList),
                new("label", ColumnType.Int64), new("id", ColumnType.Int64),
            ],
            Columns("arrow.parquet"));
        Assert.Equal(
            Enumerable.Range(0, Rows).Select(i => new object?[]
            {
                i % 7 == 6 || i % 5 == 4 ? null : Bytes($"image {i}"),
                i % 7 == 6 || i % 3 == 2 ? null : $"{i}.jpg",
                i % 4 == 3 ? null : Enumerable.Range(0, i % 3).Select(k => k == 1 && i % 2 == 0 ? "" : Caption(i + k)).ToArray(),
                i % 2 == 0 ? (long)(i % 4) : null,
                1L << i,
            }),
            Read("arrow.parquet", "image.bytes", "image.path", "captions", "label", "id"));
        using var table = ParquetTable.Open(Path.Combine(Folder, "arrow.parquet"));
        Assert.Equal([(0, 0L, 24), (1, 24L, 16)], table.RowGroups.Select(group => (group.Index, group.FirstRow, group.Rows)));
    }

    /// <summary>Version 2: pages of version 2, zstd, BYTE_STREAM_SPLIT and DELTA_LENGTH_BYTE_ARRAY.</summary>
    [Theory]
    [InlineData("vectors.parquet")]
    [InlineData("vectors-v2.parquet")]
    public void ArrowsVectorsOverManyPagesBesideTypesThatAreNotRead(string file)
    {
        Assert.Equal(
            [
                new("floats", ColumnType.FloatVector), new("half", ColumnType.Bytes), new("doubles", ColumnType.FloatVector),
                new("fixed", ColumnType.FloatVector), new("large", ColumnType.Text),
            ],
            Columns(file));
        Assert.Equal(
            Enumerable.Range(0, Rows).Select(i => new object?[]
            {
                i % 9 == 8 ? null : Enumerable.Range(0, i % 5).Select(k => i + k / 8f).ToArray(),
                BitConverter.GetBytes((Half)i),
                Enumerable.Range(0, 3).Select(k => (float)(i / 3.0 + k)).ToArray(),
                Enumerable.Range(0, 3).Select(k => -i - k / 4f).ToArray(),
                Caption(i),
            }),
            Read(file, "floats", "half", "doubles", "fixed", "large"));
    }

    /// <summary>PLAIN, dictionaries and DELTA_BINARY_PACKED.</summary>
    [Theory]
    [InlineData("numbers-gzip.parquet")]
    [InlineData("numbers-brotli.parquet")]
    [InlineData("numbers-lz4.parquet")]
    [InlineData("numbers-zstd.parquet")]
    public void ArrowsNumbersOfEveryWidthAndCodec(string file) => Assert.Equal(
        Enumerable.Range(0, Rows * 3).Select(i => new object?[]
        {
            (long)(i % 100 - 50), (long)(i % 256), -i * 70L, i * 100L, i % 11 == 10 ? null : (long)(i * 1_000_003),
            (long)uint.MaxValue - i, (long)i * i * -1_000_000_007, (long)i << 50,
            i % 13 == 12 ? null : i / 4.0, -i / 8.0, Caption(i % 10),
        }),
        Read(file, "i8", "u8", "i16", "u16", "i32", "u32", "i64", "u64", "f32", "f64", "text"));

    [Theory]
    [InlineData("duckdb-v1.parquet")]
    [InlineData("duckdb-v2.parquet")]
    public void DuckDbsFiles(string file)
    {
        Assert.Equal(
            [
                new("id", ColumnType.Int64), new("caption", ColumnType.Text), new("vector", ColumnType.FloatVector),
                new("image.bytes", ColumnType.Bytes), new("image.path", ColumnType.Text),
            ],
            Columns(file));
        Assert.Equal(
            Enumerable.Range(0, Rows).Select(i => new object?[]
            {
                (long)i, i % 6 == 5 ? null : $"caption {i}", i % 4 == 3 ? null : new[] { i / 2f, -i }, Bytes($"image {i}"), $"{i}.png",
            }),
            Read(file, "id", "caption", "vector", "image.bytes", "image.path"));
    }

    [Fact]
    public void DuckDbsFilesAreDataSets()
    {
        var source = Datasets.Open(Path.Combine(Folder, "duckdb-v2.parquet"), new DataConfig(), SilentLog.Instance);
        var samples = Enumerable.Range(0, source.ShardCount).SelectMany(shard => source.ReadShard(shard, _ => { })).ToList();
        Assert.Equal(
            Enumerable.Range(0, Rows).Where(i => i % 6 != 5).Select(i => $"caption {i}"),
            samples.Select(sample => sample.Captions[0].Text));
        Assert.All(samples, sample => Assert.Equal(Bytes($"image {sample.Key}"), sample.Image.Read()));
    }

    /// <summary>Files of old writers have lists without the group that tells an empty list from none.</summary>
    [Fact]
    public async Task ListsWithoutAGroupAreRead()
    {
        var path = Path.Combine(_scratch, "old.parquet");
        await Write(path, new DataField<float[]>("vector"), new float[] { 1, 2, 3, 4 }, [1, 1, 0, 1, 1], [0, 1, 0, 0, 1]);
        Assert.Equal([[new float[] { 1, 2 }], [Array.Empty<float>()], [new float[] { 3, 4 }]], ParquetRows.Read(path, ["vector"]));
    }

    [Fact]
    public async Task NullsInVectorsAndNumbersBeyondAreRefused()
    {
        var path = Path.Combine(_scratch, "a.parquet");
        await Write(path, new DataField<ulong>("id"), new[] { 1UL, ulong.MaxValue }, null, null);
        Assert.Equal($"{path}: column id holds 18446744073709551615, which is beyond 2^63.", Refusal(path, "id"));
        await Write(path, new ListField("vector", new DataField<float?>("element")), new float[] { 1, 2, 3 }, [3, 3, 2, 3], [0, 1, 0, 1]);
        Assert.Equal($"{path} cannot be read as Parquet: row 1, column vector: a vector holds a null", Refusal(path, "vector"));
    }

    [Fact]
    public void WhatIsNotReadIsNamed()
    {
        var path = Path.Combine(Folder, "delta-byte-array.parquet");
        Assert.Equal(
            $"{path} cannot be read as Parquet: row group 0, column text: "
            + "its values are in the encoding DELTA_BYTE_ARRAY, which is not read",
            Refusal(path, "text"));
        using var table = ParquetTable.Open(path);
        Assert.Equal(
            $"{path}: column text is of type Text, not Int64.",
            Assert.Throws<ParquetException>(() => table.Integers("text")).Message);
    }

    private static string Caption(int i) => $"caption {i} 图";

    private static byte[] Bytes(string text) => System.Text.Encoding.ASCII.GetBytes(text);

    private static IReadOnlyList<ParquetColumn> Columns(string file)
    {
        using var table = ParquetTable.Open(Path.Combine(Folder, file));
        return table.Columns;
    }

    private static IEnumerable<object?[]> Read(string file, params string[] columns) =>
        ParquetRows.Read(Path.Combine(Folder, file), columns);

    private static string Refusal(string path, string column) =>
        Assert.Throws<ParquetException>(() => ParquetRows.Read(path, [column]).Count()).Message;

    private static async Task Write<T>(string path, Field field, T[] values, int[]? definitions, int[]? repetitions)
        where T : struct
    {
        await using var file = File.Create(path);
        await using var writer = await ParquetWriter.CreateAsync(new ParquetSchema(field), file);
        using var group = writer.CreateRowGroup();
        await group.WriteAllPartsAsync<T>(
            field is ListField list ? (DataField)list.Item : (DataField)field, values, Levels(definitions), Levels(repetitions),
            CancellationToken.None);

        // A null array would become an empty memory by itself.
        static ReadOnlyMemory<int>? Levels(int[]? levels) => levels is null ? default(ReadOnlyMemory<int>?) : levels;
    }
}
