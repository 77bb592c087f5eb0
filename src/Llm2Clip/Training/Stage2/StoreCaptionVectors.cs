using Llm2Clip.Data;
using Llm2Clip.Teachers.Store;

namespace Llm2Clip.Training.Stage2;

/// <summary>Teacher vectors out of an embedding store, gathered from its memory map.</summary>
public sealed class StoreCaptionVectors(EmbeddingStore store) : ICaptionVectors
{
    /// <inheritdoc/>
    public int Dimension => store.Dimension;

    /// <inheritdoc/>
    public string Fingerprint => store.Fingerprint;

    /// <inheritdoc/>
    public void Gather(IReadOnlyList<Caption> captions, Span<float> into) => store.Gather([.. captions.Select(caption => caption.Text)], into);
}
