using Llm2Clip.Configuration;
using Llm2Clip.Teachers.Adapter;
using Llm2Clip.Weights.Gguf;

namespace Llm2Clip.Teachers;

/// <summary>
/// A teacher as its files state it: settings, LoRA, adapter, fingerprints. Opening them costs a hash of the weights, which is remembered;
/// the LLM is loaded by <see cref="Load"/> alone.
/// </summary>
internal sealed class TeacherFiles : IDisposable
{
    /// <summary>More than these are a comparison, which tells of each.</summary>
    private const int ToldLayers = 8;

    private readonly string _path;
    private readonly TeacherConfig _config;
    private readonly TeacherManifest? _manifest;
    private readonly StatedSettings _stated;
    private CcAdapter? _ownedAdapter;

    private TeacherFiles(
        string path, TeacherConfig config, TeacherManifest? manifest, TeacherSettings settings, TeacherModel model, StatedSettings stated,
        CcAdapter? adapter)
    {
        (_path, _config, _manifest, Settings, Model, _stated) = (path, config, manifest, settings, model, stated);
        (Adapter, _ownedAdapter) = (adapter, adapter);
    }

    /// <summary>What beside the weights determines the raw vectors.</summary>
    public TeacherSettings Settings { get; }

    /// <summary>The LLM's files and their hashes.</summary>
    public TeacherModel Model { get; }

    /// <summary>Centering and learned map over the raw vectors, or null for a bare LLM.</summary>
    public CcAdapter? Adapter { get; }

    /// <summary>Fingerprint of the LLM's pooled vectors.</summary>
    public string RawFingerprint => LlmTextEncoder.FingerprintOf(Model.WeightsSha256, Settings);

    /// <summary>Fingerprint of the teacher's vectors.</summary>
    public string Fingerprint => Teacher.FingerprintOf(RawFingerprint, Adapter);

    /// <inheritdoc cref="TeacherDescription"/>
    public IReadOnlyDictionary<string, string> Describe() => TeacherDescription.Of(Model, Settings, Adapter);

    /// <summary>The store of raw vectors that <c>teacher.json</c> names; empty where there is none.</summary>
    public string RawStore => _manifest?.RawStore is { } relative ? Path.GetRelativePath(".", Path.Combine(_path, relative)) : "";

    /// <summary>
    /// Reads a teacher folder, a checkpoint of its training, or the header of a bare GGUF file. Of a training that is not over the folder
    /// gives the checkpoint.
    /// </summary>
    /// <param name="folderOrGguf">Folder with <c>teacher.json</c>, or a GGUF model.</param>
    /// <param name="overrides">Settings that take the place of the folder's or the defaults; null: none.</param>
    /// <exception cref="InputException">Folder or model is missing, damaged or does not belong together.</exception>
    /// <exception cref="ConfigException">The overrides make no sense, or would change the vectors that the folder's adapter was trained
    /// on.</exception>
    public static TeacherFiles Open(string folderOrGguf, TeacherConfig? overrides = null)
    {
        var config = overrides ?? new TeacherConfig();
        if (!Directory.Exists(folderOrGguf))
        {
            if (config.Layers == TeacherLayers.Auto)
            {
                throw new ConfigException(
                    $"teacher.layers is auto, and {folderOrGguf} is a bare LLM: cc-finetune chooses, on training images, and writes the "
                    + "choice into the teacher folder. Run it first, or name the layers; `llm2clip eval captions --layers all` compares "
                    + "them.");
            }
            var file = GgufFile.Open(folderOrGguf);
            var stated = new StatedSettings(file);
            var bare = Checked.Require(stated.Over(new TeacherSettings()).With(config), "teacher");
            return new TeacherFiles(folderOrGguf, config, null, bare, TeacherModel.Of(folderOrGguf, Named(config)), stated, null);
        }
        return OpenFolder(TeacherFolder.Find(folderOrGguf), config);
    }

    private static TeacherFiles OpenFolder(string folder, TeacherConfig config)
    {
        var manifest = TeacherFolder.Read(folder);
        var settings = manifest.Settings.With(config);
        if (manifest.Adapter is not null && settings != manifest.Settings)
        {
            var differing = TeacherDescription.Difference(
                TeacherDescription.Of(null, manifest.Settings, null), TeacherDescription.Of(null, settings, null));
            throw new ConfigException(
                $"{folder}: its adapter was trained with other settings than the run file's teacher section asks for: {differing}. Leave "
                + "them out, or train a teacher with them (cc-finetune).");
        }
        var adapter = manifest.Adapter is null ? null : CcAdapter.Load(Path.Combine(folder, manifest.Adapter));
        try
        {
            var gguf = TeacherFolder.ResolveGguf(folder, manifest);
            var model = new TeacherModel(gguf, manifest.GgufSha256) { Lora = LoraOf(folder, manifest, config, gguf) };
            RequireSense(settings, manifest, folder);
            return new TeacherFiles(folder, config, manifest, settings, model, new StatedSettings(GgufFile.Open(model.Path)), adapter);
        }
        catch
        {
            adapter?.Dispose();
            throw;
        }
    }

    /// <summary>The folder's LoRA, or the named one where the folder has none and no adapter was trained without.</summary>
    private static TeacherLora? LoraOf(string folder, TeacherManifest manifest, TeacherConfig config, string gguf)
    {
        var own = TeacherFolder.ResolveLora(folder, manifest, gguf);
        if (Named(config) is not { } named || own?.Path == Path.GetFullPath(named))
        {
            return own;
        }
        var lora = TeacherLora.Of(named, GgufFile.Open(gguf));
        if (lora.Sha256 == own?.Sha256)
        {
            return own;
        }
        return own is null && manifest.Adapter is null
            ? lora
            : throw new ConfigException(
                $"teacher.lora is {named}, and {folder} has {(own is null ? "an adapter that was trained without it" : "another LoRA")}. "
                + "Leave it out, or train a teacher with it (cc-finetune).");
    }

    private static string? Named(TeacherConfig config) => config.Lora is { Length: > 0 } named ? named : null;

    /// <summary>Loads the LLM. The teacher owns the adapter from then on.</summary>
    /// <exception cref="InputException">The model cannot be run, or the adapter is for vectors of another length.</exception>
    /// <exception cref="ConfigException">The settings make no sense for this model.</exception>
    public Teacher Load(IRunLog? log = null)
    {
        Tell(log ?? SilentLog.Instance);
        var encoder = LoadEncoder(log ?? SilentLog.Instance);
        var (dimension, parts) = (encoder.Dimension, Settings.LayerList().Count);
        if (Adapter is not null && (Adapter.InputDimension, Adapter.Parts) != (dimension, parts))
        {
            encoder.Dispose();
            throw new InputException(
                $"{Path.Combine(_path, _manifest!.Adapter!)} is for vectors of {Adapter.InputDimension} elements in {Adapter.Parts} parts, "
                + $"the model gives {dimension} in {parts} (layers: {Settings.Layers}).");
        }
        _ownedAdapter = null;
        return new Teacher(encoder, Settings, Adapter) { Model = Model };
    }

    /// <summary>Blocks of the LLM.</summary>
    public int Blocks()
    {
        var file = GgufFile.Open(Model.Path);
        return (int)file.GetInteger($"{file.Architecture}.block_count");
    }

    /// <summary>The same LLM, read at other layers; without the adapter, which is for these alone. The caller disposes both.</summary>
    public TeacherFiles At(IReadOnlyList<TeacherLayer> layers)
    {
        var settings = Settings with { Layers = TeacherLayers.Text(layers, Settings.Attention) };
        return new TeacherFiles(_path, _config, _manifest, settings, Model, _stated, adapter: null);
    }

    /// <summary>The same LLM with a LoRA that was trained for it; without the adapter. The caller disposes both.</summary>
    public TeacherFiles With(TeacherLora lora) =>
        new(_path, _config, _manifest, Settings, Model with { Lora = lora }, _stated, adapter: null);

    /// <summary>The same of the LLM alone.</summary>
    public IReadOnlyDictionary<string, string> DescribeLlm() => TeacherDescription.Of(Model, Settings, null);

    /// <summary>Frees the adapter, unless a loaded teacher has it.</summary>
    public void Dispose() => _ownedAdapter?.Dispose();

    /// <summary>Says which pooling and attention count, and why.</summary>
    private void Tell(IRunLog log)
    {
        var folder = _manifest is null ? null : TeacherFolder.ManifestName;
        _stated.Tell(
            Settings, _config.Pooling is null ? folder : "teacher.pooling", _config.Attention is null ? folder : "teacher.attention", log);
        if (Settings.Layers != TeacherLayers.FinalOnly && Settings.LayerList().Count <= ToldLayers)
        {
            log.Info($"Layers: {Settings.Layers}.");
        }
        if (Model.Lora is { } lora)
        {
            log.Info($"LoRA: {lora.Path}.");
        }
    }

    private LlmTextEncoder LoadEncoder(IRunLog log)
    {
        try
        {
            return new LlmTextEncoder(Model, Settings, _config, log);
        }
        catch (ConfigException error) when (_manifest is not null && Settings == _manifest.Settings)
        {
            throw OfTheFolder(_path, error);
        }
    }

    private static void RequireSense(TeacherSettings settings, TeacherManifest manifest, string folder)
    {
        try
        {
            Checked.Require(settings, "teacher");
        }
        catch (ConfigException error) when (settings == manifest.Settings)
        {
            throw OfTheFolder(folder, error);
        }
    }

    /// <summary>Not a mistake of the run file: the settings are the folder's own.</summary>
    private static InputException OfTheFolder(string folder, ConfigException error) =>
        new($"{Path.Combine(folder, TeacherFolder.ManifestName)}: {error.Message}", error);
}
