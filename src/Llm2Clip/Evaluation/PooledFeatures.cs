using System.Globalization;
using System.IO.Hashing;
using System.Text.Json;
using Llm2Clip.Data;
using Llm2Clip.Data.Loading;
using Llm2Clip.Files;
using Llm2Clip.Models;
using Llm2Clip.Teachers;
using Llm2Clip.Teachers.Store;
using static TorchSharp.torch;

namespace Llm2Clip.Evaluation;

/// <summary>
/// Pooled features of a frozen vision tower on disk: each image is decoded and encoded once per view, however often it is trained on. View
/// v is what an epoch v of <see cref="SampleLoader"/> shows of the image. The store is one of <see cref="EmbeddingStore"/>'s, with its
/// promises: it survives kill -9, and only what is missing is computed.
/// </summary>
internal sealed class PooledFeatures : IDisposable
{
    /// <summary>Images encoded at once.</summary>
    private const int BatchSize = 64;

    private readonly Student _student;
    private readonly ISampleSource _source;
    private readonly LoaderConfig _loader;
    private readonly Dictionary<string, UInt128> _contents = [];
    private EmbeddingStore? _store;

    /// <param name="student">Its tower must not change as long as this lives.</param>
    /// <param name="source">The images.</param>
    /// <param name="loader">How they are decoded and augmented.</param>
    /// <param name="root">Folder of the stores: one for each tower, transform and augmentation.</param>
    public PooledFeatures(Student student, ISampleSource source, LoaderConfig loader, string root)
    {
        (_student, _source) = (student, source);
        _loader = loader with { BatchSize = BatchSize, Shuffle = false, DropLast = false };
        Fingerprint = FingerprintOf(student, loader.For(source));
        Folder = Path.Combine(root, Fingerprints.Short(Fingerprint));
    }

    /// <summary>Hash of all that determines the features beside the images.</summary>
    public string Fingerprint { get; }

    /// <summary>Where the store is.</summary>
    public string Folder { get; }

    /// <summary>Length of a row.</summary>
    public int Dimension => _student.ImageEncoder.PooledDim;

    /// <summary>
    /// Computes what is missing of <paramref name="views"/> views of the images that <paramref name="keep"/> accepts. Images that cannot be
    /// read are named, counted and left out, as by the loader.
    /// </summary>
    public void Fill(int views, Func<Sample, bool>? keep, IRunLog log, CancellationToken cancellation)
    {
        _store?.Dispose();
        _store = null;
        if (EmbeddingStore.Exists(Folder) && HoldsAll(views, keep, cancellation))
        {
            return; // Without a writer, so that runs on the same features do not wait for each other.
        }
        _store?.Dispose();
        _store = null;
        using var writer = EmbeddingStore.Create(Folder, Fingerprint, Dimension);
        for (var view = 0; view < views; view++)
        {
            FillView(writer, view, views, keep, log, cancellation);
        }
        writer.Complete();
    }

    /// <summary>Whether a view of an image is there; it is not where the image could not be read.</summary>
    public bool Contains(Sample sample, int view) => Store.Contains(KeyOf(sample, view));

    /// <summary>Features of one view of images, row-major [N, <see cref="Dimension"/>].</summary>
    public float[] Gather(IReadOnlyList<Sample> samples, int view) => Gather([.. samples.Select(sample => (sample, view))]);

    /// <summary>The same of images with a view each.</summary>
    public float[] Gather(IReadOnlyList<(Sample Sample, int View)> images)
    {
        var rows = new float[images.Count * Dimension];
        Store.Gather([.. images.Select(image => KeyOf(image.Sample, image.View))], rows);
        return rows;
    }

    /// <summary>
    /// All images that could be read, in stored order, with the features of their first view, row-major [N, <see cref="Dimension"/>].
    /// Throws <see cref="InputException"/> where there is none.
    /// </summary>
    public (List<Sample> Samples, float[] Rows) All(CancellationToken cancellation)
    {
        var samples = Samples(cancellation).Where(sample => Contains(sample, 0)).ToList();
        EncodedImages.RequireSome(samples, _source);
        return (samples, Gather(samples, 0));
    }

    /// <summary>Unmaps the store.</summary>
    public void Dispose() => _store?.Dispose();

    private EmbeddingStore Store => _store ??= EmbeddingStore.Open(Folder, Fingerprint);

    private IEnumerable<Sample> Samples(CancellationToken cancellation) =>
        Enumerable.Range(0, _source.ShardCount).SelectMany(shard => _source.ReadShard(shard, _ => { }, cancellation));

    /// <summary>Whether the store holds all views of all images; it stops at the first that is missing.</summary>
    private bool HoldsAll(int views, Func<Sample, bool>? keep, CancellationToken cancellation) =>
        Samples(cancellation).Where(sample => keep?.Invoke(sample) != false)
            .All(sample => Enumerable.Range(0, views).All(view => Contains(sample, view)));

    private void FillView(
        EmbeddingStoreWriter writer, int view, int views, Func<Sample, bool>? keep, IRunLog log, CancellationToken cancellation)
    {
        using var images = new SampleLoader(
            _source, _loader, view == 0 ? log : SilentLog.Instance,
            sample => keep?.Invoke(sample) != false && !writer.Contains(KeyOf(sample, view)));
        var missing = images.CountSamples(cancellation);
        if (missing == 0)
        {
            return;
        }
        var title = views > 1
            ? string.Create(CultureInfo.InvariantCulture, $"Encode images, view {view + 1} of {views}")
            : "Encode images";
        using var progress = log.Start(title, missing, "images");
        foreach (var batch in images.Epoch(view, cancellation: cancellation))
        {
            using (batch)
            {
                var keys = batch.Samples.Select(sample => KeyOf(sample, view)).ToList();
                writer.Append(keys, _student.PoolImages(batch.Pixels, batch.Count));
                progress.Advance(batch.Count);
            }
        }
        writer.Commit();
    }

    /// <summary>
    /// The name under which a view is stored. The image's bytes are part of it, as a file may be replaced; its key is, as the augmentation
    /// is drawn by it.
    /// </summary>
    private string KeyOf(Sample sample, int view)
    {
        UInt128 content;
        lock (_contents)
        {
            if (!_contents.TryGetValue(sample.Origin, out content))
            {
                content = ContentOf(sample);
                _contents.Add(sample.Origin, content);
            }
        }
        return string.Create(CultureInfo.InvariantCulture, $"{sample.Key}\n{content:x32}\n{view}");
    }

    private static UInt128 ContentOf(Sample sample)
    {
        try
        {
            return XxHash128.HashToUInt128(sample.Image.Read());
        }
        catch (InputException)
        {
            return 0; // The loader names it, when it is to be decoded.
        }
    }

    private static string FingerprintOf(Student student, LoaderConfig loader)
    {
        var encoder = student.ImageEncoder;
        return Fingerprints.Of(
            "pooled-1",
            encoder.GetType().Name,
            string.Join(' ', encoder.PooledParts),
            WeightsDigest.Of(encoder.NamedParameters().Select(p => (p.Name, (Tensor)p.Parameter)).Concat(encoder.NamedBuffers())),
            $"{student.Precision}",
            JsonSerializer.Serialize(student.Transform, Json.Line),
            loader.Augment is null ? "" : JsonSerializer.Serialize(loader.Augment, Json.Line),
            loader.Augment is null ? "" : loader.Seed.ToString(CultureInfo.InvariantCulture),
            loader.Augment is null ? "" : loader.Data.ImageCacheSide.ToString(CultureInfo.InvariantCulture),
            JsonSerializer.Serialize(loader.Decode, Json.Line));
    }
}
