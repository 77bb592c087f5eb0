using Llm2Clip.Teachers.Store;
using System.Buffers.Binary;
using Llm2Clip.Data.Parquet;
using Llm2Clip.Teachers;
using Llm2Clip.Tests.Data.Parquet;

namespace Llm2Clip.Tests.Fuzzing;

/// <summary>Parquet: as data set, as vectors for a store, and every column of files of other writers.</summary>
internal static class ParquetFormats
{
    public static IReadOnlyList<FuzzFormat> All { get; } =
    [
        new("parquet", DataSet, damaged => FuzzFiles.ReadAll(damaged)) { Cases = 150, Mend = Mend },
        new("store-parquet", Store, damaged => EmbeddingStoreParquet.Import([damaged.Path], damaged.Output, null, VectorType.Fp32))
        {
            Cases = 80, Mend = Mend,
        },
        new("parquet-columns", Foreign, Columns) { Cases = 300, Mend = Mend },
    ];

    private static string[] DataSet(string folder)
    {
        List<string> names = [];
        foreach (var codec in Enum.GetValues<ParquetCodec>())
        {
            names.Add($"{codec}.parquet");
            ParquetRows.Write(
                Path.Combine(folder, names[^1]),
                [
                    new("image.bytes", ColumnType.Bytes), new("image.path", ColumnType.Text), new("caption", ColumnType.TextList),
                    new("img_id", ColumnType.Int64),
                ],
                Enumerable.Range(0, 40).Select(i => new object?[]
                {
                    Image(i % 3), $"{i}.jpg", new[] { $"caption {i}", "another" }, (long)i,
                }),
                new ParquetWriteOptions { Codec = codec, RowGroupRows = 16 });
        }
        return [.. names];
    }

    /// <summary>Images are passed on, never decoded.</summary>
    private static byte[] Image(int seed)
    {
        var bytes = new byte[300];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    private static string[] Store(string folder)
    {
        ParquetRows.Write(
            Path.Combine(folder, "a.parquet"),
            [new("text", ColumnType.Text), new("vector", ColumnType.FloatVector), new("teacher", ColumnType.Text)],
            Enumerable.Range(0, 30).Select(i => new object?[] { $"caption {i}", new float[] { i, 1, 2, 3 }, "t" }));
        return ["a.parquet"];
    }

    private static string[] Foreign(string folder)
    {
        FuzzFiles.Copy(ForeignFileTests.Folder, Path.Combine(folder, "foreign"));
        return [.. Directory.EnumerateFiles(Path.Combine(folder, "foreign"), "*.parquet")
            .Where(file => Path.GetFileName(file) != "delta-byte-array.parquet") // refused as it is
            .Order(StringComparer.Ordinal).Select(file => Path.GetRelativePath(folder, file))];
    }

    private static void Columns(FuzzCase damaged)
    {
        List<string> names;
        using (var table = ParquetTable.Open(damaged.Path))
        {
            names = [.. table.Columns.Select(column => column.Name).Distinct()];
        }
        foreach (var name in names)
        {
            _ = ParquetRows.Read(damaged.Path, [name]).Count();
        }
    }

    /// <summary>Puts the marks at both ends right, and the footer's length where the damage is in the footer.</summary>
    private static byte[] Mend(byte[] valid, byte[] damaged)
    {
        const int Tail = 8;
        var dataEnd = valid.Length - Tail - BinaryPrimitives.ReadInt32LittleEndian(valid.AsSpan(valid.Length - Tail));
        if (damaged.Length <= Tail + 4)
        {
            return damaged;
        }
        byte[] mended = [.. damaged];
        "PAR1"u8.CopyTo(mended);
        "PAR1"u8.CopyTo(mended.AsSpan(mended.Length - 4));
        var isInFooter = mended.Length > dataEnd + Tail && mended.AsSpan(0, dataEnd).SequenceEqual(valid.AsSpan(0, dataEnd));
        BinaryPrimitives.WriteInt32LittleEndian(
            mended.AsSpan(mended.Length - Tail), (isInFooter ? mended.Length : valid.Length) - Tail - dataEnd);
        return mended;
    }
}
