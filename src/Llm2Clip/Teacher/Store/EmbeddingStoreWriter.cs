using System.IO.Hashing;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Llm2Clip.Data.WebDataset;
using Llm2Clip.Files;
using Microsoft.Win32.SafeHandles;

namespace Llm2Clip.Teachers.Store;

/// <summary>
/// Appends to an embedding store; one writer at a time. Rows go to the files at once, each with its own checksum; <see cref="Commit"/>
/// makes them part of the store (shards, then index, then manifest by rename). After kill -9 the next writer keeps what was committed and
/// every complete row behind it. Disposing commits; a new store that got no row and was not completed is taken away again.
/// </summary>
public sealed class EmbeddingStoreWriter : IDisposable
{
    /// <summary>Vectors of one shard take about this many bytes: large enough for few files, small enough to recompute one.</summary>
    private const int ShardBytes = 256 << 20;

    private readonly string _folder;
    private readonly FolderLock _lock;
    private readonly List<EmbeddingStoreIndex> _index = [];
    private readonly Dictionary<CaptionHash, long> _pending = [];
    private EmbeddingStoreManifest _manifest;
    private OpenShard? _shard;
    private int _nextIndex;
    private bool _failed;
    private bool _isNew; // made by this writer, and not completed

    private EmbeddingStoreWriter(string folder, FolderLock writeLock, EmbeddingStoreManifest manifest)
    {
        (_folder, _lock, _manifest) = (folder, writeLock, manifest);
    }

    /// <summary>Elements of a vector.</summary>
    public int Dimension => _manifest.Dimension;

    /// <summary>Fingerprint of the teacher whose vectors these are.</summary>
    public string Fingerprint => _manifest.Teacher;

    /// <summary>Vectors in the store, those not committed yet included.</summary>
    public long Count => _manifest.Rows + _pending.Count;

    /// <summary>Rows behind the last commit that a killed writer had left and this one took over.</summary>
    public int Recovered { get; private set; }

    /// <summary>The store's folder.</summary>
    public string Folder => _folder;

    /// <summary>
    /// Opens the store in a folder, or creates it. Throws <see cref="InputException"/> for another teacher's store (naming both), for
    /// another dimension or element type and for a cut shard; <see cref="RunException"/> while another process writes to it.
    /// </summary>
    /// <param name="rowsPerShard">Rows of a full shard, for a new store; 0 for about 256 MB.</param>
    public static EmbeddingStoreWriter Open(
        string folder, string fingerprint, int dimension, VectorType type = VectorType.Fp16, int rowsPerShard = 0)
    {
        ArgumentException.ThrowIfNullOrEmpty(fingerprint);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(dimension);
        if (EmbeddingStore.Exists(folder))
        {
            EmbeddingStore.RequireTeacher(folder, EmbeddingStoreManifest.Read(folder), fingerprint); // Before anything is touched.
        }
        var writeLock = FolderLock.Take(folder);
        EmbeddingStoreWriter? writer = null;
        try
        {
            EmbeddingStoreManifest manifest;
            var isNew = false;
            if (EmbeddingStore.Exists(folder))
            {
                manifest = EmbeddingStoreManifest.Read(folder);
                RequireShape(folder, manifest, dimension, type);
            }
            else
            {
                RequireEmpty(folder);
                var width = dimension * (type == VectorType.Fp16 ? 2 : 4);
                manifest = new EmbeddingStoreManifest
                {
                    Format = EmbeddingStoreManifest.CurrentFormat,
                    Teacher = fingerprint,
                    Dimension = dimension,
                    Dtype = type,
                    RowsPerShard = rowsPerShard > 0 ? rowsPerShard : Math.Max(1, ShardBytes / width),
                    Shards = [],
                    Index = [],
                };
                manifest.Write(folder);
                isNew = true;
            }
            writer = new EmbeddingStoreWriter(folder, writeLock, manifest) { _isNew = isNew };
            writer.Resume();
            return writer;
        }
        catch
        {
            writer?.Abandon();
            writeLock.Dispose();
            throw;
        }
    }

    /// <summary>Whether a caption is there already, committed or not.</summary>
    public bool Contains(ReadOnlySpan<char> text) => Contains(CaptionHash.Of(text));

    /// <summary>Whether a key is there already, committed or not.</summary>
    public bool Contains(CaptionHash key) => _pending.ContainsKey(key) || _index.Exists(part => part.Find(key) >= 0);

    /// <summary>
    /// Appends the vectors of captions, row-major [N, Dimension], un-normalized; those already there (or twice in the list) are left out.
    /// Throws <see cref="InputException"/>, naming the caption, for a value that is not finite or that fp16 cannot hold; nothing is
    /// appended then.
    /// </summary>
    /// <returns>How many were new.</returns>
    public int Append(IReadOnlyList<string> texts, ReadOnlySpan<float> vectors)
    {
        var keys = new CaptionHash[texts.Count];
        for (var i = 0; i < keys.Length; i++)
        {
            keys[i] = CaptionHash.Of(texts[i]);
        }
        return Append(keys, vectors, i => $"\"{EmbeddingStore.Shorten(texts[i])}\"");
    }

    /// <summary>As the other overload, by key; <paramref name="name"/> tells what to call a row in a message.</summary>
    public int Append(ReadOnlySpan<CaptionHash> keys, ReadOnlySpan<float> vectors, Func<int, string>? name = null)
    {
        if (vectors.Length != keys.Length * Dimension)
        {
            throw new ArgumentException(
                $"{keys.Length} captions need {keys.Length * Dimension} values, got {vectors.Length}.", nameof(vectors));
        }
        for (var i = 0; i < keys.Length; i++)
        {
            RequireStorable(vectors.Slice(i * Dimension, Dimension), name?.Invoke(i) ?? keys[i].ToString());
        }
        var added = 0;
        try
        {
            for (var i = 0; i < keys.Length; i++)
            {
                added += AppendRow(keys[i], vectors.Slice(i * Dimension, Dimension)) ? 1 : 0;
            }
            _shard?.Flush();
        }
        catch (Exception error) when (WriteException.IsCause(error))
        {
            throw Failed(error);
        }
        return added;
    }

    /// <summary>Makes everything appended so far part of the store and readable.</summary>
    public void Commit()
    {
        if (_pending.Count == 0)
        {
            return;
        }
        ShardEntry entry;
        try
        {
            entry = _shard!.Entry();
        }
        catch (Exception error) when (WriteException.IsCause(error))
        {
            throw Failed(error);
        }
        var shards = _manifest.Shards.Where(s => s.Number != entry.Number).Append(entry).ToList();
        var fresh = _pending.Select(p => (p.Key, p.Value)).OrderBy(p => p.Key).ToList();

        // Parts at most half as large as what is merged so far join in: a store of n rows keeps about log2(n / rows per commit) parts.
        var total = (long)fresh.Count;
        var keep = _index.Count;
        while (keep > 0 && _index[keep - 1].Entry.Entries <= 2 * total)
        {
            total += _index[--keep].Entry.Entries;
        }
        Publish(shards, keep, [.. _index.Skip(keep).Select(part => part.Entries()), fresh]);
        _pending.Clear();
    }

    /// <summary>The error of a store that cannot be written. No commit is tried any more: what is on the disk will be recovered.</summary>
    private RunException Failed(Exception error)
    {
        _failed = true;
        return new RunException(
            $"{WriteException.Of(_folder, error).Message} Rows written so far are kept; make room and run the command again.", error);
    }

    /// <summary>Commits and merges the index into one part, the fastest to read.</summary>
    public void Complete()
    {
        Commit();
        _isNew = false;
        if (_index.Count > 1)
        {
            Publish(_manifest.Shards, 0, [.. _index.Select(part => part.Entries())]);
        }
    }

    /// <summary>Closes the store and gives up its lock; vectors that were not committed are lost.</summary>
    public void Dispose()
    {
        try
        {
            if (!_failed)
            {
                Commit();
            }
        }
        finally
        {
            var isNothing = _isNew && _shard is null && _manifest.Shards.Count == 0;
            Abandon();
            if (isNothing)
            {
                File.Delete(Path.Combine(_folder, EmbeddingStoreManifest.FileName));
                File.Delete(Path.Combine(_folder, StoreDescription.FileName));
            }
            _lock.Dispose();
        }
    }

    /// <summary>Index merged and written, manifest renamed into place, then files that nothing names any more deleted.</summary>
    private void Publish(IReadOnlyList<ShardEntry> shards, int keep, IReadOnlyList<IEnumerable<(CaptionHash Key, long Row)>> parts)
    {
        IndexEntry merged;
        try
        {
            merged = EmbeddingStoreIndex.Merge(_folder, $"index-{_nextIndex++:d6}.bin", parts);
            var next = _manifest with { Shards = shards, Index = [.. _index.Take(keep).Select(part => part.Entry), merged] };
            next.Write(_folder);
            _manifest = next;
        }
        catch (WriteException error)
        {
            throw Failed(error);
        }
        foreach (var old in _index.Skip(keep))
        {
            old.Dispose();
            File.Delete(Path.Combine(_folder, old.Entry.File));
        }
        _index.RemoveRange(keep, _index.Count - keep);
        _index.Add(new EmbeddingStoreIndex(_folder, merged));
    }

    private bool AppendRow(CaptionHash key, ReadOnlySpan<float> vector)
    {
        if (Contains(key))
        {
            return false;
        }
        if (_shard is { } full && full.Rows == _manifest.RowsPerShard)
        {
            full.Flush();
            Commit();
            full.Dispose();
            _shard = null;
        }
        _shard ??= new OpenShard(_folder, _manifest, _manifest.Shards.Count == 0 ? 0 : _manifest.Shards[^1].Number + 1, 0);
        _pending.Add(key, ((long)_shard.Number << 32) | (uint)_shard.Rows);
        _shard.Add(key, vector);
        return true;
    }

    /// <summary>
    /// Takes up a store where its last writer left it: opens the index, recovers the tail, deletes what the manifest does not name.
    /// </summary>
    private void Resume()
    {
        foreach (var entry in _manifest.Index)
        {
            _index.Add(new EmbeddingStoreIndex(_folder, entry));
            _nextIndex = Math.Max(_nextIndex, EmbeddingStoreRecovery.NumberOf(entry.File) + 1);
        }
        foreach (var shard in _manifest.Shards)
        {
            StoreFiles.RequireLength(
                Path.Combine(_folder, ShardEntry.VectorFile(shard.Number)), (long)shard.Rows * _manifest.RowBytes, exact: false);
            StoreFiles.RequireLength(
                Path.Combine(_folder, ShardEntry.KeyFile(shard.Number)), (long)shard.Rows * EmbeddingStoreShard.KeyRowSize, exact: false);
        }
        var last = _manifest.Shards.Count == 0 ? null : _manifest.Shards[^1];
        var (number, committed) = last is not null && last.Rows < _manifest.RowsPerShard
            ? (last.Number, last.Rows)
            : ((last?.Number ?? -1) + 1, 0);
        var keys = EmbeddingStoreRecovery.RecoverTail(_folder, _manifest, number, committed);
        if (committed > 0 || keys.Count > 0)
        {
            _shard = new OpenShard(_folder, _manifest, number, committed + keys.Count);
        }
        for (var i = 0; i < keys.Count; i++)
        {
            _pending[keys[i]] = ((long)number << 32) | (uint)(committed + i);
        }
        Recovered = keys.Count;
        EmbeddingStoreRecovery.DeleteStrays(_folder, _manifest, _shard?.Number);
    }

    private void Abandon()
    {
        _shard?.Dispose();
        _shard = null;
        _index.ForEach(part => part.Dispose());
        _index.Clear();
    }

    private void RequireStorable(ReadOnlySpan<float> vector, string name)
    {
        var largest = TensorPrimitives.MaxMagnitude(vector);
        if (!float.IsFinite(largest))
        {
            throw new InputException(
                $"The teacher's vector of {name} holds a value that is not finite. Check the teacher with `llm2clip eval captions`.");
        }
        if (_manifest.Dtype == VectorType.Fp16 && Math.Abs(largest) > 65504)
        {
            throw new InputException($"The teacher's vector of {name} holds {largest:g5}, beyond 65504, the largest that fp16 can hold. "
                + "Make the store with `dtype: fp32` (a new folder).");
        }
    }

    private static void RequireEmpty(string folder)
    {
        var foreign = Directory.EnumerateFileSystemEntries(folder)
            .FirstOrDefault(path => !EmbeddingStoreRecovery.IsOurs(Path.GetFileName(path)));
        if (foreign is not null)
        {
            throw new InputException(
                $"{folder} is not an embedding store and not empty (it holds {Path.GetFileName(foreign)}). Name another folder.");
        }
    }

    private static void RequireShape(string folder, EmbeddingStoreManifest manifest, int dimension, VectorType type)
    {
        if (manifest.Dimension != dimension)
        {
            throw new InputException(
                $"{folder} holds vectors of {manifest.Dimension} elements, the teacher gives {dimension}. Use another folder.");
        }
        if (manifest.Dtype != type)
        {
            throw new InputException(
                $"{folder} holds {manifest.Dtype.ToString().ToLowerInvariant()} vectors, but {type.ToString().ToLowerInvariant()} was "
                + "asked for. "
                + "Set `dtype` to what the store has, or use another folder.");
        }
    }

    /// <summary>
    /// The shard that rows go to. Rows wait in a small buffer until <see cref="Flush"/>; the running hashes give the checksums at commit.
    /// </summary>
    private sealed class OpenShard : IDisposable
    {
        private const int BufferBytes = 1 << 20;

        private readonly int _rowBytes;
        private readonly VectorType _type;
        private readonly SafeFileHandle _vectors;
        private readonly SafeFileHandle _keys;
        private readonly XxHash128 _vectorHash;
        private readonly XxHash128 _keyHash;
        private readonly byte[] _vectorBuffer;
        private readonly byte[] _keyBuffer;
        private int _written;
        private int _buffered;

        public OpenShard(string folder, EmbeddingStoreManifest manifest, int number, int rows)
        {
            (Number, _written, _rowBytes, _type) = (number, rows, manifest.RowBytes, manifest.Dtype);
            var (vectors, keys) = (Path.Combine(folder, ShardEntry.VectorFile(number)), Path.Combine(folder, ShardEntry.KeyFile(number)));
            _vectors = StoreFiles.OpenForUpdate(vectors);
            _keys = StoreFiles.OpenForUpdate(keys);
            _vectorHash = StoreFiles.HashPrefix(vectors, (long)rows * _rowBytes)!;
            _keyHash = StoreFiles.HashPrefix(keys, (long)rows * EmbeddingStoreShard.KeyRowSize)!;
            var bufferRows = Math.Max(1, BufferBytes / _rowBytes);
            _vectorBuffer = new byte[bufferRows * _rowBytes];
            _keyBuffer = new byte[bufferRows * EmbeddingStoreShard.KeyRowSize];
        }

        public int Number { get; }

        public int Rows => _written + _buffered;

        public void Add(CaptionHash key, ReadOnlySpan<float> vector)
        {
            var bytes = _vectorBuffer.AsSpan(_buffered * _rowBytes, _rowBytes);
            if (_type == VectorType.Fp16)
            {
                TensorPrimitives.ConvertToHalf(vector, MemoryMarshal.Cast<byte, Half>(bytes));
            }
            else
            {
                MemoryMarshal.AsBytes(vector).CopyTo(bytes);
            }
            EmbeddingStoreShard.WriteKeyRow(key, bytes, _keyBuffer.AsSpan(_buffered * EmbeddingStoreShard.KeyRowSize));
            if (++_buffered * _rowBytes == _vectorBuffer.Length)
            {
                Flush();
            }
        }

        /// <summary>Hands the buffered rows to the system: from here on a killed process does not lose them.</summary>
        public void Flush()
        {
            var vectors = _vectorBuffer.AsSpan(0, _buffered * _rowBytes);
            var keys = _keyBuffer.AsSpan(0, _buffered * EmbeddingStoreShard.KeyRowSize);
            RandomAccess.Write(_vectors, vectors, (long)_written * _rowBytes);
            RandomAccess.Write(_keys, keys, (long)_written * EmbeddingStoreShard.KeyRowSize);
            _vectorHash.Append(vectors);
            _keyHash.Append(keys);
            _written += _buffered;
            _buffered = 0;
        }

        /// <summary>Flushes to the disk and describes the shard for the manifest.</summary>
        public ShardEntry Entry()
        {
            Flush();
            RandomAccess.FlushToDisk(_vectors);
            RandomAccess.FlushToDisk(_keys);
            return new ShardEntry(Number, _written, StoreFiles.Text(_vectorHash), StoreFiles.Text(_keyHash));
        }

        public void Dispose()
        {
            _vectors.Dispose();
            _keys.Dispose();
        }
    }
}
