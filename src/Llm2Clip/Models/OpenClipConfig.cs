using System.Text.Json.Nodes;
using Llm2Clip.Files;
using Llm2Clip.Images;
using Llm2Clip.Layers;
using Llm2Clip.Models.Clip;
using Llm2Clip.Models.Eva;

namespace Llm2Clip.Models;

/// <summary>
/// The configurations of open_clip (<c>open_clip_config.json</c>: <c>model_cfg</c>, <c>preprocess_cfg</c>) and of eva_clip, whose vision
/// half has the same keys. What would change the tower and is not supported is refused by name.
/// </summary>
internal static class OpenClipConfig
{
    private static readonly HashSet<string> IgnoredModelKeys =
    [
        "text_cfg", "custom_text", "init_logit_scale", "init_logit_bias", "nonscalar_logit_scale", "cast_dtype", "output_dict",
    ];

    /// <summary>Epsilon of torch's layer norms, where a configuration says none.</summary>
    private const double DefaultEpsilon = 1e-5;

    private static readonly string[] Sizes =
        ["image_size", "layers", "width", "head_width", "mlp_ratio", "patch_size"];

    /// <summary>Keys of training alone.</summary>
    private static readonly HashSet<string> IgnoredVisionKeys =
        ["patch_dropout", "drop_path_rate", "timm_model_pretrained", "timm_drop", "timm_drop_path", "output_tokens", "xattn", "fusedLN"];

    /// <summary>Keys whose only supported value is what open_clip has where it says nothing.</summary>
    private static readonly string[] Switches =
    [
        "ls_init_value", "attentional_pool", "no_ln_pre", "final_ln_after_pool", "act_kwargs", "block_type",
        "qk_norm", "scaled_cosine_attn", "scale_heads", "scale_attn_inner", "scale_attn", "scale_fc", "input_patchnorm",
        "global_average_pool", "postnorm", "refclip", "pos_embed_type", "pool_type",
    ];

    /// <summary>Towers of timm by their names there.</summary>
    private static readonly Dictionary<string, EvaVisionConfig> TimmTowers = new()
    {
        ["eva02_base_patch16_clip_224"] = EvaVisionConfig.Presets["eva02-b-16"],
        ["eva02_large_patch14_clip_224"] = EvaVisionConfig.Presets["eva02-l-14"],
        ["eva02_large_patch14_clip_336"] = EvaVisionConfig.Presets["eva02-l-14-336"],
    };

    /// <summary>The tower that <c>open_clip_config.json</c> describes.</summary>
    /// <exception cref="InputException">It describes another one than is supported; every problem is listed.</exception>
    public static VisionConfig Read(string path)
    {
        var keys = new JsonKeys(path);
        var model = Model(path);
        var vision = Part(model, "vision_cfg", path);
        keys.RefuseUnknown(model, ["embed_dim", "vision_cfg", "quick_gelu"], IgnoredModelKeys, "model_cfg.");
        var embedDim = keys.Count(model, "embed_dim", 512);
        if (vision["timm_model_name"] is not null)
        {
            return Timm(keys, vision, embedDim);
        }
        RefuseSwitches(keys, vision);
        keys.RefuseUnknown(vision, [.. Sizes, .. Switches, "norm_kwargs"], IgnoredVisionKeys, "vision_cfg.");
        var norm = vision["norm_kwargs"] as JsonObject ?? new JsonObject();
        keys.RefuseUnknown(norm, ["eps"], new HashSet<string>(), "vision_cfg.norm_kwargs.");
        if (vision["layers"] is JsonArray)
        {
            keys.Refuse(0, "vision_cfg.layers is a list, as of CLIP's ResNets; here only vision transformers are read");
        }
        var width = keys.Count(vision, "width", 768);
        var config = new ClipVisionConfig
        {
            ImageSize = keys.Count(vision, "image_size", 224),
            PatchSize = keys.Count(vision, "patch_size", 16),
            Width = width,
            Layers = vision["layers"] is JsonArray ? 1 : keys.Count(vision, "layers", 12),
            Heads = width / keys.Count(vision, "head_width", 64),
            MlpWidth = ModelFolder.InnerWidth(keys, vision, width),
            EmbedDim = embedDim,
            Activation = keys.Flag(model, "quick_gelu", false) ? Activation.QuickGelu : Activation.Gelu,
            LayerNormEpsilon = keys.Number(norm, "eps", DefaultEpsilon),
            Positions = PositionRule.BicubicAntialias,
        };
        keys.ThrowIfAny();
        config.Validate(path);
        return config;
    }

    /// <summary>The EVA02 tower that a file of eva_clip's <c>model_configs</c> describes.</summary>
    /// <exception cref="InputException">It describes another one than is supported; every problem is listed.</exception>
    public static EvaVisionConfig ReadEvaClip(string path)
    {
        var keys = new JsonKeys(path);
        var root = JsonKeys.ReadObject(path, "a model configuration of eva_clip");
        var vision = Part(root, "vision_cfg", path);
        string[] needed = ["rope", "naiveswiglu", "subln"];
        keys.RefuseUnknown(root, ["embed_dim", "vision_cfg", "quick_gelu"], IgnoredModelKeys, "");
        keys.RefuseUnknown(
            vision, [.. Sizes, .. Switches, .. needed, "eva_model_name", "pt_hw_seq_len", "intp_freq", "qkv_bias"], IgnoredVisionKeys,
            "vision_cfg.");
        RefuseSwitches(keys, vision);
        foreach (var key in needed.Append("qkv_bias").Where(key => !keys.Flag(vision, key, fallback: key == "qkv_bias")))
        {
            keys.Refuse(0, $"vision_cfg.{key} is false; EVA02's towers have it true");
        }
        var width = keys.Count(vision, "width", 768);
        var config = new EvaVisionConfig
        {
            ImageSize = keys.Count(vision, "image_size", 224),
            PatchSize = keys.Count(vision, "patch_size", 16),
            Width = width,
            Layers = keys.Count(vision, "layers", 12),
            Heads = width / keys.Count(vision, "head_width", 64),
            MlpWidth = ModelFolder.InnerWidth(keys, vision, width),
            EmbedDim = keys.Count(root, "embed_dim", 512),
            RopeGrid = keys.Count(vision, "pt_hw_seq_len", 16),
        };
        if (config.Grid != config.RopeGrid && !keys.Flag(vision, "intp_freq", false))
        {
            keys.Refuse(0, $"vision_cfg.intp_freq is false, but the grid is {config.Grid} and pt_hw_seq_len {config.RopeGrid}");
        }
        keys.ThrowIfAny();
        config.RequireHeads(path);
        config.Validate(path);
        return config;
    }

    /// <summary>The transform that <c>preprocess_cfg</c> describes; what it leaves out is open_clip's, which is CLIP's.</summary>
    /// <exception cref="InputException">It asks for what is not supported; every problem is listed.</exception>
    public static ImageTransformConfig ReadTransform(string path, VisionConfig config)
    {
        var keys = new JsonKeys(path);
        var root = JsonKeys.ReadObject(path, "open_clip's configuration");
        var json = root["preprocess_cfg"] as JsonObject ?? new JsonObject();
        keys.RefuseUnknown(json, ["mean", "std", "interpolation", "resize_mode", "mode", "size"], new HashSet<string> { "fill_color" }, "");
        var filter = keys.Text(json, "interpolation", "bicubic");
        keys.Expect(json, "mode", "RGB", fallback: "RGB");
        var mode = keys.Text(json, "resize_mode", "shortest");
        var transform = new ImageTransformConfig
        {
            ImageSize = config.ImageSize,
            Resize = mode switch
            {
                "shortest" => ResizeMode.Crop,
                "squash" => ResizeMode.Squash,
                _ => keys.Refuse(ResizeMode.Crop, $"resize_mode is '{mode}'; supported are shortest and squash"),
            },
            Filter = filter switch
            {
                "bicubic" => ResampleFilter.Bicubic,
                "bilinear" => ResampleFilter.Bilinear,
                _ => keys.Refuse(ResampleFilter.Bicubic, $"interpolation is '{filter}'; supported are bicubic and bilinear"),
            },
            Mean = Preprocessor.Channels(keys, json["mean"], "mean", config.Transform.Mean),
            Std = Preprocessor.Channels(keys, json["std"], "std", config.Transform.Std),
        };
        keys.ThrowIfAny();
        return transform;
    }

    /// <summary>The <c>open_clip_config.json</c> of a CLIP tower.</summary>
    public static JsonObject ToJson(ClipVisionConfig config, ImageTransformConfig transform)
    {
        var vision = SizesOf(config);
        if (config.LayerNormEpsilon != DefaultEpsilon)
        {
            vision["norm_kwargs"] = new JsonObject { ["eps"] = config.LayerNormEpsilon };
        }
        var model = new JsonObject
        {
            ["embed_dim"] = config.EmbedDim,
            ["quick_gelu"] = config.Activation == Activation.QuickGelu,
            ["vision_cfg"] = vision,
        };
        return new JsonObject { ["model_cfg"] = model, ["preprocess_cfg"] = ToJson(transform) };
    }

    /// <summary>The <c>open_clip_config.json</c> of an EVA02 tower; null where timm has no tower of that size.</summary>
    public static JsonObject? ToJson(EvaVisionConfig config, ImageTransformConfig transform)
    {
        var name = TimmTowers.FirstOrDefault(tower => tower.Value == config with
        {
            EmbedDim = tower.Value.EmbedDim,
            ImageSize = tower.Value.ImageSize,
            Positions = tower.Value.Positions,
        }).Key;
        var vision = new JsonObject { ["image_size"] = config.ImageSize, ["timm_model_name"] = name, ["timm_pool"] = "token" };
        return name is null ? null : new JsonObject
        {
            ["model_cfg"] = new JsonObject { ["embed_dim"] = config.EmbedDim, ["vision_cfg"] = vision },
            ["preprocess_cfg"] = ToJson(transform),
        };
    }

    /// <summary>The <c>model_config.json</c> of an EVA02 tower.</summary>
    public static JsonObject ToEvaJson(EvaVisionConfig config)
    {
        var vision = SizesOf(config);
        vision["eva_model_name"] = "eva-clip";
        vision["pt_hw_seq_len"] = config.RopeGrid;
        foreach (var key in new[] { "rope", "intp_freq", "naiveswiglu", "subln", "qkv_bias" })
        {
            vision[key] = true;
        }
        return new JsonObject { ["embed_dim"] = config.EmbedDim, ["vision_cfg"] = vision };
    }

    private static JsonObject SizesOf(VisionConfig config) => new()
    {
        ["image_size"] = config.ImageSize,
        ["layers"] = config.Layers,
        ["width"] = config.Width,
        ["head_width"] = config.Width / config.Heads,
        ["mlp_ratio"] = (config.MlpWidth + 0.5) / config.Width, // truncated to the inner width when read
        ["patch_size"] = config.PatchSize,
    };

    private static JsonObject ToJson(ImageTransformConfig transform) => new()
    {
        ["mean"] = new JsonArray([.. transform.Mean.Select(value => (JsonNode)value)]),
        ["std"] = new JsonArray([.. transform.Std.Select(value => (JsonNode)value)]),
        ["interpolation"] = transform.Filter == ResampleFilter.Bilinear ? "bilinear" : "bicubic",
        ["resize_mode"] = transform.Resize == ResizeMode.Squash ? "squash" : "shortest",
    };

    private static JsonObject Model(string path) =>
        Part(JsonKeys.ReadObject(path, "open_clip's configuration"), "model_cfg", path);

    private static JsonObject Part(JsonObject json, string key, string path) =>
        json[key] as JsonObject ?? throw new InputException($"{path} has no {key}.");

    private static EvaVisionConfig Timm(JsonKeys keys, JsonObject vision, int embedDim)
    {
        var name = keys.Text(vision, "timm_model_name", "");
        keys.RefuseUnknown(vision, ["timm_model_name", "image_size", "timm_pool", "timm_proj"], IgnoredVisionKeys, "vision_cfg.");
        if (!TimmTowers.TryGetValue(name, out var tower))
        {
            keys.Refuse(0, $"timm_model_name is '{name}'; supported are {string.Join(", ", TimmTowers.Keys)}. SigLIP's and DINOv2's towers "
                + "are read in Hugging Face's layout");
        }
        keys.Expect(vision, "timm_pool", "token", fallback: "token");
        if (keys.Text(vision, "timm_proj", "") is { Length: > 0 } projection)
        {
            keys.Refuse(0, $"timm_proj is '{projection}'; supported is null");
        }
        keys.ThrowIfAny();
        return tower! with
        {
            EmbedDim = embedDim,
            ImageSize = keys.Count(vision, "image_size", tower.ImageSize),
            Positions = PositionRule.BicubicAntialias,
        };
    }

    private static void RefuseSwitches(JsonKeys keys, JsonObject vision)
    {
        foreach (var key in Switches)
        {
            var value = vision[key]?.ToJsonString();
            var isDefault = (key, value) is (_, null or "false" or "{}") or ("pool_type", "\"tok\"") or ("pos_embed_type", "\"learnable\"");
            if (!isDefault)
            {
                keys.Refuse(0, $"vision_cfg.{key} is {value}; only towers without it are supported");
            }
        }
    }
}
