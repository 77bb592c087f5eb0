using System.Text.Json.Nodes;
using Llm2Clip.Files;
using Llm2Clip.Layers;

namespace Llm2Clip.Models.Text;

/// <summary>
/// The text half of open_clip's configuration (<c>text_cfg</c>). What would change the tower and is not supported is refused.
/// </summary>
internal static class OpenClipTextConfig
{
    private static readonly string[] Keys =
        ["context_length", "vocab_size", "width", "heads", "layers", "mlp_ratio", "norm_kwargs", "pool_type"];

    private static readonly HashSet<string> Ignored = ["hf_tokenizer_name", "tokenizer_kwargs", "output_tokens", "pad_id"];

    /// <summary>Keys whose only supported value is what open_clip has where it says nothing.</summary>
    private static readonly string[] Switches =
        ["ls_init_value", "embed_cls", "no_causal_mask", "final_ln_after_pool", "proj_bias", "proj_type", "act_kwargs", "hf_model_name"];

    /// <summary>The tower that <c>open_clip_config.json</c> describes.</summary>
    /// <exception cref="InputException">It describes another one than is supported; every problem is listed.</exception>
    public static ClipTextConfig Read(string path)
    {
        var keys = new JsonKeys(path);
        var model = JsonKeys.ReadObject(path, "open_clip's configuration")["model_cfg"] as JsonObject
            ?? throw new InputException($"{path} has no model_cfg.");
        var text = model["text_cfg"] as JsonObject
            ?? throw new InputException($"{path} has no text_cfg, so it says nothing of a text tower.");
        keys.RefuseUnknown(text, [.. Keys, .. Switches], Ignored, "text_cfg.");
        foreach (var key in Switches)
        {
            var value = text[key]?.ToJsonString();
            if (value is not (null or "false" or "{}") && (key, value) is not ("proj_type", "\"linear\""))
            {
                keys.Refuse(0, $"text_cfg.{key} is {value}; only towers without it are supported");
            }
        }
        keys.Expect(text, "pool_type", "argmax", fallback: "argmax");
        var norm = text["norm_kwargs"] as JsonObject ?? new JsonObject();
        keys.RefuseUnknown(norm, ["eps"], new HashSet<string>(), "text_cfg.norm_kwargs.");
        var width = keys.Count(text, "width", 512);
        var vocabulary = keys.Count(text, "vocab_size", 49408);
        var config = new ClipTextConfig
        {
            VocabularySize = vocabulary,
            Positions = keys.Count(text, "context_length", 77),
            Width = width,
            Layers = keys.Count(text, "layers", 12),
            Heads = keys.Count(text, "heads", 8),
            MlpWidth = ModelFolder.InnerWidth(keys, text, width),
            EmbedDim = keys.Count(model, "embed_dim", 512),
            Activation = keys.Flag(model, "quick_gelu", false) ? Activation.QuickGelu : Activation.Gelu,
            LayerNormEpsilon = keys.Number(norm, "eps", 1e-5),
            EndToken = vocabulary - 1,
        };
        keys.ThrowIfAny();
        config.Validate(path);
        return config;
    }

    /// <summary>The <c>text_cfg</c> of a tower.</summary>
    public static JsonObject ToJson(ClipTextConfig config)
    {
        var json = new JsonObject
        {
            ["context_length"] = config.Positions,
            ["vocab_size"] = config.VocabularySize,
            ["width"] = config.Width,
            ["heads"] = config.Heads,
            ["layers"] = config.Layers,
        };
        if (config.MlpWidth != 4 * config.Width)
        {
            json["mlp_ratio"] = (config.MlpWidth + 0.5) / config.Width; // truncated to the inner width when read
        }
        if (config.LayerNormEpsilon != 1e-5)
        {
            json["norm_kwargs"] = new JsonObject { ["eps"] = config.LayerNormEpsilon };
        }
        return json;
    }
}
