using System.Text.Json.Serialization;
using Llm2Clip.Files;

namespace Llm2Clip.Teachers.Store;

/// <summary>How the store keeps a vector's elements.</summary>
public enum VectorType
{
    /// <summary>IEEE half precision: half the space; values beyond 65504 are refused.</summary>
    [JsonStringEnumMemberName("fp16")]
    Fp16,

    /// <summary>Single precision.</summary>
    [JsonStringEnumMemberName("fp32")]
    Fp32,
}

/// <summary>
/// One pair of shard files. Checksums are XxHash128, 32 hexadecimal digits, of the bytes of the first <paramref name="Rows"/> rows.
/// </summary>
internal sealed record ShardEntry(int Number, int Rows, string Vectors, string Keys)
{
    public static string VectorFile(int number) => $"vectors-{number:d5}.bin";

    public static string KeyFile(int number) => $"keys-{number:d5}.bin";
}

/// <summary>One sorted part of the index.</summary>
internal sealed record IndexEntry(string File, long Entries, string Checksum);

/// <summary>
/// <c>manifest.json</c>: the only file that says what belongs to the store. It is written last, under a temporary name, and renamed, so
/// that every state on disk is either the old store or the new one.
/// </summary>
internal sealed record EmbeddingStoreManifest
{
    public const string FileName = "manifest.json";
    public const int CurrentFormat = 1;

    public required int Format { get; init; }

    /// <summary>Fingerprint of the teacher whose vectors these are.</summary>
    public required string Teacher { get; init; }

    public required int Dimension { get; init; }

    public required VectorType Dtype { get; init; }

    /// <summary>Rows a shard holds when it is full.</summary>
    public required int RowsPerShard { get; init; }

    public required IReadOnlyList<ShardEntry> Shards { get; init; }

    public required IReadOnlyList<IndexEntry> Index { get; init; }

    /// <summary>Bytes of one vector.</summary>
    [JsonIgnore]
    public int RowBytes => Dimension * (Dtype == VectorType.Fp16 ? 2 : 4);

    /// <summary>Vectors in all shards.</summary>
    [JsonIgnore]
    public long Rows => Shards.Sum(s => (long)s.Rows);

    /// <summary>Reads the manifest of a folder; throws <see cref="InputException"/> where there is none or it makes no sense.</summary>
    public static EmbeddingStoreManifest Read(string folder)
    {
        var path = Path.Combine(folder, FileName);
        if (!File.Exists(path))
        {
            throw new InputException($"{folder} is not an embedding store: it has no {FileName}. Make one with `llm2clip extract`.");
        }
        var manifest = JsonManifest.Read<EmbeddingStoreManifest>(
            path, "a store manifest", "Delete the folder and run `llm2clip extract` again.");
        if (manifest is null || manifest.Format != CurrentFormat)
        {
            throw new InputException($"{path} has format {manifest?.Format}, this version reads format {CurrentFormat}.");
        }
        manifest.Check(path);
        return manifest;
    }

    /// <summary>Writes the manifest, as <see cref="JsonManifest.Write"/> does: what it names must be on the disk before.</summary>
    public void Write(string folder) => JsonManifest.Write(folder, FileName, this);

    private void Check(string path)
    {
        // Elements of lists may be null in spite of what their types say.
        var sane = Dimension is > 0 and <= 1 << 20 && RowsPerShard > 0
            && Shards.All(s => s is { Number: >= 0 and < 100_000, Rows: > 0 } && s.Rows <= RowsPerShard)
            && Shards.Zip(Shards.Skip(1)).All(pair => pair.First.Number < pair.Second.Number)
            && Index.All(i => i is { Entries: > 0 } && EmbeddingStoreRecovery.NumberOf(i.File) >= 0);
        var (rows, entries) = sane ? (Rows, Index.Aggregate((Int128)0, (sum, i) => sum + i.Entries)) : (0, 0);
        if (!sane || rows != entries)
        {
            throw new InputException(
                $"{path} contradicts itself (dimension {Dimension}, {Shards.Count} shards of {rows} rows, {Index.Count} index parts of "
                + $"{entries}). "
                + "Delete the folder and extract again.");
        }
    }
}
