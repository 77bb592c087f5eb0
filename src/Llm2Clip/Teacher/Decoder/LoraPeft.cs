using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Llm2Clip.Files;
using Llm2Clip.Layers;
using Llm2Clip.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Teachers.Decoder;

/// <summary>
/// A LoRA as a folder of Hugging Face's PEFT: <c>adapter_config.json</c> and <c>adapter_model.safetensors</c>. Both forms of names are
/// read: those of a model with its output head (<c>base_model.model.model.layers</c>) and without (<c>base_model.model.layers</c>).
/// Source: peft 0.21.2, LoraConfig. A setting that changes what the LoRA computes and is not known here is an error.
/// </summary>
internal static partial class LoraPeft
{
    private const string ConfigName = "adapter_config.json";
    private const string WeightsName = "adapter_model.safetensors";

    /// <summary>Settings that are read.</summary>
    private static readonly string[] Understood =
        ["peft_type", "r", "lora_alpha", "lora_dropout", "use_rslora", "bias", "init_lora_weights"];

    /// <summary>Settings of how the LoRA was made or where it goes, which its tensors tell too.</summary>
    private static readonly string[] Ignored =
    [
        "auto_mapping", "base_model_name_or_path", "corda_config", "ensure_weight_tying", "eva_config", "exclude_modules",
        "inference_mode", "layers_pattern", "layers_to_transform", "loftq_config", "lora_ga_config", "megatron_config", "megatron_core",
        "peft_version", "qalora_group_size", "revision", "runtime_config", "target_modules", "task_type",
    ];

    /// <summary>Ways of drawing the first weights that also change the model's own.</summary>
    private static readonly string[] ChangingStarts = ["pissa", "olora", "corda", "loftq", "lora_ga"];

    /// <summary>The folder's two files.</summary>
    public static IReadOnlyList<string> Files(string folder) => [Path.Combine(folder, ConfigName), Path.Combine(folder, WeightsName)];

    /// <summary>Reads a folder for a model.</summary>
    /// <exception cref="InputException">A file is missing or damaged, asks for something that is not supported, or is for another
    /// model.</exception>
    public static LoraWeights Read(string folder, DecoderShape shape)
    {
        var settings = ReadConfig(folder);
        var targets = LoraTarget.Of(shape).ToDictionary(target => target.Name);
        using var file = SafetensorsFile.Open(RequireWeights(folder));
        var (pairs, _) = new LoraPairs(file, folder).Find(
            PlaceOf, name => targets.TryGetValue(name, out var target) ? (target.Inputs, target.Outputs) : null, settings.Rank);
        using var scope = NewDisposeScope();
        return new LoraWeights(settings, pairs.ToDictionary(
            pair => pair.Product,
            pair => new LoraChange(file.Load(pair.Down, ScalarType.Float32), file.Load(pair.Up, ScalarType.Float32))));
    }

    /// <summary>Writes a folder; each file appears complete or not at all, the settings last.</summary>
    /// <param name="folder">The folder, which is made.</param>
    /// <param name="lora">The changes.</param>
    /// <param name="shape">The model.</param>
    /// <param name="hasHead">Whether names are those of the model with its output head.</param>
    public static void Write(string folder, LoraWeights lora, DecoderShape shape, bool hasHead = true)
    {
        var prefix = hasHead ? "base_model.model.model." : "base_model.model.";
        var products = LoraTarget.Of(shape).Select(target => target.Name);
        var names = lora.Changes.Keys.Order(StringComparer.Ordinal).ToList();
        // Ends of names stand for all blocks; where they would name too many, PEFT takes whole names.
        var ends = names.Select(End).Distinct().ToList();
        var isWhole = products.Where(product => ends.Contains(End(product))).All(lora.Changes.ContainsKey);
        var config = new JsonObject
        {
            ["alpha_pattern"] = new JsonObject(),
            ["base_model_name_or_path"] = null,
            ["bias"] = "none",
            ["fan_in_fan_out"] = false,
            ["inference_mode"] = true,
            ["init_lora_weights"] = true,
            ["lora_alpha"] = lora.Shape.Alpha,
            ["lora_dropout"] = lora.Shape.Dropout,
            ["modules_to_save"] = null,
            ["peft_type"] = "LORA",
            ["r"] = lora.Shape.Rank,
            ["rank_pattern"] = new JsonObject(),
            ["target_modules"] = new JsonArray([.. (isWhole ? ends : names).Select(name => (JsonNode)name)]),
            ["task_type"] = null,
            ["use_dora"] = false,
            ["use_rslora"] = false,
        };
        var tensors = new Dictionary<string, Tensor>();
        foreach (var (name, change) in lora.Changes)
        {
            tensors.Add($"{prefix}{name}.{Lora.DownName}.weight", change.Down);
            tensors.Add($"{prefix}{name}.{Lora.UpName}.weight", change.Up);
        }
        try
        {
            DurableFolder.Create(folder);
            Safetensors.Save(Path.Combine(folder, WeightsName), tensors, new Dictionary<string, string> { ["format"] = "pt" });
            PendingFile.Write(Path.Combine(folder, ConfigName), config.ToJsonString(Json.File));
        }
        catch (WriteException error)
        {
            throw new RunException(error.Message, error);
        }
    }

    private static string End(string name) => name[(name.LastIndexOf('.') + 1)..];

    private static LoraShape ReadConfig(string folder)
    {
        var path = Path.Combine(folder, ConfigName);
        if (!File.Exists(path))
        {
            throw new InputException($"{folder} holds no {ConfigName}, so it is no LoRA in PEFT's layout.");
        }
        var json = JsonKeys.ReadObject(path, "settings of a LoRA");
        var keys = new JsonKeys(path);
        if (keys.Text(json, "peft_type", "") is not "LORA" and var type)
        {
            keys.Refuse(0, $"peft_type is '{type}'; only LORA can be applied");
        }
        if (keys.Text(json, "bias", "none") is not "none" and var bias)
        {
            keys.Refuse(0, $"bias is '{bias}'; biases that were trained cannot be applied");
        }
        if (json["init_lora_weights"] is JsonValue start && start.GetValueKind() == JsonValueKind.String
            && ChangingStarts.Any(name => start.GetValue<string>().StartsWith(name, StringComparison.OrdinalIgnoreCase)))
        {
            keys.Refuse(0, $"init_lora_weights is {start.ToJsonString()}, which changes the model's own weights too; let PEFT convert the "
                + "LoRA to the plain model (path_initial_model_for_weight_conversion)");
        }
        foreach (var (key, value) in json)
        {
            if (!Understood.Contains(key) && !Ignored.Contains(key) && IsOn(value))
            {
                keys.Refuse(0, $"{key} is {value!.ToJsonString()}, which is not supported");
            }
        }
        var (rank, alpha) = (keys.Count(json, "r", 0), keys.Number(json, "lora_alpha", 0));
        if (alpha <= 0)
        {
            keys.Refuse(0, $"lora_alpha is {alpha}; it must be above 0");
        }
        var isByRoot = keys.Flag(json, "use_rslora", false);
        var dropout = keys.Number(json, "lora_dropout", 0);
        keys.ThrowIfAny("a LoRA");
        // Rank-stabilized: alpha / sqrt(r), https://arxiv.org/abs/2312.03732.
        return new LoraShape(rank, isByRoot ? alpha * Math.Sqrt(rank) : alpha, dropout);
    }

    /// <summary>Whether a setting asks for something: not null, false, empty.</summary>
    private static bool IsOn(JsonNode? value) => value?.GetValueKind() switch
    {
        null or JsonValueKind.False => false,
        JsonValueKind.Array => value.AsArray().Count > 0,
        JsonValueKind.Object => value.AsObject().Count > 0,
        _ => true,
    };

    private static string RequireWeights(string folder)
    {
        var path = Path.Combine(folder, WeightsName);
        return File.Exists(path)
            ? path
            : throw new InputException(
                $"{folder} holds no {WeightsName}. Save the LoRA again with safe_serialization, which is PEFT's default now.");
    }

    private static (string Product, bool IsDown)? PlaceOf(string name) => Names().Match(name) is { Success: true } match
        ? (match.Groups["layer"].Value, match.Groups["half"].Value == Lora.DownName)
        : null;

    [GeneratedRegex(
        @"^base_model\.model\.(?:model\.)?(?<layer>layers\..+)\.(?<half>lora_A|lora_B)\.weight$",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex Names();
}
