using System.Buffers.Binary;
using System.IO.Hashing;
using Llm2Clip.Files;

namespace Llm2Clip.Teachers.Store;

/// <summary>
/// A sorted part of the index: entries of 24 bytes, key (16, most significant byte first) then row locator (8, little endian),
/// memory-mapped. A store has a handful of parts while it grows (each at least twice the size of the next) and one after
/// <see cref="EmbeddingStoreWriter.Complete"/>.
/// </summary>
internal sealed class EmbeddingStoreIndex : IDisposable
{
    public const int EntrySize = CaptionHash.Size + 8;

    private readonly MappedFile _file;

    /// <summary>Opens a part; throws <see cref="InputException"/> where its length is not what the manifest says.</summary>
    public EmbeddingStoreIndex(string folder, IndexEntry entry)
    {
        Entry = entry;
        var path = Path.Combine(folder, entry.File);
        StoreFiles.RequireLength(path, entry.Entries * EntrySize, exact: true);
        _file = new MappedFile(path, entry.Entries * EntrySize);
    }

    public IndexEntry Entry { get; }

    public (CaptionHash Key, long Row) this[long position]
    {
        get
        {
            var bytes = _file.Slice(position * EntrySize, EntrySize);
            return (CaptionHash.Read(bytes), BinaryPrimitives.ReadInt64LittleEndian(bytes[CaptionHash.Size..]));
        }
    }

    /// <summary>
    /// Locator of a key, or -1. Keys are uniform, so interpolation needs about log log n probes (3 for a million entries);
    /// after <c>Interpolations</c> of them plain bisection bounds the worst case.
    /// </summary>
    public long Find(CaptionHash key)
    {
        const int Interpolations = 8;
        var (low, high) = (0L, Entry.Entries - 1);
        var (below, above) = (0.0, (double)ulong.MaxValue);
        for (var probe = 0; low <= high; probe++)
        {
            var share = above > below ? Math.Clamp((key.High - below) / (above - below), 0, 1) : 0.5;
            var position = probe < Interpolations ? low + (long)((high - low) * share) : low + ((high - low) / 2);
            var (found, row) = this[position];
            switch (found.CompareTo(key))
            {
                case 0:
                    return row;
                case < 0:
                    (low, below) = (position + 1, found.High);
                    break;
                default:
                    (high, above) = (position - 1, found.High);
                    break;
            }
        }
        return -1;
    }

    /// <summary>
    /// Merges sorted sequences of entries into a new file, flushed to the disk, and describes it. Nothing of the index stays in memory.
    /// </summary>
    public static IndexEntry Merge(string folder, string name, IReadOnlyList<IEnumerable<(CaptionHash Key, long Row)>> sorted)
    {
        var hash = new XxHash128();
        long count = 0;
        using var file = new PendingFile(Path.Combine(folder, name));
        Span<byte> bytes = stackalloc byte[EntrySize];
        foreach (var (key, row) in InOrder(sorted))
        {
            key.Write(bytes);
            BinaryPrimitives.WriteInt64LittleEndian(bytes[CaptionHash.Size..], row);
            file.Stream.Write(bytes);
            hash.Append(bytes);
            count++;
        }
        file.Complete();
        return new IndexEntry(name, count, StoreFiles.Text(hash));
    }

    /// <summary>All entries in key order.</summary>
    public IEnumerable<(CaptionHash Key, long Row)> Entries()
    {
        for (long i = 0; i < Entry.Entries; i++)
        {
            yield return this[i];
        }
    }

    public void Dispose() => _file.Dispose();

    private static IEnumerable<(CaptionHash Key, long Row)> InOrder(IReadOnlyList<IEnumerable<(CaptionHash Key, long Row)>> sorted)
    {
        if (sorted.Count == 1)
        {
            foreach (var entry in sorted[0])
            {
                yield return entry;
            }
            yield break;
        }
        var heads = new PriorityQueue<IEnumerator<(CaptionHash Key, long Row)>, CaptionHash>();
        foreach (var part in sorted)
        {
            var head = part.GetEnumerator();
            if (head.MoveNext())
            {
                heads.Enqueue(head, head.Current.Key);
            }
        }
        while (heads.TryDequeue(out var head, out _))
        {
            yield return head.Current;
            if (head.MoveNext())
            {
                heads.Enqueue(head, head.Current.Key);
            }
        }
    }
}
