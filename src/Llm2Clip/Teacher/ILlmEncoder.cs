namespace Llm2Clip.Teachers;

/// <summary>
/// Texts in, one vector each out. The same text gives the same vector alone and in any company (to rounding; with quantised
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
}

/// <summary>Vectors of several texts.</summary>
/// <param name="Vectors">Row-major [N, Dimension], fp32, not normalized.</param>
/// <param name="Truncated">How many texts were longer than the teacher's maximum and lost their right end.</param>
public sealed record EncodedTexts(float[] Vectors, int Truncated);
