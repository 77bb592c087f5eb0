using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Llm2Clip.Configuration;
using Llm2Clip.Files;
using Llm2Clip.Layers;

namespace Llm2Clip.Models;

/// <summary>The <c>model.lora</c> section: low-rank changes of a frozen image encoder (https://arxiv.org/abs/2106.09685).</summary>
public sealed record LoraConfig : ICheckedConfig
{
    private const string SettingsFile = "lora.json";

    [Description("Rank of the trained changes of the image encoder's blocks, whose own weights stay frozen; the projection trains. 0 = no "
        + "LoRA: all weights train. LLM2CLIP: 32. The saved model has the changes in its weights.")]
    [Range(0, 1024)]
    public int Rank { get; init; }

    [Description("The changes are scaled by alpha / rank.")]
    [Range(0.001, 4096)]
    public double Alpha { get; init; } = 32;

    [Description("Dropout of the changes' inputs while training.")]
    [Range(0, 0.9)]
    public double Dropout { get; init; } = 0.1;

    [Description("Which products of a block are changed: q_proj, k_proj, v_proj, out_proj, fc1, fc2; gate too where the MLP is gated.")]
    public IReadOnlyList<string> Layers { get; init; } = ["q_proj", "k_proj", "v_proj"];

    /// <summary>Sizes of the changes.</summary>
    [JsonIgnore]
    internal LoraShape Shape => new(Rank, Alpha, Dropout);

    /// <summary>Writes the settings beside a checkpoint's configurations.</summary>
    internal void SaveSettings(string folder) => ModelFolder.WriteJson(Path.Combine(folder, SettingsFile), new JsonObject
    {
        ["rank"] = Rank,
        ["alpha"] = Alpha,
        ["dropout"] = Dropout,
        ["layers"] = new JsonArray([.. Layers.Select(layer => (JsonNode)layer)]),
    });

    /// <summary>The settings of a checkpoint; null where its weights are plain.</summary>
    /// <exception cref="InputException">The file is damaged.</exception>
    internal static LoraConfig? ReadSettings(string folder)
    {
        var path = Path.Combine(folder, SettingsFile);
        if (!File.Exists(path))
        {
            return null;
        }
        var json = JsonKeys.ReadObject(path, "LoRA's settings");
        var keys = new JsonKeys(path);
        keys.RefuseUnknown(json, ["rank", "alpha", "dropout", "layers"], new HashSet<string>(), "");
        var isList = json["layers"] is JsonArray { Count: > 0 } list && list.All(item => item?.GetValueKind() == JsonValueKind.String);
        var config = new LoraConfig
        {
            Rank = keys.Count(json, "rank", 0),
            Alpha = keys.Number(json, "alpha", 0),
            Dropout = keys.Number(json, "dropout", 0),
            Layers = isList
                ? [.. json["layers"]!.AsArray().Select(item => item!.GetValue<string>())]
                : keys.Refuse<IReadOnlyList<string>>(
                    [], $"layers is {json["layers"]?.ToJsonString() ?? "missing"}; it must be a list of names"),
        };
        keys.ThrowIfAny();
        return config;
    }

    /// <inheritdoc/>
    public IEnumerable<(string Key, string Problem)> Check()
    {
        string[] known = ["q_proj", "k_proj", "v_proj", "out_proj", "fc1", "fc2", "gate"];
        if (Layers.Count == 0)
        {
            yield return ("layers", $"is empty; name some of {string.Join(", ", known)}, or leave model.lora out");
        }
        foreach (var layer in Layers.Except(known))
        {
            yield return ("layers", $"names '{layer}'; it must be among {string.Join(", ", known)}");
        }
    }
}
