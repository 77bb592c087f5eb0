using System.Globalization;
using Llm2Clip.Data;
using Llm2Clip.Data.Loading;
using Llm2Clip.Models.Clip;

namespace Llm2Clip.Evaluation;

/// <summary>Captions that are scored together.</summary>
/// <param name="Name">Their name in metrics and log.</param>
/// <param name="Of">Those of an image; empty where it has none.</param>
internal sealed record CaptionSet(string Name, Func<Sample, IReadOnlyList<string>> Of);

/// <summary>
/// Retrieval on held-out images during the training of a whole CLIP, a recall for each set of captions. Its score is the mean
/// text-to-image R@10 over the sets.
/// </summary>
/// <param name="source">Held-out images.</param>
/// <param name="loader">How they are decoded.</param>
/// <param name="sets">What is scored; each has captions.</param>
internal sealed class ClipEvaluator(ISampleSource source, LoaderConfig loader, IReadOnlyList<CaptionSet> sets)
{
    private long _batches;

    /// <summary>What an evaluation is at; may be asked by any thread.</summary>
    public Activity Activity => new(Volatile.Read(ref _batches), $"the evaluation encodes or ranks the images of {source.Description}");

    /// <summary>Scores the model; captions that are too long lose their end.</summary>
    /// <exception cref="InputException">No image has a caption of a set.</exception>
    public StudentScore Evaluate(ClipModel model, CancellationToken cancellation)
    {
        var images = EncodedImages.Encode(
            source, loader,
            batch =>
            {
                Interlocked.Increment(ref _batches);
                return model.EncodeImages(batch.Pixels, batch.Count);
            },
            SilentLog.Instance, cancellation);
        var metrics = new SortedDictionary<string, double>(StringComparer.Ordinal);
        var recalls = new List<(string Name, double Recall)>();
        foreach (var set in sets)
        {
            var captions = images.Samples.SelectMany((sample, image) => set.Of(sample).Select(text => (Text: text, Image: image))).ToList();
            if (captions.Count == 0)
            {
                throw new InputException($"{source.Description}: no image has a {set.Name} caption, which the run is to be scored on.");
            }
            var texts = model.EncodeTexts([.. captions.Select(caption => caption.Text)], truncate: true, cancellation);
            var result = Retrieval.Score(
                images.Vectors, new VectorSet(texts.Features, model.EmbedDim), [.. captions.Select(caption => caption.Image)]);
            RecallMetrics.Add(metrics, set.Name, result);
            recalls.Add((set.Name, result.TextToImage.RecallAt10));
            Interlocked.Increment(ref _batches);
        }
        var each = recalls.Count == 1 ? recalls[0].Name : string.Join(", ", recalls.Select(one => string.Create(
            CultureInfo.InvariantCulture, $"{one.Name} {100 * one.Recall:0.0} %")));
        return new StudentScore(recalls.Average(one => one.Recall), $"text-to-image R@10 ({each})", metrics);
    }
}
