using Llm2Clip.Files;
using Llm2Clip.Images;
using Llm2Clip.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Models.ResNet;

/// <summary>The residual networks: which there are, and how one is opened or made.</summary>
internal static class ResNets
{
    /// <summary>Sizes as <c>model.preset</c> names them. torchvision's by https://arxiv.org/abs/1512.03385 table 1.</summary>
    private static readonly Dictionary<string, ResNetConfig> TorchvisionPresets = new()
    {
        ["resnet18"] = new() { Block = ResNetBlock.Basic, Blocks = [2, 2, 2, 2] },
        ["resnet34"] = new() { Block = ResNetBlock.Basic, Blocks = [3, 4, 6, 3] },
        ["resnet50"] = new() { Block = ResNetBlock.Bottleneck, Blocks = [3, 4, 6, 3] },
        ["resnet101"] = new() { Block = ResNetBlock.Bottleneck, Blocks = [3, 4, 23, 3] },
        ["resnet152"] = new() { Block = ResNetBlock.Bottleneck, Blocks = [3, 8, 36, 3] },
    };

    /// <summary>OpenAI's, as open_clip's model_configs/RN50.json and so on have them (open_clip v2.30.0).</summary>
    private static readonly Dictionary<string, ModifiedResNetConfig> ClipPresets = new()
    {
        ["rn50"] = new() { Blocks = [3, 4, 6, 3], Width = 64, ImageSize = 224, EmbedDim = 1024 },
        ["rn101"] = new() { Blocks = [3, 4, 23, 3], Width = 64, ImageSize = 224, EmbedDim = 512 },
        ["rn50x4"] = new() { Blocks = [4, 6, 10, 6], Width = 80, ImageSize = 288, EmbedDim = 640 },
        ["rn50x16"] = new() { Blocks = [6, 8, 18, 8], Width = 96, ImageSize = 384, EmbedDim = 768 },
        ["rn50x64"] = new() { Blocks = [3, 15, 36, 10], Width = 128, ImageSize = 448, EmbedDim = 1024 },
    };

    /// <summary>What <c>model.init</c> may name besides folders.</summary>
    public static IReadOnlyList<string> KnownNames { get; } = [ResNet18ImageNet.Name];

    /// <summary>What <c>model.preset</c> may name.</summary>
    public static IReadOnlyList<string> Presets { get; } = [.. TorchvisionPresets.Keys, .. ClipPresets.Keys];

    /// <summary>Every <c>model_type</c> of these networks.</summary>
    public static IReadOnlyList<string> ModelTypes { get; } = [ResNetConfig.ModelType, ModifiedResNetConfig.ModelType];

    /// <summary>Whether a folder's configuration is of one.</summary>
    public static bool IsIn(string folder) => TypeIn(folder) is { } type && ModelTypes.Contains(type);

    /// <summary>Whether a model section asks for one.</summary>
    public static bool AreMeant(StudentConfig config) =>
        config.Init.Length > 0 ? KnownNames.Contains(config.Init) || IsIn(config.Init) : Presets.Contains(config.Preset);

    /// <summary>Opens a folder with all its weights.</summary>
    /// <exception cref="InputException">The configuration is not supported, or the weights do not fit it.</exception>
    public static ResidualNetwork Load(string folder, Device device) => TypeIn(folder) == ResNetConfig.ModelType
        ? ResNetWeights.Load(folder, device)
        : ModifiedResNetWeights.Load(folder, device);

    /// <summary>A network by a folder's configuration, with weights of zero; <paramref name="weights"/> must have room for it.</summary>
    public static ResidualNetwork Empty(string folder, Device device, ISafetensors weights, string source) =>
        TypeIn(folder) == ResNetConfig.ModelType
            ? ResNetWeights.Empty(folder, device, weights, source)
            : ModifiedResNetWeights.Empty(folder, device, weights, source);

    /// <summary>A new network with zero weights, as <see cref="Presets"/> names it.</summary>
    public static ResidualNetwork Create(string preset, ResNetOptions options, Device device)
    {
        var mode = options.BatchNorm ?? BatchNormMode.Trained;
        if (TorchvisionPresets.TryGetValue(preset, out var shape))
        {
            return new ResNetModel(shape with { BatchNorm = mode, Stages = options.Stages ?? shape.Stages }, device);
        }
        ModifiedResNetWeights.RequireNoStages($"preset {preset}", options);
        return new ModifiedResNetModel(ClipPresets[preset] with { BatchNorm = mode }, device);
    }

    /// <summary>
    /// The network that a model section asks for (<see cref="AreMeant"/>), with its image transform: a new one, that of a folder, or that
    /// of a package, which is restored where it is missing.
    /// </summary>
    /// <exception cref="ConfigException">A key of the section does not fit the network.</exception>
    /// <exception cref="InputException">The folder does not hold such a network.</exception>
    /// <exception cref="RunException">The package cannot be had.</exception>
    public static (ResidualNetwork Encoder, ImageTransformConfig Transform) Start(
        StudentConfig config, ulong seed, Device device, IRunLog log, CancellationToken cancellation)
    {
        var options = new ResNetOptions(config.BatchNorm, config.Stages.Count > 0 ? config.Stages : null);
        // An image head makes features of any length.
        var embedDim = config.Head == ImageHeadKind.Own ? config.EmbedDim : null;
        var (encoder, transform) = config.Init.Length > 0
            ? OfInit(config.Init, embedDim, seed, options, device, log, cancellation)
            : OfPreset(config, seed, options, device);
        if (encoder is ResNetModel && embedDim is { } wanted && wanted != encoder.EmbedDim)
        {
            using (encoder)
            {
                throw ResNetWeights.NoProjection(config.Init.Length > 0 ? config.Init : config.Preset, wanted, encoder.EmbedDim);
            }
        }
        return (encoder, transform with { ImageSize = config.ImageSize ?? transform.ImageSize });
    }

    /// <summary>What is wrong with a model section that asks for one of these networks.</summary>
    public static IEnumerable<(string Key, string Problem)> Check(StudentConfig config)
    {
        (string Key, object? Value)[] transformers =
        [
            ("patch_size", config.PatchSize), ("width", config.Width), ("layers", config.Layers), ("heads", config.Heads),
            ("mlp_ratio", config.MlpRatio), ("activation", config.Activation), ("positions", config.Positions),
            ("lora", config.Lora.Rank > 0 ? config.Lora : null),
        ];
        foreach (var (key, _) in transformers.Where(each => each.Value is not null))
        {
            yield return (key, $"is set, but {Named(config)} is a residual network, which has none; leave it out");
        }
        if (config.ImageSize < ResidualNetwork.Stride)
        {
            yield return ("image_size", $"is {config.ImageSize}, but a residual network takes {ResidualNetwork.Stride} pixels and more");
        }
        if (config.Stages.Count > 0 && ResNetConfig.ProblemOfStages(config.Stages) is { } problem)
        {
            yield return ("stages", problem);
        }
        if (config.Init.Length > 0 && config.Projection == ProjectionStart.Keep)
        {
            yield return ("projection", $"is keep, but {Named(config)} is a residual network, whose projection starts anew; leave it out");
        }
        if (config.Init.Length == 0 && config.BatchNorm is BatchNormMode.Frozen)
        {
            yield return ("batch_norm", "is frozen, but a new network has no statistics yet; leave it out");
        }
    }

    /// <summary>Throws where a model section has keys of residual networks, although it asks for another encoder.</summary>
    public static void RequireUnused(StudentConfig config)
    {
        var key = config.BatchNorm is not null ? "batch_norm" : config.Stages.Count > 0 ? "stages" : null;
        if (key is not null)
        {
            throw new ConfigException($"model.{key} is set, but the image encoder is no residual network. Leave it out.");
        }
    }

    private static string Named(StudentConfig config) => config.Init.Length > 0 ? $"init {config.Init}" : $"preset {config.Preset}";

    private static (ResidualNetwork Encoder, ImageTransformConfig Transform) OfPreset(
        StudentConfig config, ulong seed, ResNetOptions options, Device device)
    {
        var encoder = Create(config.Preset, options, device);
        encoder.Initialize(seed);
        var transform = new ImageTransformConfig { ImageSize = encoder.ImageSize };
        return (encoder, transform with
        {
            Mean = config.Mean.Count > 0 ? config.Mean : transform.Mean,
            Std = config.Std.Count > 0 ? config.Std : transform.Std,
        });
    }

    private static (ResidualNetwork Encoder, ImageTransformConfig Transform) OfInit(
        string init, int? embedDim, ulong seed, ResNetOptions options, Device device, IRunLog log, CancellationToken cancellation)
    {
        if (init == ResNet18ImageNet.Name)
        {
            return (ResNet18ImageNet.Open(options, device, log, cancellation), ResNet18ImageNet.Transform);
        }
        var transform = Preprocessor.FromFile(Path.Combine(init, Preprocessor.FileName));
        return TypeIn(init) == ResNetConfig.ModelType
            ? (ResNetWeights.Start(init, device, embedDim, options), transform)
            : (ModifiedResNetWeights.Start(init, device, embedDim ?? StudentConfig.DefaultEmbedDim, seed, options), transform);
    }

    private static string? TypeIn(string folder) => File.Exists(ModelFolder.ConfigPath(folder))
        ? new JsonKeys(folder).Text(ModelFolder.ReadConfig(folder), "model_type", "")
        : null;
}
