// Own: found by caption text, appended to while it is read, resumed after a kill; Parquet can do none of this.
using Llm2Clip.Data;

namespace Llm2Clip.Teachers.Store;

/// <summary>
/// Un-normalized teacher vectors on disk, found by caption text. A folder of <c>manifest.json</c>, fixed-width vector shards, key files and
/// a sorted index; vectors and index are memory-mapped, so that opening costs nothing and 30 million captions need no memory of their own.
/// Reading is safe from several threads and beside a writer (it sees what was committed when it opened). Written by
/// <see cref="EmbeddingStoreWriter"/>.
/// </summary>
public sealed class EmbeddingStore : ICaptionVectors, IDisposable
{
    private readonly EmbeddingStoreManifest _manifest;
    private readonly EmbeddingStoreShard?[] _shards; // By shard number; null where a number is not in use.
    private readonly List<EmbeddingStoreIndex> _index = [];

    private EmbeddingStore(string folder, EmbeddingStoreManifest manifest)
    {
        Folder = folder;
        _manifest = manifest;
        _shards = new EmbeddingStoreShard?[manifest.Shards.Count == 0 ? 0 : manifest.Shards[^1].Number + 1];
        try
        {
            foreach (var entry in manifest.Shards)
            {
                _shards[entry.Number] = new EmbeddingStoreShard(folder, manifest, entry);
            }
            _index.AddRange(manifest.Index.Select(entry => new EmbeddingStoreIndex(folder, entry)));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Where it lies.</summary>
    public string Folder { get; }

    /// <summary>Fingerprint of the teacher whose vectors these are.</summary>
    public string Fingerprint => _manifest.Teacher;

    /// <summary>Elements of a vector.</summary>
    public int Dimension => _manifest.Dimension;

    /// <summary>How elements are kept; reading always gives fp32.</summary>
    public VectorType Type => _manifest.Dtype;

    /// <summary>Vectors in the store: one a distinct caption.</summary>
    public long Count => _manifest.Rows;

    /// <summary>
    /// Opens a store for reading. Throws <see cref="InputException"/> where the folder is no store, a file is missing or cut, or, if
    /// <paramref name="fingerprint"/> is given, where the store is another teacher's.
    /// </summary>
    /// <param name="teacher">What that teacher is (<see cref="Teacher.Describe"/>), so that the message can say what differs.</param>
    public static EmbeddingStore Open(string folder, string? fingerprint = null, IReadOnlyDictionary<string, string>? teacher = null)
    {
        // A writer may replace index parts between our reading the manifest and mapping them: then there is a newer manifest to read.
        for (var attempt = 0; ; attempt++)
        {
            var manifest = EmbeddingStoreManifest.Read(folder);
            RequireTeacher(folder, manifest, fingerprint, teacher);
            try
            {
                return new EmbeddingStore(folder, manifest);
            }
            catch (Exception error) when (attempt < 3 && error is InputException or IOException
                && !manifest.Index.SequenceEqual(EmbeddingStoreManifest.Read(folder).Index))
            {
            }
        }
    }

    /// <summary>
    /// Opens a store to be written to, creating it where the folder has none. See <see cref="EmbeddingStoreWriter.Open"/>.
    /// </summary>
    /// <param name="teacher">What the teacher is (<see cref="Teacher.Describe"/>): kept beside the store, and used in messages.</param>
    public static EmbeddingStoreWriter Create(
        string folder, string fingerprint, int dimension, VectorType type = VectorType.Fp16,
        IReadOnlyDictionary<string, string>? teacher = null)
    {
        var isNew = !Exists(folder);
        if (!isNew)
        {
            RequireTeacher(folder, EmbeddingStoreManifest.Read(folder), fingerprint, teacher);
        }
        var writer = EmbeddingStoreWriter.Open(folder, fingerprint, dimension, type);
        try
        {
            StoreDescription.Keep(folder, teacher, isNew);
            return writer;
        }
        catch
        {
            writer.Dispose();
            throw;
        }
    }

    /// <summary>Whether the folder holds a store (of whatever teacher).</summary>
    public static bool Exists(string folder) => File.Exists(Path.Combine(folder, EmbeddingStoreManifest.FileName));

    /// <summary>Fingerprint of the teacher whose store is in a folder; null where there is none.</summary>
    public static string? FingerprintOf(string folder) => Exists(folder) ? EmbeddingStoreManifest.Read(folder).Teacher : null;

    /// <summary>How the store in a folder keeps elements; null where there is none.</summary>
    public static VectorType? TypeOf(string folder) => Exists(folder) ? EmbeddingStoreManifest.Read(folder).Dtype : null;

    /// <summary>Whether a caption is there.</summary>
    public bool Contains(ReadOnlySpan<char> text) => Find(CaptionHash.Of(text)) >= 0;

    /// <summary>
    /// Locator of a caption's row (shard number in the high 32 bits, row in the low ones), or -1. It stays valid as long as the store
    /// lives.
    /// </summary>
    public long Find(CaptionHash key)
    {
        foreach (var part in _index)
        {
            if (part.Find(key) is >= 0 and var row)
            {
                return row;
            }
        }
        return -1;
    }

    /// <summary>Copies the vector of a caption, un-normalized, [Dimension]; false where the store has not got it.</summary>
    public bool TryGet(ReadOnlySpan<char> text, Span<float> into)
    {
        var row = Find(CaptionHash.Of(text));
        if (row < 0)
        {
            return false;
        }
        Read(row, into);
        return true;
    }

    /// <summary>Copies the vector at a locator that <see cref="Find"/> gave, [Dimension].</summary>
    public void Read(long row, Span<float> into)
    {
        var shard = (int)(row >> 32);
        if (row < 0 || shard >= _shards.Length || _shards[shard] is not { } held || (uint)row >= held.Entry.Rows)
        {
            throw new InputException($"{Folder}: the index points to row {row & 0xffffffff} of shard {row >> 32}, which is not there. "
                + "Run `llm2clip data store repair`.");
        }
        held.Read((int)row, into);
    }

    /// <summary>Vectors at locators, row-major [N, Dimension].</summary>
    public void GatherRows(ReadOnlySpan<long> rows, Span<float> into)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(into.Length, rows.Length * Dimension, nameof(into));
        for (var i = 0; i < rows.Length; i++)
        {
            Read(rows[i], into.Slice(i * Dimension, Dimension));
        }
    }

    /// <summary>
    /// Vectors of captions, row-major [N, Dimension], un-normalized. Throws <see cref="InputException"/>, naming the first one, where any
    /// is missing.
    /// </summary>
    public void Gather(IReadOnlyList<string> texts, Span<float> into)
    {
        var missing = GatherPresent(texts, into);
        if (missing.Count > 0)
        {
            throw new InputException(
                $"{Folder} has no vector for {missing.Count} of {texts.Count} captions asked for, the first "
                + $"\"{Shorten(texts[missing[0]])}\". Run `llm2clip extract` on this data set with the same teacher.");
        }
    }

    /// <inheritdoc/>
    public void Gather(IReadOnlyList<Caption> captions, Span<float> into) => Gather([.. captions.Select(caption => caption.Text)], into);

    /// <summary>
    /// As <see cref="Gather(IReadOnlyList{string}, Span{float})"/>, but leaves rows of missing captions untouched and returns their
    /// positions.
    /// </summary>
    public IReadOnlyList<int> GatherPresent(IReadOnlyList<string> texts, Span<float> into)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(into.Length, texts.Count * Dimension, nameof(into));
        List<int> missing = [];
        for (var i = 0; i < texts.Count; i++)
        {
            if (!TryGet(texts[i], into.Slice(i * Dimension, Dimension)))
            {
                missing.Add(i);
            }
        }
        return missing;
    }

    /// <summary>All captions' keys with their locators, in shard order.</summary>
    public IEnumerable<(CaptionHash Key, long Row)> Rows()
    {
        foreach (var shard in _manifest.Shards)
        {
            var row = 0;
            foreach (var key in EmbeddingStoreShard.Keys(Folder, shard.Number, shard.Rows))
            {
                yield return (key, ((long)shard.Number << 32) | (uint)row++);
            }
        }
    }

    /// <summary>Rows of the shard with a number that occurs in a locator.</summary>
    internal int RowsOfShard(int number) => _shards[number]!.Entry.Rows;

    /// <summary>Unmaps the shards.</summary>
    public void Dispose()
    {
        foreach (var shard in _shards)
        {
            shard?.Dispose();
        }
        _index.ForEach(part => part.Dispose());
    }

    /// <summary>The refusal of another teacher's store, with both names.</summary>
    internal static void RequireTeacher(
        string folder, EmbeddingStoreManifest manifest, string? fingerprint, IReadOnlyDictionary<string, string>? teacher = null)
    {
        if (fingerprint is not null && manifest.Teacher != fingerprint)
        {
            throw new InputException(
                $"{folder} holds vectors of teacher {Fingerprints.Short(manifest.Teacher)}, but the teacher in use is "
                + $"{Fingerprints.Short(fingerprint)}.{StoreDescription.Difference(folder, teacher)} Go back to that teacher, or "
                + "name another folder (extract.store); where the old vectors are not needed, delete it and run `llm2clip extract`.");
        }
    }

    /// <summary>A caption as messages show it.</summary>
    internal static string Shorten(string text) => text.Length <= 80 ? text : string.Concat(text.AsSpan(0, 77), "...");
}
