using Llm2Clip.Data;
using Llm2Clip.Teachers.Store;

namespace Llm2Clip.Teachers.Adapter;

/// <summary>
/// Vectors of many captions, each embedded once although it is asked for with several means: raw vectors are kept in a store, and what is
/// missing is computed. A single query needs none of it: <see cref="Teacher.Embed"/> gives the same vector.
/// </summary>
internal sealed class TeacherVectors : IDisposable
{
    private readonly Teacher _teacher;
    private readonly RawVectors _raw;
    private CcAdapter? _adapter; // The teacher's, with further means: it shares its weights.

    /// <param name="teacher">The teacher; it stays the caller's.</param>
    /// <param name="rawStore">Folder of the raw store, read and added to; empty = a temporary one.</param>
    /// <param name="type">Element type of a raw store that has to be made.</param>
    /// <param name="log">Progress and warnings.</param>
    public TeacherVectors(Teacher teacher, string rawStore, VectorType type, IRunLog log)
    {
        (_teacher, _adapter) = (teacher, teacher.Adapter);
        _raw = new RawVectors(teacher.Encoder, rawStore, type, log);
    }

    /// <summary>Length of a vector.</summary>
    public int Dimension => _teacher.Dimension;

    /// <summary>The means that vectors can lose; null for a bare LLM.</summary>
    public LanguageMeans? Means => _adapter?.Means;

    /// <summary>
    /// Whether <see cref="CenteringMode.Own"/> gives other vectors for a language than <see cref="CenteringMode.Training"/>: there is a
    /// mean of plain sentences of it.
    /// </summary>
    public bool HasOwnMean(string language) => _adapter?.OwnMean(language) is not null;

    /// <summary>
    /// Fits means of further languages on their sentences, for this evaluation alone. The teacher has an adapter. Throws as
    /// <see cref="MeanFitter.Fit"/>.
    /// </summary>
    public void FitMeans(IReadOnlyList<TextSourceConfig> sources, DataConfig data, IRunLog log, CancellationToken cancellation = default) =>
        _adapter = _adapter!.WithMeans(MeanFitter.Fit(sources, data, _raw, training: false, log, cancellation));

    /// <summary>Un-normalized vectors of texts of one language, row-major [N, Dimension].</summary>
    public float[] Embed(IReadOnlyList<string> texts, string language, CenteringMode mode, CancellationToken cancellation = default)
    {
        _raw.Require(texts.Select(text => new Caption(text, language, CaptionKind.Short)), cancellation);
        var raw = _raw.Get(texts);
        return _adapter is null ? raw : _adapter.Apply(raw, language, mode);
    }

    public void Dispose() => _raw.Dispose();
}
