using Llm2Clip.Data;
using Llm2Clip.Data.Loading;
using Llm2Clip.Models;
using Llm2Clip.Teachers.Store;

namespace Llm2Clip.Evaluation;

/// <summary>
/// Retrieval on held-out images during training, with the captions that have a vector in the training run's store: the
/// languages that are trained on. Its score is the mean text-to-image R@10 over those languages.
/// </summary>
/// <param name="source">Held-out images.</param>
/// <param name="loader">How they are decoded.</param>
/// <param name="languages">Languages to score; each must have vectors.</param>
/// <param name="vectors">The teacher's vectors, which stay the caller's.</param>
/// <param name="kinds">Kinds of captions to score; empty or null = all.</param>
/// <param name="features">Pooled features of the images, filled, where the vision tower is frozen; they stay the caller's.</param>
internal sealed class StudentEvaluator(
    ISampleSource source, LoaderConfig loader, IReadOnlyList<string> languages, EmbeddingStore vectors,
    IReadOnlyList<CaptionKind>? kinds = null, PooledFeatures? features = null) : IStudentEvaluator
{
    private (List<Sample> Samples, float[] Pooled)? _pooled;
    private long _batches;

    /// <inheritdoc/>
    public Activity Activity => new(Volatile.Read(ref _batches), $"the evaluation encodes or ranks the images of {source.Description}");

    /// <inheritdoc/>
    public void Check(CancellationToken cancellation)
    {
        var (missing, first) = (0L, "");
        for (var shard = 0; shard < source.ShardCount; shard++)
        {
            cancellation.ThrowIfCancellationRequested();
            foreach (var caption in source.ReadShard(shard, _ => { }, cancellation).SelectMany(sample => sample.Captions))
            {
                if (languages.Any(language => IsAsked(caption, language)) && !vectors.Contains(caption.Text))
                {
                    first = missing++ == 0 ? caption.Text : first;
                }
            }
        }
        if (missing > 0)
        {
            throw new InputException(
                $"{vectors.Folder} has no vector of {missing:N0} captions of {source.Description} that the run would be scored on, in "
                + $"{string.Join(", ", languages)}, such as \"{EmbeddingStore.Shorten(first)}\".");
        }
    }

    /// <inheritdoc/>
    public StudentScore Evaluate(Student student, CancellationToken cancellation)
    {
        var images = features is null
            ? EncodedImages.Encode(
                source, loader,
                batch =>
                {
                    Interlocked.Increment(ref _batches);
                    return student.EncodeImages(batch.Pixels, batch.Count);
                },
                SilentLog.Instance, cancellation)
            : FromFeatures(student, features, cancellation);
        var metrics = new SortedDictionary<string, double>(StringComparer.Ordinal);
        var recalls = new List<double>();
        var pairs = new List<ScoredPairs>();
        foreach (var language in languages)
        {
            var captions = new List<Caption>();
            var imageOfText = new List<int>();
            for (var image = 0; image < images.Samples.Count; image++)
            {
                foreach (var caption in images.Samples[image].Captions.Where(caption => IsAsked(caption, language)))
                {
                    captions.Add(caption);
                    imageOfText.Add(image);
                }
            }
            if (captions.Count == 0)
            {
                throw new InputException(
                    $"{source.Description}: no image has a caption in {language}, which the run is to be scored on (data.val).");
            }
            var teacher = new float[captions.Count * vectors.Dimension];
            string[] words = [.. captions.Select(caption => caption.Text)];
            vectors.Gather(words, teacher);
            var texts = new VectorSet(student.EncodeTexts(teacher, captions.Count), images.Vectors.Dimension);
            var result = Retrieval.Score(images.Vectors, texts, imageOfText);
            RecallMetrics.Add(metrics, language, result);
            recalls.Add(result.TextToImage.RecallAt10);
            pairs.Add(new ScoredPairs(images.Vectors, texts, imageOfText, words, teacher));
            Interlocked.Increment(ref _batches);
        }
        return new StudentScore(recalls.Average(), $"text-to-image R@10 ({string.Join(", ", languages)})", metrics) { Pairs = pairs };
    }

    /// <summary>The images by what a frozen tower gives, which is read at the first evaluation.</summary>
    private EncodedImages FromFeatures(Student student, PooledFeatures features, CancellationToken cancellation)
    {
        var (all, pooled) = _pooled ??= features.All(cancellation);
        return EncodedImages.Of(all, student.ProjectImages(pooled, all.Count), loader.For(source).Decode);
    }

    private bool IsAsked(Caption caption, string language) =>
        caption.Language == language && (kinds is not { Count: > 0 } || kinds.Contains(caption.Kind));
}
