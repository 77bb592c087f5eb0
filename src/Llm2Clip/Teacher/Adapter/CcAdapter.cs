using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using Llm2Clip.Files;
using Llm2Clip.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Teachers.Adapter;

/// <summary>
/// An adapter over an LLM's pooled vectors, as caption-contrastive training makes it: takes out a mean (<see cref="LanguageMeans"/>), then
/// runs <see cref="CcAdapterModule"/> in fp32. Kept in one safetensors file: weights, means, and the settings in its metadata.
/// </summary>
public sealed class CcAdapter : IDisposable
{
    /// <summary>Usual name in a teacher folder.</summary>
    public const string FileName = "adapter.safetensors";

    private const string ConfigKey = "llm2clip.adapter";
    private const string OverallMean = "mean";
    private const string LanguageMeanPrefix = "mean.";
    private const string WeightPrefix = "adapter.";
    private const int Chunk = 4096;

    private readonly Lazy<string> _fingerprint;

    internal CcAdapter(AdapterConfig config, LanguageMeans means, CcAdapterModule module, int parts = 1)
    {
        (Config, Means, Module, Parts) = (config, means, module, parts);
        _fingerprint = new Lazy<string>(TakeFingerprint);
    }

    /// <summary>Its shape.</summary>
    public AdapterConfig Config { get; }

    /// <summary>What it can take out.</summary>
    public LanguageMeans Means { get; }

    /// <summary>Length of the LLM's vectors.</summary>
    public int InputDimension => Means.Overall.Length;

    /// <summary>Parts of equal length that the LLM's vectors consist of: one per layer that <c>teacher.layers</c> reads.</summary>
    public int Parts { get; }

    /// <summary>Length of the vectors that come out.</summary>
    public int Dimension => Config.Dimension;

    /// <summary>
    /// Hash of the weights, the settings and the training captions' means: what a store of this teacher's vectors depends on. Means of
    /// other languages are left out: they can be added without making stores of training captions another teacher's.
    /// </summary>
    public string Fingerprint => _fingerprint.Value;

    /// <summary>
    /// The mean of plain sentences that <see cref="CenteringMode.Own"/> takes out of vectors of a language; null where it takes out what
    /// <see cref="CenteringMode.Training"/> does.
    /// </summary>
    public LanguageMean? OwnMean(string language) =>
        Config.Centering != Centering.None && Means.Of(language) is { Training: false } mean ? mean : null;

    internal CcAdapterModule Module { get; }

    /// <summary>
    /// A new adapter: blocks that do nothing yet and a head from torch's default initialization.
    /// </summary>
    /// <param name="config">Its shape.</param>
    /// <param name="means">What it can take out.</param>
    /// <param name="seed">Seed of the weights.</param>
    /// <param name="parts">Parts of equal length that the LLM's vectors consist of.</param>
    public static CcAdapter Create(AdapterConfig config, LanguageMeans means, ulong seed, int parts = 1)
    {
        var width = means.Overall.Length;
        if (parts < 1 || width % parts != 0)
        {
            throw new ArgumentException($"Vectors of {width} elements do not consist of {parts} equal parts.", nameof(parts));
        }
        return new CcAdapter(config.Over(width), means, new CcAdapterModule(width, config, seed, CPU, parts), parts);
    }

    /// <summary>
    /// Maps pooled LLM vectors [N, InputDimension] of one language to adapted ones [N, Dimension], row-major and un-normalized; which mean
    /// they lose is explicit.
    /// </summary>
    public float[] Apply(ReadOnlySpan<float> raw, string language, CenteringMode mode)
    {
        var (count, rest) = Math.DivRem(raw.Length, InputDimension);
        if (rest != 0)
        {
            throw new ArgumentException($"{raw.Length} values are not whole vectors of {InputDimension}.", nameof(raw));
        }
        var adapted = new float[(long)count * Dimension];
        using var off = no_grad();
        for (var start = 0; start < count; start += Chunk)
        {
            var rows = Math.Min(Chunk, count - start);
            var centered = raw.Slice(start * InputDimension, rows * InputDimension).ToArray();
            Means.Center(centered, language, Config.Centering, mode);
            using var scope = NewDisposeScope();
            if (Config.Kind == AdapterKind.None)
            {
                // Several parts would each weigh as much as its states happen to be long.
                (Parts == 1 ? centered : Module.Scale(tensor(centered, [rows, InputDimension])).data<float>().ToArray())
                    .CopyTo(adapted.AsSpan(start * Dimension));
                continue;
            }
            Module.call(tensor(centered, [rows, InputDimension], device: Module.Head.Weight.device)).cpu().data<float>()
                .CopyTo(adapted.AsSpan(start * Dimension, rows * Dimension));
        }
        return adapted;
    }

    /// <summary>The same adapter with means of further languages.</summary>
    public CcAdapter WithMeans(IEnumerable<LanguageMean> more) => new(Config, Means.With(more), Module, Parts);

    /// <summary>A copy with weights of its own, on the CPU: what a trainer hands out when it frees its buffers.</summary>
    internal CcAdapter Copy()
    {
        var copy = Create(Config, Means, 0, Parts);
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var target = copy.Module.state_dict();
        foreach (var (name, weight) in Module.state_dict())
        {
            target[name].copy_(weight);
        }
        return copy;
    }

    /// <summary>Writes the file; a temporary name is renamed when it is complete.</summary>
    public void Save(string path)
    {
        using var scope = NewDisposeScope();
        var tensors = Module.state_dict().ToDictionary(entry => WeightPrefix + entry.Key, entry => entry.Value);
        tensors[OverallMean] = tensor(Means.Overall);
        foreach (var mean in Means.Languages)
        {
            tensors[LanguageMeanPrefix + mean.Language] = tensor(mean.Vector);
        }
        var header = new Header(
            InputDimension, Config, [.. Means.Languages.Select(m => new MeanHeader(m.Language, m.Count, m.Source, m.Training))])
        {
            Parts = Parts,
        };
        Safetensors.Save(path, tensors, new Dictionary<string, string> { [ConfigKey] = JsonSerializer.Serialize(header, Json.Line) });
    }

    /// <summary>
    /// Reads a file. Throws <see cref="InputException"/> where it is damaged, no adapter, or a tensor is missing, extra or misshapen.
    /// </summary>
    public static CcAdapter Load(string path)
    {
        using var file = SafetensorsFile.Open(path);
        Header? header = null;
        try
        {
            header = file.Metadata.TryGetValue(ConfigKey, out var json) ? JsonSerializer.Deserialize<Header>(json, Json.Line) : null;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw new InputException($"{path}: the settings in `{ConfigKey}` are not readable: {error.Message}", error);
        }
        if (header is null)
        {
            throw new InputException($"{path} is not an adapter: its metadata has no `{ConfigKey}`. `llm2clip cc-finetune` makes one.");
        }
        RequireSense(path, header, file);
        var width = header.InputDimension;
        var languages = header.Means.Select(m => new LanguageMean(m.Language, new float[width], m.Count, m.Source, m.Training)).ToList();
        var adapter = Create(header.Adapter, new LanguageMeans(new float[width], languages), 0, header.Parts);

        using var scope = NewDisposeScope();
        var targets = adapter.Module.state_dict().ToDictionary(entry => WeightPrefix + entry.Key, entry => entry.Value);
        var vectors = languages.ToDictionary(m => LanguageMeanPrefix + m.Language, m => m.Vector);
        vectors[OverallMean] = adapter.Means.Overall;
        foreach (var (name, vector) in vectors)
        {
            targets[name] = zeros([vector.Length]);
        }
        StrictWeights.Load(file, path, targets);
        foreach (var (name, vector) in vectors)
        {
            targets[name].data<float>().CopyTo(vector);
        }
        return adapter;
    }

    /// <summary>Frees the weights.</summary>
    public void Dispose() => Module.Dispose();

    /// <summary>Refuses settings that no adapter has, or that ask for more memory than the file's tensors fill.</summary>
    private static void RequireSense(string path, Header header, SafetensorsFile file)
    {
        var sane = header.InputDimension > 0
            && header.Parts > 0 && header.InputDimension % header.Parts == 0
            && header.Adapter is { Dimension: > 0, Blocks: >= 0, Dropout: >= 0 and < 1 }
            && header.Adapter == header.Adapter.Over(header.InputDimension)
            && !header.Means.Contains(null!)
            && header.Means.DistinctBy(mean => mean.Language).Count() == header.Means.Count;
        if (!sane)
        {
            throw new InputException($"{path}: the settings in `{ConfigKey}` contradict themselves: {file.Metadata[ConfigKey]}");
        }
        var means = (header.Means.Count + (Int128)1) * header.InputDimension;
        StrictWeights.RequireRoom(file, path, header.Adapter.WeightCount(header.InputDimension) + means, $"`{ConfigKey}`");
    }

    private string TakeFingerprint()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var scope = NewDisposeScope();
        foreach (var (name, weight) in Module.state_dict().OrderBy(entry => entry.Key, StringComparer.Ordinal))
        {
            Add(name, weight.data<float>().ToArray());
        }
        Add(OverallMean, Means.Overall);
        foreach (var mean in Means.Languages.Where(mean => mean.Training))
        {
            Add(LanguageMeanPrefix + mean.Language, mean.Vector);
        }
        string[] shape = ["cc-adapter-1", $"{Config.Kind}", $"{Config.Blocks}", $"{Config.Dimension}", $"{Config.Centering}"];
        string[] parts = Parts == 1 ? [] : [$"{Parts} parts"]; // one part has the fingerprint that it had when there was no other number
        return Fingerprints.Of([.. shape, .. parts, Convert.ToHexStringLower(hash.GetHashAndReset())]);

        void Add(string name, float[] values)
        {
            hash.AppendData(System.Text.Encoding.UTF8.GetBytes($"{name}:{values.Length}\n"));
            hash.AppendData(MemoryMarshal.AsBytes(values.AsSpan()));
        }
    }

    private sealed record Header(int InputDimension, AdapterConfig Adapter, IReadOnlyList<MeanHeader> Means)
    {
        public int Parts { get; init; } = 1; // adapters of older versions do not say
    }

    private sealed record MeanHeader(string Language, long Count, string Source, bool Training);
}
