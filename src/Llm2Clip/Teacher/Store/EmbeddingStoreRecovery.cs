using System.Text.RegularExpressions;
using Llm2Clip.Files;
using Microsoft.Win32.SafeHandles;

namespace Llm2Clip.Teachers.Store;

/// <summary>What happens to a store after a writer was killed, or after its files were damaged: recover, verify, repair.</summary>
internal static partial class EmbeddingStoreRecovery
{
    /// <summary>
    /// Begins the names of a damaged shard's files while its sound rows are taken over. The manifest does not name them, so they stay until
    /// a repair has committed what they hold.
    /// </summary>
    private const string Aside = "damaged-";

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
        problems.AddRange(AsideFiles(folder).Select(
            path => $"{Path.GetFileName(path)}: left by a repair that was stopped, which the next one completes"));
        return problems;

        void Compare(string name, long length, string expected)
        {
            var found = StoreFiles.Checksum(Path.Combine(folder, name), length);
            if (found != expected)
            {
                problems.Add(found is null
                    ? $"{name}: missing or shorter than {length} bytes"
                    : $"{name}: checksum {found}, the manifest says {expected}");
            }
        }
    }

    /// <summary>
    /// Rebuilds a store from what is sound: shards whose checksums hold stay as they are, of damaged ones every row whose own checksum
    /// holds is taken over, and the index is made anew. What is lost is computed again by the next extraction. Damaged shards are set aside
    /// before the manifest forgets them and deleted when it names what was taken over, so a repair that was stopped anywhere is completed
    /// by the next one.
    /// </summary>
    /// <returns>Rows lost and rows kept.</returns>
    public static (long Lost, long Kept) Repair(string folder)
    {
        var manifest = EmbeddingStoreManifest.Read(folder);
        using (FolderLock.Take(folder))
        {
            KeepSound(folder, manifest);
        }
        using var writer = EmbeddingStoreWriter.Open(folder, manifest.Teacher, manifest.Dimension, manifest.Dtype);
        var unreadable = AsideFiles(folder).Sum(path => Salvage(path, manifest, writer));
        writer.Complete();
        foreach (var path in AsideFiles(folder))
        {
            File.Delete(path);
        }
        return (Math.Max(unreadable, manifest.Rows - writer.Count), writer.Count);
    }

    /// <summary>Sets aside what is damaged, and shards that the manifest does not name yet; leaves a store of the sound ones.</summary>
    private static void KeepSound(string folder, EmbeddingStoreManifest manifest)
    {
        var sound = manifest.Shards.Where(shard =>
            Holds(ShardEntry.VectorFile(shard.Number), (long)shard.Rows * manifest.RowBytes, shard.Vectors)
            && Holds(ShardEntry.KeyFile(shard.Number), (long)shard.Rows * EmbeddingStoreShard.KeyRowSize, shard.Keys)).ToList();
        bool Holds(string file, long length, string expected) => StoreFiles.Checksum(Path.Combine(folder, file), length) == expected;

        List<IndexEntry> index = [];
        if (sound.Count > 0)
        {
            var numbers = Directory.EnumerateFiles(folder, "index-*.bin").Select(path => NumberOf(Path.GetFileName(path)));
            var next = numbers.DefaultIfEmpty(-1).Max() + 1;
            index.Add(EmbeddingStoreIndex.Merge(folder, $"index-{next:d6}.bin", [.. sound.Select(shard => SortedKeys(folder, shard))]));
        }
        var found = Directory.EnumerateFiles(folder, "*.bin").Select(path => Path.GetFileName(path))
            .Where(name => !name.StartsWith("index", StringComparison.Ordinal)).Select(NumberOf);
        foreach (var number in found.Where(number => number >= 0).Except(sound.Select(shard => shard.Number)).ToList())
        {
            SetAside(folder, number);
        }
        (manifest with { Shards = sound, Index = index }).Write(folder);
    }

    /// <summary>
    /// Appends the rows of a shard that was set aside, which is named by its vectors, where their checksums hold; those that are there
    /// already are left out.
    /// </summary>
    /// <returns>Rows whose checksums do not hold.</returns>
    private static long Salvage(string vectorPath, EmbeddingStoreManifest manifest, EmbeddingStoreWriter writer)
    {
        var name = Path.GetFileName(vectorPath);
        var keyPath = Path.Combine(Path.GetDirectoryName(vectorPath)!, name.Replace("vectors", "keys", StringComparison.Ordinal));
        if (name == Path.GetFileName(keyPath) || !File.Exists(keyPath))
        {
            return 0;
        }
        using var vectors = StoreFiles.OpenForUpdate(vectorPath);
        using var rows = StoreFiles.OpenForUpdate(keyPath);
        var vector = new byte[manifest.RowBytes];
        var keyRow = new byte[EmbeddingStoreShard.KeyRowSize];
        var values = new float[manifest.Dimension];
        var count = Math.Min(
            manifest.RowsPerShard, Math.Min(RandomAccess.GetLength(vectors) / vector.Length, RandomAccess.GetLength(rows) / keyRow.Length));
        var unreadable = 0L;
        for (var row = 0; row < count; row++)
        {
            if (ReadRow(vectors, rows, row, vector, keyRow))
            {
                EmbeddingStoreShard.ToSingle(vector, manifest.Dtype, values);
                writer.Append([CaptionHash.Read(keyRow)], values);
            }
            else
            {
                unreadable++;
            }
        }
        return unreadable;
    }

    /// <summary>Gives both files of a shard a name that none has: an earlier repair may have left others, and half of this pair.</summary>
    private static void SetAside(string folder, int number)
    {
        var files = new[] { ShardEntry.VectorFile(number), ShardEntry.KeyFile(number) }
            .Where(name => File.Exists(Path.Combine(folder, name))).ToList();
        var prefix = Enumerable.Range(1, int.MaxValue).Select(time => time == 1 ? Aside : $"{Aside}{time}-")
            .First(prefix => files.TrueForAll(name => !File.Exists(Path.Combine(folder, prefix + name))));
        foreach (var name in files)
        {
            File.Move(Path.Combine(folder, name), Path.Combine(folder, prefix + name));
        }
    }

    private static IReadOnlyList<string> AsideFiles(string folder) =>
        [.. Directory.GetFiles(folder, Aside + "*.bin").Order(StringComparer.Ordinal)];

    /// <summary>Reads a row and its key row; false where either is cut or they do not belong together.</summary>
    private static bool ReadRow(SafeFileHandle vectors, SafeFileHandle rows, int row, byte[] vector, byte[] keyRow) =>
        RandomAccess.Read(vectors, vector, (long)row * vector.Length) == vector.Length
        && RandomAccess.Read(rows, keyRow, (long)row * keyRow.Length) == keyRow.Length
        && EmbeddingStoreShard.Agrees(keyRow, vector);

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
            if (!ReadRow(vectors, rows, row, vector, keyRow))
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
            if (DataFile().IsMatch(name) && !named.Contains(name))
            {
                File.Delete(path);
            }
        }
    }

    /// <summary>Whether a file name is one that the store itself makes.</summary>
    internal static bool IsOurs(string name) => DataFile().IsMatch(name) || name is FolderLock.FileName or StoreDescription.FileName;

    /// <summary>The number in a file name such as <c>index-000003.bin</c>.</summary>
    internal static int NumberOf(string name) =>
        DataFile().Match(name) is { Success: true } match ? int.Parse(match.Groups[1].ValueSpan) : -1;

    private static IEnumerable<(CaptionHash Key, long Row)> SortedKeys(string folder, ShardEntry shard) =>
        EmbeddingStoreShard.Keys(folder, shard.Number, shard.Rows)
            .Select((key, row) => (key, ((long)shard.Number << 32) | (uint)row))
            .OrderBy(entry => entry.key);

    [GeneratedRegex(@"^(?:vectors|keys|index)-(\d{5,6})\.bin$")]
    private static partial Regex DataFile();
}
