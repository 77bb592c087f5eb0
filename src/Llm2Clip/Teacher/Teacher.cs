using Llm2Clip.Teachers.Adapter;
using Llm2Clip.Teachers.Decoder;
using Llm2Clip.Weights.Gguf;

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
            Lora = Model.Lora is null ? null : Path.GetRelativePath(folder, Model.Lora.Path),
            LoraSha256 = Model.Lora?.Sha256,
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
public sealed record TeacherModel(string Path, string Sha256)
{
    /// <summary>The LoRA that changes the model's weights; null = none.</summary>
    public TeacherLora? Lora { get; init; }

    /// <summary>Hash of the weights that texts run through: of the file, and of the LoRA where there is one.</summary>
    internal string WeightsSha256 => Lora is null ? Sha256 : Fingerprints.Of("lora-1", Sha256, Lora.Sha256);

    /// <summary>The model at a path, and the LoRA at another; their hashes are taken.</summary>
    /// <exception cref="InputException">One of them cannot be read, or they do not belong together.</exception>
    internal static TeacherModel Of(string path, string? lora = null)
    {
        var model = GgufFile.Open(path);
        return new TeacherModel(path, WeightsHash.Of(model)) { Lora = lora is null ? null : TeacherLora.Of(lora, model) };
    }
}

/// <summary>A LoRA of a teacher's LLM, and the hash of what is in it.</summary>
/// <param name="Path">GGUF file, or folder in PEFT's layout.</param>
/// <param name="Sha256">Hash, lower-case hex.</param>
public sealed record TeacherLora(string Path, string Sha256)
{
    /// <summary>The LoRA at a path, held against its model.</summary>
    /// <exception cref="InputException">It is missing or damaged, asks for something that is not supported, or is for another
    /// model.</exception>
    internal static TeacherLora Of(string path, GgufFile model)
    {
        LoraFiles.Check(path, model);
        return new TeacherLora(path, LoraFiles.Hash(path));
    }
}
