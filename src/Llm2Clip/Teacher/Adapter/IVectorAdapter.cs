namespace Llm2Clip.Teachers.Adapter;

/// <summary>What a trained adapter does to the LLM's pooled vectors: centering and a learned map, per row.</summary>
public interface IVectorAdapter : IDisposable
{
    /// <summary>Length of the vectors that come out.</summary>
    int Dimension { get; }

    /// <summary>Hash (SHA-256, lower-case hex) of the adapter's weights and settings.</summary>
    string Fingerprint { get; }

    /// <summary>
    /// Maps <paramref name="count"/> pooled vectors (row-major, un-normalized) to adapted ones.
    /// </summary>
    /// <param name="raw">[count, LLM width].</param>
    /// <param name="count">Number of rows.</param>
    /// <param name="language">The rows' language, for centering by language; the data set's own label such as <c>en</c>.</param>
    /// <param name="into">[count, <see cref="Dimension"/>], written whole.</param>
    void Apply(ReadOnlySpan<float> raw, int count, string language, Span<float> into);
}
