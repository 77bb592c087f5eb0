using System.Globalization;
using System.Text.Json.Nodes;
using Llm2Clip.Files;
using Llm2Clip.Layers;
using Llm2Clip.Weights;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Llm2Clip.Models;

/// <summary>
/// What all families share of Hugging Face's folder layout: <c>config.json</c> and <c>model.safetensors</c>, or shards with an index.
/// </summary>
internal static class ModelFolder
{
    /// <summary>
    /// Keys that say nothing about the maths of a vision tower: initialization, storage, versions, and what older files inherited from
    /// the base class of all Hugging Face configurations (text generation, labels, export).
    /// </summary>
    public static readonly IReadOnlySet<string> IgnoredKeys = new HashSet<string>
    {
        "initializer_factor", "initializer_range", "dtype", "torch_dtype", "transformers_version", "_name_or_path", "_commit_hash",
        "name_or_path",
        "_attn_implementation_autoset", "attn_implementation", "logit_scale_init_value", "text_config", "text_config_dict",
        "vision_config_dict",
        "add_cross_attention", "bad_words_ids", "begin_suppress_tokens", "bos_token_id", "chunk_size_feed_forward",
        "cross_attention_hidden_size",
        "decoder_start_token_id", "diversity_penalty", "do_sample", "early_stopping", "encoder_no_repeat_ngram_size", "eos_token_id",
        "exponential_decay_length_penalty", "finetuning_task", "forced_bos_token_id", "forced_eos_token_id", "gradient_checkpointing",
        "id2label",
        "is_decoder", "is_encoder_decoder", "label2id", "length_penalty", "max_length", "min_length", "no_repeat_ngram_size",
        "num_beam_groups",
        "num_beams", "num_return_sequences", "output_attentions", "output_hidden_states", "output_scores", "pad_token_id", "prefix",
        "problem_type",
        "pruned_heads", "remove_invalid_values", "repetition_penalty", "return_dict", "return_dict_in_generate", "sep_token_id",
        "suppress_tokens",
        "task_specific_params", "temperature", "tf_legacy_loss", "tie_encoder_decoder", "tie_word_embeddings", "tokenizer_class", "top_k",
        "top_p",
        "torchscript", "typical_p", "use_bfloat16", "use_cache",
    };

    /// <summary>Name of the file of weights in a model folder.</summary>
    public const string WeightsName = "model.safetensors";

    /// <summary>Where the configuration of a model folder is.</summary>
    public static string ConfigPath(string folder) => Path.Combine(folder, "config.json");

    /// <summary>The configuration of a model folder.</summary>
    /// <exception cref="InputException">There is none, or it is not JSON.</exception>
    public static JsonObject ReadConfig(string folder) => File.Exists(ConfigPath(folder))
        ? JsonKeys.ReadObject(ConfigPath(folder), "a model configuration")
        : throw new InputException($"{folder} holds no config.json, so it is not a model folder in Hugging Face's layout.");

    /// <summary>The vision half of a configuration; <see cref="PartOf"/> with <c>vision_config</c>.</summary>
    public static (JsonObject Vision, bool IsWhole) VisionPart(
        JsonObject root, string whole, IReadOnlyCollection<string> read, JsonKeys keys, string path) =>
        PartOf(root, whole, "vision_config", read, keys, path);

    /// <summary>
    /// One half of a configuration, and whether it is the half of a whole model (<paramref name="whole"/> as <c>model_type</c>).
    /// Older files give it twice, as <paramref name="half"/> and the same with <c>_dict</c>, and some repeat keys at the top level: where
    /// two places contradict each other in one of the keys that are <paramref name="read"/>, the key is refused, as nobody can tell which
    /// one the weights belong to. <c>projection_dim</c> is the whole model's; what the half says of it counts for nothing, as in
    /// transformers.
    /// </summary>
    /// <exception cref="InputException">A whole model's configuration lacks the half.</exception>
    public static (JsonObject Part, bool IsWhole) PartOf(
        JsonObject root, string whole, string half, IEnumerable<string> read, JsonKeys keys, string path)
    {
        if (keys.Text(root, "model_type", "") != whole)
        {
            return (root, false);
        }
        var (now, old) = (root[half] as JsonObject, root[half + "_dict"] as JsonObject);
        if (now is null && old is null)
        {
            throw new InputException($"{path} has no {half}.");
        }
        var part = new JsonObject();
        foreach (var (key, value) in (now ?? new JsonObject()).Concat(old ?? new JsonObject()))
        {
            if (part.TryGetPropertyValue(key, out var other) && read.Contains(key) && !JsonNode.DeepEquals(value, other))
            {
                keys.Refuse(0, $"{key} is {Shown(other)} in {half} and {Shown(value)} in {half}_dict; leave one of them");
            }
            part[key] = value?.DeepClone();
        }
        foreach (var key in read.Except(["model_type", "architectures", "projection_dim"]))
        {
            if (root[key] is { } top && !JsonNode.DeepEquals(top, part[key]))
            {
                keys.Refuse(0, $"{key} is {Shown(top)} at the top level and {Shown(part[key])} in {half}; leave one of them");
            }
        }
        return (part, true);

        static string Shown(JsonNode? value) => value?.ToJsonString() ?? "not given";
    }

    /// <summary>The activation that <c>hidden_act</c> names.</summary>
    public static Activation ReadActivation(JsonKeys keys, JsonObject json, string fallback) =>
        keys.Text(json, "hidden_act", fallback) switch
        {
            "gelu" => Activation.Gelu,
            "quick_gelu" => Activation.QuickGelu,
            "gelu_pytorch_tanh" => Activation.GeluTanh,
            var other => keys.Refuse(Activation.Gelu, $"hidden_act is '{other}'; supported are gelu, gelu_pytorch_tanh and quick_gelu"),
        };

    /// <summary>Hugging Face's name of an activation.</summary>
    public static string NameOf(Activation activation) => activation switch
    {
        Activation.Gelu => "gelu",
        Activation.QuickGelu => "quick_gelu",
        _ => "gelu_pytorch_tanh",
    };

    /// <summary>Inner width of an MLP that a configuration gives as a multiple of the width (mlp_ratio), cut to a whole number.</summary>
    public static int InnerWidth(JsonKeys keys, JsonObject json, int width)
    {
        var ratio = keys.Number(json, "mlp_ratio", 4);
        return ratio is > 0 and <= 64 && width * ratio >= 1
            ? (int)(width * ratio)
            : keys.Refuse(1, string.Create(CultureInfo.InvariantCulture, $"mlp_ratio is {ratio}; it must be above 0 and at most 64"));
    }

    /// <summary>Throws <see cref="InputException"/>, naming <paramref name="source"/>, where sizes do not fit together.</summary>
    public static void RequireFit(string source, int imageSize, int patchSize, int width, int heads, bool cutsEdge)
    {
        if (patchSize < 1 || imageSize < patchSize || (!cutsEdge && imageSize % patchSize != 0))
        {
            throw new InputException($"{source}: patch size {patchSize} does not divide image size {imageSize}.");
        }
        if (heads < 1 || width < 1 || width % heads != 0)
        {
            throw new InputException($"{source}: {heads} attention heads do not divide width {width}.");
        }
    }

    /// <summary>Writes the weights.</summary>
    public static void SaveWeights(string path, IReadOnlyList<StoredWeight> weights)
    {
        using var scope = NewDisposeScope();
        DurableFolder.Create(Path.GetDirectoryName(path)!);
        Safetensors.Save(
            path,
            weights.ToDictionary(weight => weight.Name, weight => weight.Join()),
            new Dictionary<string, string> { ["format"] = "pt" });
    }

    /// <summary>Writes the configuration.</summary>
    public static void SaveConfig(string folder, JsonObject config)
    {
        DurableFolder.Create(folder);
        WriteJson(ConfigPath(folder), config);
    }

    /// <summary>Writes JSON in the way Hugging Face's files look.</summary>
    public static void WriteJson(string path, JsonObject json) => PendingFile.Write(path, json.ToJsonString(Json.Report) + "\n");
}
