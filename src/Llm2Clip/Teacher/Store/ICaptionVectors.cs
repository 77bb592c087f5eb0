using Llm2Clip.Data;

namespace Llm2Clip.Teachers.Store;

/// <summary>Teacher vectors of captions, such as those of an <see cref="EmbeddingStore"/>. Not normalized.</summary>
internal interface ICaptionVectors
{
    /// <summary>Length of a vector.</summary>
    int Dimension { get; }

    /// <summary>Fingerprint of the teacher.</summary>
    string Fingerprint { get; }

    /// <summary>
    /// Writes the vectors of all captions, [captions, <see cref="Dimension"/>]. Throws <see cref="InputException"/> naming one that is
    /// missing.
    /// </summary>
    void Gather(IReadOnlyList<Caption> captions, Span<float> into);
}
