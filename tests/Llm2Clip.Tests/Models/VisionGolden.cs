using System.Text.Json;
using System.Text.Json.Nodes;
using Llm2Clip.Models;
using Llm2Clip.Models.Eva;
using Llm2Clip.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Tests.Models;

/// <summary>Opens the vision towers of golden/vision, whatever their layout; what a folder is follows from its files alone.</summary>
internal static class VisionGolden
{
    /// <summary>Folders that hold a vision tower and fulfil a condition.</summary>
    public static TheoryData<string> Folders(Func<string, bool> wanted) =>
        GoldenTensors.Folders("vision", folder => IsTower(folder) && wanted(folder));

    /// <summary>Folders that hold a vision tower and a file.</summary>
    public static TheoryData<string> With(string file) => Folders(folder => File.Exists(Path.Combine(folder, file)));

    public static string ConfigOf(string folder) => Path.Combine(folder, "config.json");

    /// <summary>
    /// The folder's checkpoint. The golden folders of open_clip and eva_clip hold other files of tensors besides, so their weights are
    /// copied
    /// into <paramref name="scratch"/>; the configuration that open_clip's lack is written there out of expected.json.
    /// </summary>
    public static VisionCheckpoint Open(string folder, string scratch)
    {
        if (File.Exists(ConfigOf(folder)))
        {
            return VisionCheckpoint.Open(folder);
        }
        var weights = WeightsOf(folder)!;
        var copy = Directory.CreateDirectory(Path.Combine(scratch, Path.GetFileName(folder))).FullName;
        File.Copy(weights, Path.Combine(copy, Path.GetFileName(weights)), overwrite: true);
        if (File.Exists(Path.Combine(folder, CheckpointFiles.EvaClipName)))
        {
            File.Copy(Path.Combine(folder, CheckpointFiles.EvaClipName), Path.Combine(copy, CheckpointFiles.EvaClipName), overwrite: true);
            return VisionCheckpoint.Open(copy);
        }
        var expected = GoldenTensors.Expected(folder);
        if (expected.TryGetProperty("vision_cfg", out var vision))
        {
            var model = new JsonObject
            {
                ["embed_dim"] = expected.GetProperty("embed_dim").GetInt32(),
                ["quick_gelu"] = expected.GetProperty("quick_gelu").GetBoolean(),
                ["vision_cfg"] = JsonNode.Parse(vision.GetRawText()),
                ["text_cfg"] = JsonNode.Parse(expected.GetProperty("text_cfg").GetRawText()),
            };
            File.WriteAllText(Path.Combine(copy, CheckpointFiles.OpenClipName), new JsonObject { ["model_cfg"] = model }.ToJsonString());
            return VisionCheckpoint.Open(copy);
        }
        return VisionCheckpoint.Open(weights, expected.TryGetProperty("arguments", out var arguments) ? OfTimm(arguments) : null);
    }

    /// <summary>The file of weights; of shards, one; null where there is none.</summary>
    public static string? WeightsOf(string folder) =>
        Directory.GetFiles(folder, "*clip*.safetensors").Concat(Directory.GetFiles(folder, "model*.safetensors")).FirstOrDefault();

    /// <summary>The tower that <c>timm.models.eva.Eva</c> makes of its arguments.</summary>
    private static EvaVisionConfig OfTimm(JsonElement arguments)
    {
        int Count(string key) => arguments.GetProperty(key).GetInt32();
        return new EvaVisionConfig
        {
            ImageSize = Count("img_size"),
            PatchSize = Count("patch_size"),
            Width = Count("embed_dim"),
            Layers = Count("depth"),
            Heads = Count("num_heads"),
            MlpWidth = (int)(Count("embed_dim") * arguments.GetProperty("mlp_ratio").GetDouble()),
            EmbedDim = Count("num_classes"),
            RopeGrid = arguments.GetProperty("ref_feat_shape")[0].GetInt32(),
        };
    }

    private static bool IsTower(string folder)
    {
        if (File.Exists(ConfigOf(folder)))
        {
            var type = JsonNode.Parse(File.ReadAllText(ConfigOf(folder)))!["model_type"]?.GetValue<string>();
            return type is not null && ImageEncoders.ModelTypes.Contains(type);
        }
        if (WeightsOf(folder) is not { } path)
        {
            return false;
        }
        using var file = SafetensorsFile.Open(path);
        return file.Names.Any(name => name.StartsWith("visual.", StringComparison.Ordinal));
    }
}
