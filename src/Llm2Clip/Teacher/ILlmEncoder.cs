namespace Llm2Clip.Teachers;

/// <summary>
/// Texts in, one vector each out. The same text gives the same vector alone and in any company (to rounding; with quantized
/// weights to a cosine above 0.998).
/// </summary>
public interface ILlmEncoder : IDisposable
{
    /// <summary>Length of a vector.</summary>
    int Dimension { get; }

    /// <summary>Hash (SHA-256, lower-case hex) of everything that determines the vectors.</summary>
    string Fingerprint { get; }

    /// <summary>
    /// Encodes texts and returns their vectors in the same order. Shows a progress display on <paramref name="log"/> and warns there
    /// where texts were truncated. Throws <see cref="OperationCanceledException"/> between batches.
    /// </summary>
    EncodedTexts Encode(IReadOnlyList<string> texts, IRunLog log, CancellationToken cancellation = default);

    /// <summary>
    /// The same vectors, batch by batch as they are computed, so that what is done can be kept before all is done. Says nothing of
    /// truncated texts: the batches count them.
    /// </summary>
    IEnumerable<EncodedBatch> EncodeInBatches(IReadOnlyList<string> texts, CancellationToken cancellation = default)
    {
        var encoded = Encode(texts, SilentLog.Instance, cancellation);
        yield return EncodedBatch.Whole(texts.Count, encoded);
    }
}

/// <summary>Vectors of several texts.</summary>
/// <param name="Vectors">Row-major [N, Dimension], fp32, not normalized.</param>
/// <param name="Truncated">How many texts were longer than the teacher's maximum and lost their right end.</param>
public sealed record EncodedTexts(float[] Vectors, int Truncated);

/// <summary>Vectors of some of the texts that were given.</summary>
/// <param name="Texts">Which ones, by their place in the list.</param>
/// <param name="Vectors">Row-major [n, Dimension], fp32, not normalized.</param>
/// <param name="Truncated">How many of them lost their right end.</param>
/// <param name="Tokens">Tokens that were run for them; 0 = not known.</param>
/// <param name="Share">Share of the list's tokens that is done with this batch, above 0 to 1.</param>
public sealed record EncodedBatch(IReadOnlyList<int> Texts, float[] Vectors, int Truncated, int Tokens, double Share)
{
    /// <summary>All texts of a list in one batch.</summary>
    public static EncodedBatch Whole(int texts, EncodedTexts encoded) =>
        new([.. Enumerable.Range(0, texts)], encoded.Vectors, encoded.Truncated, Tokens: 0, Share: 1);
}
