using LLama.Native;
using Llm2Clip.Randomness;
using Llm2Clip.Teachers.Llm;

namespace Llm2Clip.Training.Stage1.Tuning;

/// <summary>
/// All captions one behind the other, in an order that the seed shuffles, cut into rows of equal length (facts A8). What does not fill a
/// batch is left out.
/// </summary>
internal sealed class PackedTextSource : ITuningSource
{
    private readonly IReadOnlyList<LLamaToken[]> _captions;
    private readonly int _rowTokens;
    private readonly int _size;
    private readonly long _seed;

    /// <param name="captions">Tokens of the captions.</param>
    /// <param name="rowTokens">Tokens of a row.</param>
    /// <param name="batchSize">Rows per step.</param>
    /// <param name="seed">Decides the order.</param>
    /// <exception cref="InputException">The captions do not fill two rows.</exception>
    public PackedTextSource(IReadOnlyList<LLamaToken[]> captions, int rowTokens, int batchSize, long seed)
    {
        (_captions, _rowTokens, _seed) = (captions, rowTokens, seed);
        var rows = captions.Sum(caption => (long)caption.Length) / rowTokens;
        if (rows < 2)
        {
            throw new InputException(
                $"The training captions have {captions.Sum(caption => (long)caption.Length)} tokens, and rows of {rowTokens} are to be "
                + "filled: lower cc_finetune.lora.max_tokens.");
        }
        _size = (int)Math.Min(batchSize, rows);
        PerEpoch = (int)(rows / _size);
    }

    /// <inheritdoc/>
    public int PerEpoch { get; }

    /// <inheritdoc/>
    public IEnumerable<TuningBatch> Epoch(int epoch)
    {
        var order = Enumerable.Range(0, _captions.Count).ToArray();
        SeededRandom.For(_seed, 9, epoch).Shuffle(order);
        var rows = order.SelectMany(caption => _captions[caption]).Chunk(_rowTokens);
        foreach (var batch in rows.Chunk(_size).Take(PerEpoch))
        {
            yield return new TuningBatch(
                batch.Length, () => [.. batch.Select(row => new TokenizedText(row, 0, Truncated: false))], [], []);
        }
    }
}
