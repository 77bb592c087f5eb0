using Llm2Clip.Teachers.Adapter;
using Llm2Clip.Teachers.Llm;
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
        var config = overrides ?? new TeacherConfig();
        log ??= SilentLog.Instance;
        return Directory.Exists(folderOrGguf)
            ? OpenFolder(TeacherFolder.Find(folderOrGguf), config, log)
            : OpenGguf(folderOrGguf, config, log);
    }

    private static Teacher OpenGguf(string path, TeacherConfig config, IRunLog log)
    {
        var model = GgufFile.Open(path);
        var stated = new StatedSettings(model);
        var settings = stated.Over(new TeacherSettings()).With(config);
        stated.Tell(settings, Named("pooling", config.Pooling), Named("attention", config.Attention), log);
        var hash = WeightsHash.Of(model);
        return new Teacher(new LlamaTextEncoder(path, settings, config, hash, log), settings) { Model = new TeacherModel(path, hash) };
    }

    private static Teacher OpenFolder(string folder, TeacherConfig config, IRunLog log)
    {
        var manifest = TeacherFolder.Read(folder);
        var settings = manifest.Settings.With(config);
        if (manifest.Adapter is not null && settings != manifest.Settings)
        {
            throw new ConfigException(
                $"{folder}: its adapter was trained with other settings than the run file's teacher section asks for. Leave template, "
                + "instruction, pooling, attention, full_window, max_length, flash_attention and kv_type out, or train a teacher with them "
                + "(cc-finetune).");
        }
        var adapter = manifest.Adapter is null ? null : CcAdapter.Load(Path.Combine(folder, manifest.Adapter));
        try
        {
            var gguf = TeacherFolder.ResolveGguf(folder, manifest);
            new StatedSettings(GgufFile.Open(gguf)).Tell(
                settings, Named("pooling", config.Pooling) ?? TeacherFolder.ManifestName,
                Named("attention", config.Attention) ?? TeacherFolder.ManifestName, log);
            var encoder = new LlamaTextEncoder(gguf, settings, config, manifest.GgufSha256, log);
            if (adapter is not null && adapter.InputDimension != encoder.Dimension)
            {
                encoder.Dispose();
                throw new InputException(
                    $"{Path.Combine(folder, manifest.Adapter!)} is for vectors of {adapter.InputDimension} elements, the model gives "
                    + $"{encoder.Dimension}.");
            }
            return new Teacher(encoder, settings, adapter) { Model = new TeacherModel(gguf, manifest.GgufSha256) };
        }
        catch (ConfigException error) when (settings == manifest.Settings)
        {
            // Not a mistake of the run file: the settings are the folder's own.
            adapter?.Dispose();
            throw new InputException($"{Path.Combine(folder, TeacherFolder.ManifestName)}: {error.Message}", error);
        }
        catch
        {
            adapter?.Dispose();
            throw;
        }
    }

    private static string? Named<T>(string key, T? value)
        where T : struct => value is null ? null : $"teacher.{key}";

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
    public string Fingerprint => Adapter is null
        ? Encoder.Fingerprint
        : Fingerprints.Of("teacher", Encoder.Fingerprint, Adapter.Fingerprint);

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
