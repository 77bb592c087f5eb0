using System.Runtime.InteropServices;
using System.Text.Json;
using Llm2Clip.Data;
using Llm2Clip.Data.WebDataset;

namespace Llm2Clip.Teachers.Store;

/// <summary>
/// LLM2CLIP's own caption vectors (L2C data/extract_embedding.py): beside <c>X.tar</c> lies <c>X_text_embeddings.tar</c> with a member
/// <c>KEY.FIELD</c> per caption, FIELD being the caption's field in <c>KEY.json</c> of X.tar (<c>shortSV_captions</c>,
/// <c>longSV_captions</c>), and its content raw 32-bit floats, not normalized. Members are matched by key and field, whatever their order;
/// webdataset writes extensions in lower case, so fields match without regard to case.
/// </summary>
internal static class TextEmbeddingTars
{
    private const string Suffix = "_text_embeddings";
    private const int Batch = 1024;

    /// <summary>Whether a file is one of these by its name.</summary>
    public static bool Is(string path) => Path.GetFileName(path).EndsWith(Suffix + ".tar", StringComparison.OrdinalIgnoreCase);

    /// <summary>
    /// Adds the vectors of all tars to the store of <paramref name="folder"/>, or makes one; vectors that it has already are left out.
    /// Throws <see cref="InputException"/>, naming tar and member, for a data tar that is missing, vectors of another length or that are no
    /// whole number of floats, and where no vector finds its caption; <see cref="ConfigException"/> without a
    /// <paramref name="fingerprint"/>.
    /// </summary>
    /// <param name="files">Tars of vectors.</param>
    /// <param name="dataFolder">Folder of the data tars; null: beside the tars of vectors.</param>
    /// <param name="folder">The store.</param>
    /// <param name="fingerprint">Whose vectors these are; the tars do not say.</param>
    /// <param name="type">Precision of a new store.</param>
    /// <param name="log">Hears of vectors without caption.</param>
    /// <returns>Vectors that were new.</returns>
    public static long Import(IReadOnlyList<string> files, string? dataFolder, string folder, string? fingerprint, VectorType type,
        IRunLog log)
    {
        if (string.IsNullOrEmpty(fingerprint))
        {
            throw new ConfigException($"{files[0]} does not say whose vectors these are. Name the teacher's fingerprint (--fingerprint).");
        }
        using var first = ShardBytes.Open(files[0]);
        var dimension = Vectors(first, files[0], log).Select(vector => (int)(vector.Entry.Size / sizeof(float))).FirstOrDefault();
        if (dimension == 0)
        {
            throw new InputException($"{files[0]} holds no vector; members KEY.FIELD of 32-bit floats were expected.");
        }
        using var writer = EmbeddingStore.Create(folder, fingerprint, dimension, EmbeddingStore.TypeOf(folder) ?? type);
        long added = 0;
        foreach (var file in files)
        {
            added += Import(file, DataTar(file, dataFolder), writer, log);
            writer.Commit();
        }
        writer.Complete();
        return added;
    }

    private static long Import(string file, string dataTar, EmbeddingStoreWriter writer, IRunLog log)
    {
        using var vectors = ShardBytes.Open(file);
        var waiting = new Dictionary<(string Key, string Field), TarEntry>();
        foreach (var (key, field, entry) in Vectors(vectors, file, log))
        {
            if (entry.Size != (long)writer.Dimension * sizeof(float))
            {
                throw new InputException(
                    $"{file}: {entry.Name} has {entry.Size} bytes; the store's vectors of {writer.Dimension} 32-bit floats have "
                    + $"{writer.Dimension * sizeof(float)}.");
            }
            if (!waiting.TryAdd((key, field), entry))
            {
                throw new InputException($"{file}: {entry.Name} occurs twice in this tar.");
            }
        }
        var found = new List<(string Text, TarEntry Entry)>();
        foreach (var (key, field, text) in Captions(dataTar, log))
        {
            if (waiting.Remove((key, field), out var entry))
            {
                found.Add((text, entry));
            }
        }
        if (waiting.Count > 0)
        {
            var missing =
                $"{file}: {waiting.Count:N0} of {waiting.Count + found.Count:N0} vectors have no caption of their key and "
                + $"field in {dataTar}, the first is {waiting.Values.First().Name}";
            if (found.Count == 0)
            {
                throw new InputException(missing + ". Is it the tar that they were made of (--data names its folder)?");
            }
            log.Warn(missing + "; left out.");
        }
        return found.Chunk(Batch).Sum(batch => Append(batch, vectors, file, writer));
    }

    private static int Append((string Text, TarEntry Entry)[] batch, ShardBytes tar, string file, EmbeddingStoreWriter writer)
    {
        var values = new float[batch.Length * writer.Dimension];
        for (var i = 0; i < batch.Length; i++)
        {
            // Little-endian floats, as numpy's tobytes writes them on every machine that CUDA runs on.
            tar.Read(batch[i].Entry.Offset, MemoryMarshal.AsBytes(values.AsSpan(i * writer.Dimension, writer.Dimension)));
        }
        return writer.Append([.. batch.Select(item => CaptionHash.Of(item.Text))], values, i => $"{file}: {batch[i].Entry.Name}");
    }

    private static IEnumerable<(string Key, string Field, TarEntry Entry)> Vectors(ShardBytes tar, string path, IRunLog log) =>
        WebDatasetSource.NamedMembers(tar, path, bad => Report(bad, log));

    /// <summary>The texts of every record of a data tar by key and field, the latter in lower case; of a list the only text.</summary>
    private static IEnumerable<(string Key, string Field, string Text)> Captions(string path, IRunLog log)
    {
        using var tar = ShardBytes.Open(path);
        foreach (var (key, extension, entry) in WebDatasetSource.NamedMembers(tar, path, bad => Report(bad, log)))
        {
            if (extension != "json")
            {
                continue;
            }
            foreach (var (field, text) in Fields(tar, path, entry))
            {
                yield return (key, field, text);
            }
        }
    }

    private static List<(string Field, string Text)> Fields(ShardBytes tar, string path, TarEntry entry)
    {
        try
        {
            using var json = RecordJson.Parse(WebDatasetSource.CaptionBytes(tar, entry));
            var fields = new List<(string, string)>();
            foreach (var field in json.RootElement.ValueKind == JsonValueKind.Object ? json.RootElement.EnumerateObject() : default)
            {
                var value = field.Value is { ValueKind: JsonValueKind.Array } list && list.GetArrayLength() == 1 ? list[0] : field.Value;
                if (value.ValueKind == JsonValueKind.String && value.GetString()!.Trim() is { Length: > 0 } text)
                {
                    fields.Add((field.Name.ToLowerInvariant(), text));
                }
            }
            return fields;
        }
        catch (Exception e) when (e is JsonException or BadRecordException or InvalidOperationException)
        {
            // InvalidOperationException: a text that is not Unicode.
            throw new InputException($"{path}: {entry.Name}: {e.Message}", e);
        }
    }

    private static string DataTar(string file, string? dataFolder)
    {
        var name = Path.GetFileName(file);
        if (!Is(file))
        {
            throw new InputException($"{file} is not named X{Suffix}.tar, so that the tar with its captions cannot be found.");
        }
        var path = Path.Combine(dataFolder ?? Path.GetDirectoryName(file) ?? "", name[..^(Suffix.Length + 4)] + ".tar");
        return File.Exists(path) ? path : throw new InputException(
            $"{file}: the captions are looked for in {path}, which does not exist. Name the folder of the data tars (--data).");
    }

    /// <summary>A member that cannot be is an error; what is merely odd, such as an end that is missing, is said.</summary>
    private static void Report(BadSample bad, IRunLog log)
    {
        if (!bad.Kept)
        {
            throw new InputException($"{bad.Origin}: {bad.Reason}.");
        }
        log.Warn($"{bad.Origin}: {bad.Reason}.");
    }
}
