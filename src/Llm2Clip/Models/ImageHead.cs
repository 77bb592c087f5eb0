using System.Text.Json.Nodes;
using Llm2Clip.Files;
using Llm2Clip.Layers;
using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using LayerNorm = Llm2Clip.Layers.LayerNorm;
using Linear = Llm2Clip.Layers.Linear;

namespace Llm2Clip.Models;

/// <summary>What makes image features of an encoder's pooled features.</summary>
public enum ImageHeadKind
{
    /// <summary>The encoder's own projection, or nothing where it has none.</summary>
    Own,

    /// <summary>Layer norm and a linear layer.</summary>
    Linear,

    /// <summary>The same, plus a layer of hidden units beside it.</summary>
    Mlp,
}

/// <summary>Shape of an <see cref="ImageHead"/>.</summary>
public sealed record ImageHeadConfig
{
    /// <summary>Lengths of the parts of the pooled features (<see cref="IImageEncoder.PooledParts"/>).</summary>
    public required IReadOnlyList<int> Parts { get; init; }

    /// <summary>Length of the image features.</summary>
    public required int EmbedDim { get; init; }

    /// <summary>Hidden units beside the linear layer; 0 = none.</summary>
    public int Width { get; init; }

    /// <summary>Epsilon of the layer norms.</summary>
    public double LayerNormEpsilon { get; init; } = 1e-5;

    /// <summary>Weights of all layers.</summary>
    internal Int128 WeightCount
    {
        get
        {
            Int128 input = Parts.Sum();
            Int128 hidden = Width;
            return 2 * input + (input + 1) * EmbedDim + (hidden > 0 ? (input + 1) * hidden + (hidden + 1) * EmbedDim : 0);
        }
    }
}

/// <summary>
/// Pooled features of a vision tower to image features: each part through a layer norm of its own, as stages differ in scale; side by side
/// x; then W x + b, and, with hidden units, W2 dropout(GELU(W1 x)) added, which starts as zero. It is what trains of a frozen tower.
/// </summary>
public sealed class ImageHead : nn.Module<Tensor, Tensor>
{
    /// <summary>Name of the settings in a student's folder.</summary>
    internal const string SettingsFile = "image_head.json";

    [ComponentName(Name = "norms")]
    private readonly ModuleList<nn.Module<Tensor, Tensor>> _norms; // one per part

    [ComponentName(Name = "linear")]
    private readonly Linear _linear; // [D, F]

    [ComponentName(Name = "widen")]
    private readonly Linear? _widen; // [H, F]

    [ComponentName(Name = "narrow")]
    private readonly Linear? _narrow; // [D, H]

    /// <summary>A head whose products are zero; <see cref="Initialize"/> or loading fills them.</summary>
    public ImageHead(ImageHeadConfig config, Device device)
        : base(nameof(ImageHead))
    {
        Config = config;
        var input = config.Parts.Sum();
        _norms = new ModuleList<nn.Module<Tensor, Tensor>>(
            [.. config.Parts.Select(part => (nn.Module<Tensor, Tensor>)new LayerNorm(part, config.LayerNormEpsilon, device))]);
        _linear = new Linear(input, config.EmbedDim, bias: true, device);
        if (config.Width > 0)
        {
            _widen = new Linear(input, config.Width, bias: true, device);
            _narrow = new Linear(config.Width, config.EmbedDim, bias: true, device);
        }
        RegisterComponents();
    }

    /// <summary>Its shape.</summary>
    public ImageHeadConfig Config { get; }

    /// <summary>Dropout of input and hidden units; off until a trainer begins a pass.</summary>
    public TrainingNoise Noise { get; } = new();

    /// <summary>Share of input elements and hidden units dropped in a training pass.</summary>
    public double Dropout { get; set; }

    /// <summary>Pooled features [B, F] to image features [B, D], fp32, not normalized.</summary>
    public override Tensor forward(Tensor pooled)
    {
        using var scope = NewDisposeScope();
        var parts = new List<Tensor>();
        var start = 0L;
        foreach (var norm in _norms)
        {
            var length = Config.Parts[parts.Count];
            parts.Add(norm.call(pooled.narrow(1, start, length)));
            start += length;
        }
        var x = Noise.Dropout(cat(parts, 1), Dropout); // [B, F]
        var features = _linear.call(x).InFp32();
        if (_widen is not null && _narrow is not null)
        {
            var hidden = Noise.Dropout(nn.functional.gelu(_widen.call(x)), Dropout); // [B, H]
            features = features.Plus(_narrow.call(hidden));
        }
        return features.MoveToOuterDisposeScope();
    }

    /// <summary>torch's default initialization of linear layers; what the hidden units add starts as zero.</summary>
    public void Initialize(ulong seed)
    {
        var init = new WeightInit(seed);
        init.TorchDefault(_linear.Weight, _linear.Bias);
        if (_widen is not null)
        {
            init.TorchDefault(_widen.Weight, _widen.Bias);
        }
    }

    /// <summary>Writes the settings into a student's folder.</summary>
    internal void SaveSettings(string folder) => ModelFolder.WriteJson(Path.Combine(folder, SettingsFile), new JsonObject
    {
        ["parts"] = new JsonArray([.. Config.Parts.Select(part => (JsonNode)part)]),
        ["embed_dim"] = Config.EmbedDim,
        ["width"] = Config.Width,
        ["layer_norm_eps"] = Config.LayerNormEpsilon,
    });

    /// <summary>The settings of a student's folder; null where its encoder has no head of this kind.</summary>
    /// <exception cref="InputException">The file is damaged.</exception>
    internal static ImageHeadConfig? ReadSettings(string folder)
    {
        var path = Path.Combine(folder, SettingsFile);
        if (!File.Exists(path))
        {
            return null;
        }
        var json = JsonKeys.ReadObject(path, "an image head's settings");
        var keys = new JsonKeys(path);
        keys.RefuseUnknown(json, ["parts", "embed_dim", "width", "layer_norm_eps"], new HashSet<string>(), "");
        var config = new ImageHeadConfig
        {
            Parts = Lengths(keys, json["parts"]),
            EmbedDim = keys.Count(json, "embed_dim", 0),
            Width = keys.Count(json, "width", 0, least: 0),
            LayerNormEpsilon = keys.Number(json, "layer_norm_eps", 1e-5),
        };
        keys.ThrowIfAny();
        return config;
    }

    private static IReadOnlyList<int> Lengths(JsonKeys keys, JsonNode? node)
    {
        const int Longest = 1 << 20;
        var lengths = (node as JsonArray)?.Select(item => item is JsonValue value && value.TryGetValue<int>(out var length) ? length : 0)
            .ToList();
        return lengths is { Count: > 0 and <= 64 } && lengths.All(length => length is > 0 and <= Longest)
            ? lengths
            : keys.Refuse<IReadOnlyList<int>>([1], $"parts is {node?.ToJsonString() ?? "missing"}; it must be a list of lengths");
    }
}
