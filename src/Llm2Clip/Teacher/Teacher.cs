using Llm2Clip.Diagnostics;

namespace Llm2Clip.Teachers;

/// <summary>
/// A teacher: the LLM's encoder and, where one was trained, the adapter over its pooled vectors. The namespace is Teachers because
/// a namespace and a class of one name hide each other.
/// </summary>
public sealed class Teacher : IDisposable
{
    /// <summary>Puts a teacher together from its parts, which it then owns.</summary>
    public Teacher(ITextEncoder encoder, TeacherSettings settings, IVectorAdapter? adapter = null)
    {
        Encoder = encoder;
        Settings = settings;
        Adapter = adapter;
    }

    /// <summary>Raw pooled vectors of the LLM.</summary>
    public ITextEncoder Encoder { get; }

    /// <summary>What beside the weights determines the raw vectors.</summary>
    public TeacherSettings Settings { get; }

    /// <summary>Centring and learned map over the raw vectors, or null where there is none.</summary>
    public IVectorAdapter? Adapter { get; }

    /// <summary>Length of the vectors that <see cref="Embed"/> gives.</summary>
    public int Dimension => Adapter?.Dimension ?? Encoder.Dimension;

    /// <summary>Hash of all that determines <see cref="Embed"/>'s vectors: weights, every setting, adapter.</summary>
    public string Fingerprint => Adapter is null ? Encoder.Fingerprint : Fingerprints.Of("teacher", Encoder.Fingerprint, Adapter.Fingerprint);

    /// <summary>
    /// Vectors of texts of one language: pooled by the LLM, then adapted. Un-normalised.
    /// </summary>
    public EncodedTexts Embed(IReadOnlyList<string> texts, string language, IRunLog log, CancellationToken cancellation = default)
    {
        var raw = Encoder.Encode(texts, log, cancellation);
        if (Adapter is null)
        {
            return raw;
        }
        var adapted = new float[(long)texts.Count * Adapter.Dimension];
        Adapter.Apply(raw.Vectors, texts.Count, language, adapted);
        return raw with { Vectors = adapted };
    }

    public void Dispose()
    {
        Adapter?.Dispose();
        Encoder.Dispose();
    }
}
