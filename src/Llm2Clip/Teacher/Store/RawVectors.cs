using Llm2Clip.Data;
using Llm2Clip.Files;

namespace Llm2Clip.Teachers.Store;

/// <summary>
/// Raw vectors of one LLM, each computed once: those in a store, and what is missing is added by running the LLM. Without a folder
/// the store is a temporary one.
/// </summary>
internal sealed class RawVectors : IDisposable
{
    private const string TemporaryPrefix = "llm2clip-raw-";

    private readonly ILlmEncoder _encoder;
    private readonly string _folder;
    private readonly FolderLock? _temporary;
    private readonly VectorType _type;
    private readonly IRunLog _log;
    private EmbeddingStore? _store;

    /// <summary>
    /// <paramref name="type"/> is for a store that has to be made. Throws <see cref="InputException"/> at the first use where the folder is
    /// another LLM's store.
    /// </summary>
    public RawVectors(ILlmEncoder encoder, string folder, VectorType type, IRunLog log)
    {
        (_encoder, _type, _log) = (encoder, type, log);
        if (folder.Length > 0)
        {
            _folder = folder;
            return;
        }
        RemoveAbandoned();
        var root = Directory.CreateTempSubdirectory(TemporaryPrefix).FullName;
        _temporary = FolderLock.Take(root);
        _folder = Path.Combine(root, "store");
    }

    /// <summary>Length of a raw vector.</summary>
    public int Dimension => _encoder.Dimension;

    /// <summary>Fingerprint of the raw vectors.</summary>
    public string Fingerprint => _encoder.Fingerprint;

    /// <summary>The store as the last <see cref="Require"/> left it.</summary>
    public EmbeddingStore Store => _store ??= EmbeddingStore.Open(_folder, Fingerprint);

    /// <summary>Brings captions into the store. The sequence is read once.</summary>
    public void Require(IEnumerable<Caption> captions, CancellationToken cancellation)
    {
        const int Window = 512;
        _store?.Dispose();
        _store = null;
        using var writer = EmbeddingStore.Create(_folder, Fingerprint, Dimension, EmbeddingStore.TypeOf(_folder) ?? _type);
        CaptionFiller.FillRaw(writer, captions, _encoder, Window, _log, cancellation);
    }

    /// <summary>Vectors of texts, row-major [N, Dimension]. Throws <see cref="InputException"/> for one that was never required.</summary>
    public float[] Get(IReadOnlyList<string> texts)
    {
        var vectors = new float[(long)texts.Count * Dimension];
        Store.Gather(texts, vectors);
        return vectors;
    }

    /// <summary>
    /// One of <paramref name="parts"/> equal parts of the vectors of texts, row-major [N, Dimension / parts]. No more is kept in memory.
    /// </summary>
    public float[] GetPart(IReadOnlyList<string> texts, int part, int parts)
    {
        var width = Dimension / parts;
        var vectors = new float[(long)texts.Count * width];
        var whole = new float[Dimension];
        for (var i = 0; i < texts.Count; i++)
        {
            Store.Gather([texts[i]], whole);
            whole.AsSpan(part * width, width).CopyTo(vectors.AsSpan(i * width));
        }
        return vectors;
    }

    public void Dispose()
    {
        _store?.Dispose();
        if (_temporary is not null)
        {
            Directory.Delete(Path.GetDirectoryName(_folder)!, recursive: true);
            _temporary.Dispose();
        }
    }

    /// <summary>Deletes temporary stores of processes that were killed: nobody holds their locks.</summary>
    private static void RemoveAbandoned()
    {
        foreach (var root in Directory.GetDirectories(Path.GetTempPath(), TemporaryPrefix + "*"))
        {
            try
            {
                // One that is this young may not have been locked yet by who made it.
                if (Directory.GetLastWriteTimeUtc(root) < DateTime.UtcNow.AddMinutes(-1))
                {
                    using var free = FolderLock.Take(root);
                    Directory.Delete(root, recursive: true);
                }
            }
            catch (Exception error) when (error is ConfigException or IOException or UnauthorizedAccessException)
            {
                // In use, or another user's.
            }
        }
    }
}
