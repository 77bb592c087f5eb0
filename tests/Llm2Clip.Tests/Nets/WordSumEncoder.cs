using Llm2Clip.Randomness;
using Llm2Clip.Teachers;

namespace Llm2Clip.Tests.Nets;

/// <summary>
/// Stands in for an LLM in the stored curves: a text's vector is the sum of one random direction per word, so that captions of one image
/// are
/// alike. No native library computes it: the same bits on every machine.
/// </summary>
internal sealed class WordSumEncoder : ILlmEncoder
{
    public int Dimension => 64;

    public string Fingerprint => "word-sum";

    public EncodedTexts Encode(IReadOnlyList<string> texts, IRunLog log, CancellationToken cancellation = default)
    {
        var vectors = new float[texts.Count * Dimension];
        for (var i = 0; i < texts.Count; i++)
        {
            AddWords(texts[i], vectors.AsSpan(i * Dimension, Dimension));
        }
        return new EncodedTexts(vectors, 0);
    }

    /// <summary>Adds the text's vector to <paramref name="into"/>.</summary>
    public static void AddWords(string text, Span<float> into)
    {
        foreach (var word in text.ToLowerInvariant().Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            var random = SeededRandom.For([.. word.Select(letter => (long)letter)]);
            foreach (ref var value in into)
            {
                value += random.NextGaussian();
            }
        }
    }

    public void Dispose()
    {
    }
}
