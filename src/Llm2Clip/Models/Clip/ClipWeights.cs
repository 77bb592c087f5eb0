using System.Text.Json.Nodes;
using Llm2Clip.Files;
using Llm2Clip.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Models.Clip;

/// <summary>
/// Vision towers in Hugging Face's folder layout: <c>config.json</c> and <c>model.safetensors</c>, or shards with an index; of
/// <c>CLIPVisionModelWithProjection</c> or the vision half of <c>CLIPModel</c>; fp32, fp16 or bf16.
/// </summary>
public static class ClipWeights
{
    private const string Prefix = "vision_model.";
    private const string Projection = "visual_projection.weight";

    /// <summary>What a whole CLIPModel holds besides the vision half.</summary>
    private static readonly string[] TextHalf = ["text_model.", "text_projection.", "logit_scale"];

    /// <summary>Names of the first level below <c>vision_model.</c>; some files are written without that prefix.</summary>
    private static readonly string[] TowerParts = ["embeddings.", "pre_layrnorm.", "encoder.", "post_layernorm."];

    /// <summary>
    /// Loads a folder. With <paramref name="newEmbedDim"/> the projection is not taken from the file but initialized anew to that length,
    /// as LLM2CLIP does (facts B4).
    /// </summary>
    /// <exception cref="InputException">The configuration is not supported, or the weights do not fit it; every problem is listed.</exception>
    public static ClipVisionModel Load(string folder, Device device, int? newEmbedDim = null, ulong seed = 0)
    {
        var configPath = Path.Combine(folder, "config.json");
        if (!File.Exists(configPath))
        {
            throw new InputException($"{folder} holds no config.json, so it is not a model folder in Hugging Face's layout.");
        }
        var config = ClipVisionConfig.FromFile(configPath);
        using var file = ShardedSafetensors.Open(folder);
        var (tower, projection) = config.WeightCount;
        StrictWeights.RequireRoom(file, folder, newEmbedDim is null ? tower + projection : tower, "config.json");
        var model = new ClipVisionModel(newEmbedDim is { } dim ? config with { EmbedDim = dim } : config, device);
        try
        {
            if (newEmbedDim is not null)
            {
                model.Initialize(seed);
            }
            var targets = model.named_parameters().Where(p => newEmbedDim is null || p.name != Projection)
                .ToDictionary(p => p.name, p => (Tensor)p.parameter);
            var bare = !file.Names.Any(name => name.StartsWith(Prefix, StringComparison.Ordinal));
            StrictWeights.Load(file, folder, targets, name => TargetName(name, bare, newEmbedDim is not null));
            return model;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>Writes <c>config.json</c> and <c>model.safetensors</c>, which transformers opens as <c>CLIPVisionModelWithProjection</c>.</summary>
    public static void Save(ClipVisionModel model, string folder)
    {
        DurableFolder.Create(folder);
        Safetensors.Save(
            Path.Combine(folder, "model.safetensors"),
            model.named_parameters().ToDictionary(p => p.name, p => (Tensor)p.parameter),
            new Dictionary<string, string> { ["format"] = "pt" });
        WriteJson(Path.Combine(folder, "config.json"), model.Config.ToJson());
    }

    /// <summary>Writes JSON in the way Hugging Face's files look.</summary>
    internal static void WriteJson(string path, JsonObject json) =>
        PendingFile.Write(path, json.ToJsonString(Json.Report) + "\n");

    private static string? TargetName(string stored, bool bare, bool newProjection)
    {
        // position_ids: a buffer that older versions stored; it only counts 0, 1, 2, ...
        if (stored.EndsWith("embeddings.position_ids", StringComparison.Ordinal)
            || TextHalf.Any(part => stored.StartsWith(part, StringComparison.Ordinal))
            || (newProjection && stored == Projection))
        {
            return null;
        }
        return bare && TowerParts.Any(part => stored.StartsWith(part, StringComparison.Ordinal)) ? Prefix + stored : stored;
    }
}
