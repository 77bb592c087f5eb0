using Llm2Clip.Randomness;
using Llm2Clip.Teachers.Llm;

namespace Llm2Clip.Training.Stage1.Tuning;

/// <summary>One caption of each image per epoch, drawn anew, as its own positive.</summary>
/// <param name="images">The captions by image; their rows are those of <paramref name="texts"/>.</param>
/// <param name="texts">The captions' texts.</param>
/// <param name="batchSize">Captions per step.</param>
/// <param name="seed">Decides the draw.</param>
/// <param name="queries">Tokenizer of queries.</param>
/// <param name="documents">Tokenizer of positives.</param>
internal sealed class SingleTextSource(
    CcImages images, IReadOnlyList<string> texts, int batchSize, long seed, CaptionTokenizer queries, CaptionTokenizer documents)
    : ITuningSource
{
    private readonly int _size = Math.Min(batchSize, images.Count);

    /// <inheritdoc/>
    public int PerEpoch => images.Count / _size;

    /// <inheritdoc/>
    public IEnumerable<TuningBatch> Epoch(int epoch)
    {
        var random = SeededRandom.For(seed, 6, epoch);
        var order = Enumerable.Range(0, images.Count).ToArray();
        random.Shuffle(order);
        foreach (var chunk in order.Chunk(_size).Where(chunk => chunk.Length == _size))
        {
            var drawn = new int[chunk.Length];
            for (var i = 0; i < chunk.Length; i++)
            {
                var (first, count) = images.RangeOf(chunk[i]);
                drawn[i] = first + random.NextInt32(count);
            }
            var captions = Array.ConvertAll(drawn, caption => images.All[caption]);
            long[] sources = [.. chunk.Select(image => (long)image)];
            long[] wordings = [.. captions.Select(caption => caption.Wording)];
            yield return new TuningBatch(
                chunk.Length, () => [.. Read(captions, queries), .. Read(captions, documents)], [.. sources, .. sources],
                [.. wordings, .. wordings]);
        }
    }

    private IEnumerable<TokenizedText> Read(CcImages.CcCaption[] captions, CaptionTokenizer tokenizer) =>
        captions.Select(caption => tokenizer.Tokenize(texts[(int)caption.Row]));
}
