using Llm2Clip.Teachers.Llm;

namespace Llm2Clip.Training.Stage1.Tuning;

/// <summary>Pairs of captions of one image, as <see cref="CcPairs"/> draws them.</summary>
/// <param name="images">The captions by image; their rows are those of <paramref name="texts"/>.</param>
/// <param name="texts">The captions' texts.</param>
/// <param name="pairs">The draw.</param>
/// <param name="queries">Tokenizer of queries.</param>
/// <param name="documents">Tokenizer of positives.</param>
internal sealed class CaptionPairSource(
    CcImages images, IReadOnlyList<string> texts, CcPairs pairs, CaptionTokenizer queries, CaptionTokenizer documents) : ITuningSource
{
    /// <inheritdoc/>
    public int PerEpoch => pairs.PerEpoch;

    /// <inheritdoc/>
    public IEnumerable<TuningBatch> Epoch(int epoch) => pairs.Epoch(epoch, negatives: null).Select(batch => new TuningBatch(
        batch.Images,
        () => [.. batch.Captions.Select((caption, row) => (row < batch.Images ? queries : documents).Tokenize(TextOf(caption)))],
        batch.ImageOf,
        [.. batch.Captions.Select(caption => images.All[caption].Wording)]));

    private string TextOf(int caption) => texts[(int)images.All[caption].Row];
}
