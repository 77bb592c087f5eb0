using System.Text.Json.Nodes;
using Llm2Clip.Configuration;
using Llm2Clip.Files;

namespace Llm2Clip.Models.ResNet;

/// <summary>Shape of CLIP's residual networks (openai/CLIP dcba3cb clip/model.py#L94); what our <c>config.json</c> says.</summary>
public sealed record ModifiedResNetConfig
{
    /// <summary><c>model_type</c> of the configuration.</summary>
    internal const string ModelType = "clip_modified_resnet";

    /// <summary>Channels per attention head, as in all of OpenAI's networks.</summary>
    private const int HeadWidth = 64;

    private static readonly string[] Read =
        ["architectures", "batch_norm", "batch_norm_eps", "blocks", "image_size", "model_type", "projection_dim", "width"];

    /// <summary>Blocks of the four stages.</summary>
    public required IReadOnlyList<int> Blocks { get; init; }

    /// <summary>Channels behind the stem; even.</summary>
    public required int Width { get; init; }

    /// <summary>Side of the square input that the positions were made for, pixels.</summary>
    public required int ImageSize { get; init; }

    /// <summary>Length of the features.</summary>
    public required int EmbedDim { get; init; }

    /// <summary>What becomes of the batch norms.</summary>
    public BatchNormMode BatchNorm { get; init; } = BatchNormMode.Frozen;

    /// <summary>Epsilon of the batch norms.</summary>
    public double BatchNormEpsilon { get; init; } = 1e-5;

    /// <summary>Channels of the last stage, which the attention pooling works on.</summary>
    internal int PooledWidth => Width * (1 << (Blocks.Count - 1)) * ResidualBlock.Expansion;

    /// <summary>Heads of the attention pooling.</summary>
    internal int Heads => PooledWidth / HeadWidth;

    /// <summary>Rows and columns of the last stage's map.</summary>
    internal int Grid => ImageSize / ResidualNetwork.Stride;

    /// <summary>Weights of all convolutions and of the pooling, or a little less: what a file must have room for.</summary>
    internal (Int128 Tower, Int128 Projection) WeightCount
    {
        get
        {
            Int128 pooled = PooledWidth;
            var sum = 3 * pooled * pooled + pooled * Grid * Grid; // keys, queries, values; positions
            for (var stage = 0; stage < Blocks.Count; stage++)
            {
                Int128 width = (Int128)Width << stage;
                sum += Blocks[stage] * 17 * width * width; // 4 + 9 + 4
            }
            return (sum, pooled * EmbedDim);
        }
    }

    /// <summary>
    /// Reads <c>config.json</c>. Throws <see cref="InputException"/>, naming <paramref name="path"/>, that lists every key that is unknown
    /// or holds a value that is not supported.
    /// </summary>
    public static ModifiedResNetConfig FromJson(JsonObject json, string path)
    {
        var keys = new JsonKeys(path);
        keys.Expect(json, "model_type", ModelType, fallback: "");
        keys.RefuseUnknown(json, Read, ModelFolder.IgnoredKeys, "");
        var config = new ModifiedResNetConfig
        {
            Blocks = ResNetKeys.Counts(keys, json, "blocks"),
            Width = keys.Count(json, "width", 64, least: 2),
            ImageSize = keys.Count(json, "image_size", 224, least: ResidualNetwork.Stride),
            EmbedDim = keys.Count(json, "projection_dim", 1024),
            BatchNorm = ResNetKeys.Choice(keys, json, "batch_norm", BatchNormMode.Frozen),
            BatchNormEpsilon = keys.Number(json, "batch_norm_eps", 1e-5),
        };
        if (config.PooledWidth % HeadWidth != 0)
        {
            keys.Refuse(0, $"width is {config.Width}; it must be even");
        }
        keys.ThrowIfAny();
        return config;
    }

    /// <summary>The <c>config.json</c>.</summary>
    public JsonObject ToJson() => new()
    {
        ["architectures"] = new JsonArray("ModifiedResNet"),
        ["batch_norm"] = ConfigSchema.SnakeCase(BatchNorm.ToString()),
        ["batch_norm_eps"] = BatchNormEpsilon,
        ["blocks"] = new JsonArray([.. Blocks.Select(count => (JsonNode)count)]),
        ["image_size"] = ImageSize,
        ["model_type"] = ModelType,
        ["projection_dim"] = EmbedDim,
        ["width"] = Width,
    };
}
