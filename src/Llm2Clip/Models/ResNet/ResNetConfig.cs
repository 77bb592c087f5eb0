using System.Text.Json.Nodes;
using Llm2Clip.Configuration;
using Llm2Clip.Files;

namespace Llm2Clip.Models.ResNet;

/// <summary>What a stage of a <see cref="ResNetModel"/> is made of.</summary>
public enum ResNetBlock
{
    /// <summary>Two 3 x 3 convolutions (ResNet-18 and 34).</summary>
    Basic,

    /// <summary>1 x 1, 3 x 3, 1 x 1 (ResNet-50, 101 and 152).</summary>
    Bottleneck,
}

/// <summary>
/// Shape of a residual network as torchvision has it (torchvision 0.20 models/resnet.py), without its classifier; what our
/// <c>config.json</c> says.
/// </summary>
public sealed record ResNetConfig
{
    /// <summary><c>model_type</c> of the configuration.</summary>
    internal const string ModelType = "torchvision_resnet";

    /// <summary>Channels of the first stage's 3 x 3 convolutions; each stage doubles them.</summary>
    internal const int FirstWidth = 64;

    private static readonly string[] Read =
        ["architectures", "batch_norm", "batch_norm_eps", "block", "blocks", "image_size", "model_type", "stages"];

    /// <summary>The stages' names.</summary>
    internal static readonly IReadOnlyList<string> StageNames = ["layer1", "layer2", "layer3", "layer4"];

    /// <summary>Kind of all blocks.</summary>
    public required ResNetBlock Block { get; init; }

    /// <summary>Blocks of the four stages.</summary>
    public required IReadOnlyList<int> Blocks { get; init; }

    /// <summary>Stages whose spatial means are the features, side by side; the last one, layer4, among them.</summary>
    public IReadOnlyList<string> Stages { get; init; } = ["layer4"];

    /// <summary>Side of the square input that images are brought to, pixels. Other sides are computed as well.</summary>
    public int ImageSize { get; init; } = 224;

    /// <summary>What becomes of the batch norms.</summary>
    public BatchNormMode BatchNorm { get; init; } = BatchNormMode.Frozen;

    /// <summary>Epsilon of the batch norms.</summary>
    public double BatchNormEpsilon { get; init; } = 1e-5;

    /// <summary>Channels of a stage's maps.</summary>
    internal int WidthOf(int stage) => (FirstWidth << stage) * (Block == ResNetBlock.Basic ? 1 : ResidualBlock.Expansion);

    /// <summary>Weights of all convolutions and norms, or a little less: what a file must have room for.</summary>
    internal Int128 WeightCount
    {
        get
        {
            Int128 sum = 0;
            for (var stage = 0; stage < Blocks.Count; stage++)
            {
                Int128 width = FirstWidth << stage;
                sum += Blocks[stage] * (Block == ResNetBlock.Basic ? 18 * width * width : 17 * width * width); // 9 + 9; 4 + 9 + 4
            }
            return sum;
        }
    }

    /// <summary>
    /// Reads <c>config.json</c>. Throws <see cref="InputException"/>, naming <paramref name="path"/>, that lists every key that is unknown
    /// or holds a value that is not supported.
    /// </summary>
    public static ResNetConfig FromJson(JsonObject json, string path)
    {
        var keys = new JsonKeys(path);
        keys.Expect(json, "model_type", ModelType, fallback: "");
        keys.RefuseUnknown(json, Read, ModelFolder.IgnoredKeys, "");
        var config = new ResNetConfig
        {
            Block = ResNetKeys.Choice(keys, json, "block", ResNetBlock.Basic),
            Blocks = ResNetKeys.Counts(keys, json, "blocks"),
            Stages = ResNetKeys.Texts(keys, json, "stages", ["layer4"]),
            ImageSize = keys.Count(json, "image_size", 224, least: ResidualNetwork.Stride),
            BatchNorm = ResNetKeys.Choice(keys, json, "batch_norm", BatchNormMode.Frozen),
            BatchNormEpsilon = keys.Number(json, "batch_norm_eps", 1e-5),
        };
        if (ProblemOfStages(config.Stages) is { } problem)
        {
            keys.Refuse(0, $"stages {problem}");
        }
        keys.ThrowIfAny();
        return config;
    }

    /// <summary>The <c>config.json</c>.</summary>
    public JsonObject ToJson() => new()
    {
        ["architectures"] = new JsonArray("ResNet"),
        ["batch_norm"] = ConfigSchema.SnakeCase(BatchNorm.ToString()),
        ["batch_norm_eps"] = BatchNormEpsilon,
        ["block"] = ConfigSchema.SnakeCase(Block.ToString()),
        ["blocks"] = new JsonArray([.. Blocks.Select(count => (JsonNode)count)]),
        ["image_size"] = ImageSize,
        ["model_type"] = ModelType,
        ["stages"] = new JsonArray([.. Stages.Select(stage => (JsonNode)stage)]),
    };

    /// <summary>What is wrong with a list of stages; null where nothing is.</summary>
    internal static string? ProblemOfStages(IReadOnlyList<string> stages) =>
        stages.Except(StageNames).Any() || stages.Distinct().Count() != stages.Count
            ? $"is [{string.Join(", ", stages)}]; it must name some of {string.Join(", ", StageNames)}, each once"
        : !stages.Contains(StageNames[^1]) ? $"is [{string.Join(", ", stages)}], without {StageNames[^1]}, which would not train"
        : null;
}
