using System.Text.RegularExpressions;
using Llm2Clip.Teachers.Store;
using Llm2Clip.Tests.Teachers;

namespace Llm2Clip.Tests.Fuzzing;

/// <summary>Embedding stores: opened, read row by row, verified, repaired and written on.</summary>
internal static class StoreFormats
{
    private const int Dimension = 6;
    private const int Rows = 20;

    public static IReadOnlyList<FuzzFormat> All { get; } =
    [
        new("store", Plant, Read) { IsText = true, Cases = 600 },
        new("store-manifest", folder => [.. Plant(folder).Where(name => name == EmbeddingStoreManifest.FileName)], Read)
            { IsText = true, Place = new Regex("Path:|[Pp]roperty|LineNumber|contradicts|format|bytes|missing|index|teacher"),
                Cases = 400 },
        new("store-repair", Plant, Repair) { IsText = true, Cases = 200 },
        new("store-append", Plant, Append) { IsText = true, Cases = 200 },
    ];

    private static string[] Plant(string folder)
    {
        using (var writer = EmbeddingStoreWriter.Open(folder, "t", Dimension, VectorType.Fp32, rowsPerShard: 8))
        {
            StoreCases.Append(writer, 0, Rows);
            writer.Complete();
        }
        File.Delete(Path.Combine(folder, "write.lock"));
        return [.. Directory.EnumerateFiles(folder).Select(file => Path.GetFileName(file)!).Order(StringComparer.Ordinal)];
    }

    private static void Read(FuzzCase damaged)
    {
        EmbeddingStoreRecovery.Verify(damaged.Folder);
        using var store = EmbeddingStore.Open(damaged.Folder, "t");
        var vector = new float[store.Dimension];
        foreach (var (key, row) in store.Rows())
        {
            store.Read(row, vector);
            if (store.Find(key) is >= 0 and var found)
            {
                store.Read(found, vector);
            }
        }
    }

    private static void Repair(FuzzCase damaged)
    {
        FuzzFiles.Copy(damaged.Folder, damaged.Output);
        EmbeddingStoreRecovery.Repair(damaged.Output);
        if (EmbeddingStoreRecovery.Verify(damaged.Output) is [var problem, ..])
        {
            throw new InvalidOperationException("A repaired store is still damaged: " + problem);
        }
    }

    private static void Append(FuzzCase damaged)
    {
        FuzzFiles.Copy(damaged.Folder, damaged.Output);
        using var writer = EmbeddingStoreWriter.Open(damaged.Output, "t", Dimension, VectorType.Fp32);
        StoreCases.Append(writer, 0, Rows + 5);
        writer.Complete();
    }
}
