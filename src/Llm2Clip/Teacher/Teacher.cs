using Llm2Clip.Teachers.Adapter;

namespace Llm2Clip.Teachers;

/// <summary>
/// A teacher: the LLM's encoder and, where one was trained, the adapter over its pooled vectors. The namespace is Teachers because
/// a namespace and a class of one name hide each other.
/// </summary>
public sealed class Teacher : IDisposable
{
    /// <summary>Puts a teacher together from its parts, which it then owns.</summary>
    public Teacher(ILlmEncoder encoder, TeacherSettings settings, CcAdapter? adapter = null)
    {
        Encoder = encoder;
        Settings = settings;
        Adapter = adapter;
    }

    /// <summary>
    /// Opens a teacher folder, a checkpoint of its training, or a bare GGUF file. Of a training that is not over the folder gives the
    /// checkpoint.
    /// </summary>
    /// <param name="folderOrGguf">Folder with <c>teacher.json</c>, or a GGUF model.</param>
    /// <param name="overrides">Settings that take the place of the folder's or the defaults; null: none.</param>
    /// <param name="log">Where decisions go; null: nowhere.</param>
    /// <exception cref="InputException">Folder or model is missing, damaged or does not belong together.</exception>
    /// <exception cref="ConfigException">The overrides make no sense, or would change the vectors that the folder's adapter was trained
    /// on.</exception>
    public static Teacher Open(string folderOrGguf, TeacherConfig? overrides = null, IRunLog? log = null)
    {
        using var files = TeacherFiles.Open(folderOrGguf, overrides);
        return files.Load(log);
    }

    /// <summary>Raw pooled vectors of the LLM.</summary>
    public ILlmEncoder Encoder { get; }

    /// <summary>What beside the weights determines the raw vectors.</summary>
    public TeacherSettings Settings { get; }

    /// <summary>Centering and learned map over the raw vectors, or null where there is none.</summary>
    public CcAdapter? Adapter { get; }

    /// <summary>The model's file and hash, where the teacher was opened from one.</summary>
    public TeacherModel? Model { get; init; }

    /// <summary>Length of the vectors that <see cref="Embed"/> gives.</summary>
    public int Dimension => Adapter?.Dimension ?? Encoder.Dimension;

    /// <summary>Hash of all that determines <see cref="Embed"/>'s vectors: weights, every setting, adapter.</summary>
    public string Fingerprint => FingerprintOf(Encoder.Fingerprint, Adapter);

    /// <summary>Fingerprint of a teacher by those of its parts.</summary>
    internal static string FingerprintOf(string raw, CcAdapter? adapter) =>
        adapter is null ? raw : Fingerprints.Of("teacher", raw, adapter.Fingerprint);

    /// <summary>
    /// The teacher's vectors of raw ones: the only road from the LLM's pooled vectors, cached or fresh, to what a student sees.
    /// </summary>
    /// <param name="raw">Vectors of texts of one language, row-major [N, <see cref="ILlmEncoder.Dimension"/>]. Without an adapter they
    /// come back as they are.</param>
    /// <param name="language">The texts' language, the data set's own label such as <c>en</c>.</param>
    /// <param name="mean">Which mean the vectors lose. A student is trained on <see cref="CenteringMode.Training"/>.</param>
    /// <returns>Row-major [N, <see cref="Dimension"/>], un-normalized.</returns>
    public float[] FromRaw(float[] raw, string language, CenteringMode mean) => Adapter is null ? raw : Adapter.Apply(raw, language, mean);

    /// <summary>
    /// Vectors of texts of one language, live: pooled by the LLM, then <see cref="FromRaw"/>. Nothing is written and no lock is taken,
    /// so that it serves single queries. Un-normalized.
    /// </summary>
    public EncodedTexts Embed(
        IReadOnlyList<string> texts, string language, CenteringMode mean, IRunLog log, CancellationToken cancellation = default)
    {
        var raw = Encoder.Encode(texts, log, cancellation);
        return raw with { Vectors = FromRaw(raw.Vectors, language, mean) };
    }

    /// <inheritdoc cref="TeacherDescription"/>
    internal IReadOnlyDictionary<string, string> Describe() => TeacherDescription.Of(Model, Settings, Adapter);

    /// <summary>The vectors of <see cref="Embed"/>, batch by batch as they are computed.</summary>
    public IEnumerable<EncodedBatch> EmbedInBatches(
        IReadOnlyList<string> texts, string language, CenteringMode mean, CancellationToken cancellation = default) =>
        Encoder.EncodeInBatches(texts, cancellation).Select(batch => batch with { Vectors = FromRaw(batch.Vectors, language, mean) });

    /// <summary>What <c>teacher.json</c> of a folder says of this teacher's LLM; no adapter is named yet.</summary>
    public TeacherManifest Manifest(string folder) => Model is null
        ? throw new InvalidOperationException("The teacher was not opened from a model file.")
        : new TeacherManifest
        {
            Gguf = Path.GetRelativePath(folder, Model.Path),
            GgufSha256 = Model.Sha256,
            Settings = Settings,
            Dimension = Encoder.Dimension,
        };

    /// <summary>Frees the LLM and the adapter.</summary>
    public void Dispose()
    {
        Adapter?.Dispose();
        Encoder.Dispose();
    }
}

/// <summary>The GGUF file of a teacher and its hash (<see cref="WeightsHash"/>).</summary>
public sealed record TeacherModel(string Path, string Sha256);
