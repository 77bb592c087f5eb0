using System.Text.RegularExpressions;

namespace Llm2Clip.Teachers;

/// <summary>What happens to a store after a writer was killed, or after its files were damaged: recover, verify, repair.</summary>
public static partial class EmbeddingStoreRecovery
{
    /// <summary>
    /// Compares every file with its checksum in the manifest. Reads the whole store.
    /// </summary>
    /// <returns>A line for every damaged or missing file, naming it; empty where all is well.</returns>
    public static IReadOnlyList<string> Verify(string folder)
    {
        var manifest = EmbeddingStoreManifest.Read(folder);
        List<string> problems = [];
        foreach (var shard in manifest.Shards)
        {
            Compare(ShardEntry.VectorFile(shard.Number), (long)shard.Rows * manifest.RowBytes, shard.Vectors);
            Compare(ShardEntry.KeyFile(shard.Number), (long)shard.Rows * EmbeddingStoreShard.KeyRowSize, shard.Keys);
        }
        foreach (var part in manifest.Index)
        {
            Compare(part.File, part.Entries * EmbeddingStoreIndex.EntrySize, part.Checksum);
        }
        return problems;

        void Compare(string name, long length, string expected)
        {
            var found = StoreFiles.Checksum(Path.Combine(folder, name), length);
            if (found != expected)
            {
                problems.Add(found is null ? $"{name}: missing or shorter than {length} bytes" : $"{name}: checksum {found}, the manifest says {expected}");
            }
        }
    }

    /// <summary>
    /// Drops damaged shards, rebuilds the index from the key files of the others and writes a new manifest. What was dropped is computed again
    /// by the next extraction.
    /// </summary>
    /// <returns>Rows dropped and rows kept.</returns>
    public static (long Dropped, long Kept) Repair(string folder)
    {
        var manifest = EmbeddingStoreManifest.Read(folder);
        using var writeLock = EmbeddingStoreWriter.Lock(folder);
        List<ShardEntry> kept = [];
        foreach (var shard in manifest.Shards)
        {
            var vectors = StoreFiles.Checksum(Path.Combine(folder, ShardEntry.VectorFile(shard.Number)), (long)shard.Rows * manifest.RowBytes);
            var keys = StoreFiles.Checksum(Path.Combine(folder, ShardEntry.KeyFile(shard.Number)), (long)shard.Rows * EmbeddingStoreShard.KeyRowSize);
            if (vectors == shard.Vectors && keys == shard.Keys)
            {
                kept.Add(shard);
            }
        }
        List<IndexEntry> index = [];
        if (kept.Count > 0)
        {
            var next = Directory.EnumerateFiles(folder, "index-*.bin").Select(path => NumberOf(Path.GetFileName(path))).DefaultIfEmpty(-1).Max() + 1;
            index.Add(EmbeddingStoreIndex.Merge(folder, $"index-{next:d6}.bin", [.. kept.Select(shard => SortedKeys(folder, shard))]));
        }
        var repaired = manifest with { Shards = kept, Index = index };
        repaired.Write(folder);
        DeleteStrays(folder, repaired, null);
        return (manifest.Rows - repaired.Rows, repaired.Rows);
    }

    /// <summary>
    /// Finds how many rows behind the committed ones are complete, by their row checksums, and cuts both files there.
    /// </summary>
    /// <returns>Keys of the rows found.</returns>
    internal static IReadOnlyList<CaptionHash> RecoverTail(string folder, EmbeddingStoreManifest manifest, int number, int committed)
    {
        var (vectorPath, keyPath) = (Path.Combine(folder, ShardEntry.VectorFile(number)), Path.Combine(folder, ShardEntry.KeyFile(number)));
        if (!File.Exists(vectorPath) || !File.Exists(keyPath))
        {
            return [];
        }
        List<CaptionHash> keys = [];
        using var vectors = StoreFiles.OpenForUpdate(vectorPath);
        using var rows = StoreFiles.OpenForUpdate(keyPath);
        var vector = new byte[manifest.RowBytes];
        var keyRow = new byte[EmbeddingStoreShard.KeyRowSize];
        for (var row = committed; row < manifest.RowsPerShard; row++)
        {
            var complete = RandomAccess.Read(vectors, vector, (long)row * vector.Length) == vector.Length
                && RandomAccess.Read(rows, keyRow, (long)row * keyRow.Length) == keyRow.Length;
            if (!complete || !EmbeddingStoreShard.Agrees(keyRow, vector))
            {
                break;
            }
            keys.Add(CaptionHash.Read(keyRow));
        }
        RandomAccess.SetLength(vectors, (long)(committed + keys.Count) * vector.Length);
        RandomAccess.SetLength(rows, (long)(committed + keys.Count) * keyRow.Length);
        return keys;
    }

    /// <summary>Deletes files of the store's naming that the manifest does not name: what a killed writer left behind.</summary>
    internal static void DeleteStrays(string folder, EmbeddingStoreManifest manifest, int? openShard)
    {
        var named = manifest.Index.Select(part => part.File).ToHashSet();
        foreach (var number in manifest.Shards.Select(shard => shard.Number).Concat(openShard is { } open ? [open] : []))
        {
            named.Add(ShardEntry.VectorFile(number));
            named.Add(ShardEntry.KeyFile(number));
        }
        foreach (var path in Directory.EnumerateFiles(folder))
        {
            var name = Path.GetFileName(path);
            if ((DataFile().IsMatch(name) && !named.Contains(name)) || name == EmbeddingStoreManifest.FileName + ".tmp")
            {
                File.Delete(path);
            }
        }
    }

    /// <summary>Whether a file name is one that the store itself makes.</summary>
    internal static bool IsOurs(string name) => DataFile().IsMatch(name) || name is "write.lock" or EmbeddingStoreManifest.FileName + ".tmp";

    /// <summary>The number in a file name such as <c>index-000003.bin</c>.</summary>
    internal static int NumberOf(string name) => DataFile().Match(name) is { Success: true } match ? int.Parse(match.Groups[1].ValueSpan) : -1;

    private static IEnumerable<(CaptionHash Key, long Row)> SortedKeys(string folder, ShardEntry shard) =>
        EmbeddingStoreShard.Keys(folder, shard.Number, shard.Rows)
            .Select((key, row) => (key, ((long)shard.Number << 32) | (uint)row))
            .OrderBy(entry => entry.key);

    [GeneratedRegex(@"^(?:vectors|keys|index)-(\d{5,6})\.bin$")]
    private static partial Regex DataFile();
}
