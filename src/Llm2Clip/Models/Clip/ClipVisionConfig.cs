using System.Text.Json;
using System.Text.Json.Nodes;
using Llm2Clip.Files;
using Llm2Clip.Layers;

namespace Llm2Clip.Models.Clip;

/// <summary>Shape of a CLIP vision transformer; what <c>config.json</c> of Hugging Face's <c>CLIPVisionModelWithProjection</c> says.</summary>
public sealed record ClipVisionConfig
{
    /// <summary>Side of the square input, pixels.</summary>
    public required int ImageSize { get; init; }

    /// <summary>Side of a patch, pixels; divides <see cref="ImageSize"/>.</summary>
    public required int PatchSize { get; init; }

    /// <summary>Width of the token stream (hidden_size).</summary>
    public required int Width { get; init; }

    /// <summary>Number of blocks.</summary>
    public required int Layers { get; init; }

    /// <summary>Attention heads; divides <see cref="Width"/>.</summary>
    public required int Heads { get; init; }

    /// <summary>Inner width of the MLP (intermediate_size).</summary>
    public required int MlpWidth { get; init; }

    /// <summary>Length of the projected vector.</summary>
    public required int EmbedDim { get; init; }

    /// <summary>Activation of the MLP (hidden_act).</summary>
    public Activation Activation { get; init; } = Activation.QuickGelu;

    /// <summary>Epsilon of all layer norms.</summary>
    public double LayerNormEpsilon { get; init; } = 1e-5;

    /// <summary>Patches along one side.</summary>
    public int Grid => ImageSize / PatchSize;

    /// <summary>Patches plus the class token.</summary>
    public int Tokens => Grid * Grid + 1;

    /// <summary>Weights of the tower, and of the projection behind it.</summary>
    internal (Int128 Tower, Int128 Projection) WeightCount
    {
        get
        {
            Int128 w = Width;
            const int Norm = 2;                                                                           // weight and bias of [W]
            var attention = 4 * (w * w + w);                                                              // q, k, v, out
            var mlp = 2 * w * MlpWidth + MlpWidth + w;
            var embeddings = w + w * 3 * PatchSize * PatchSize + w * ((Int128)Grid * Grid + 1);           // class token, patches, positions
            return (embeddings + 2 * Norm * w + Layers * (attention + mlp + 2 * Norm * w), w * EmbedDim); // norms before and behind the blocks, and two in each
        }
    }

    /// <summary>Keys of a vision config that change what is computed, and are read.</summary>
    private static readonly string[] Read =
    [
        "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "image_size", "patch_size", "hidden_act", "layer_norm_eps",
        "projection_dim", "num_channels", "attention_dropout", "dropout", "model_type", "architectures",
    ];

    /// <summary>
    /// Keys that say nothing about the maths of a vision tower: initialization, storage, versions, and what older files inherited from
    /// the base class of all Hugging Face configurations (text generation, labels, export).
    /// </summary>
    private static readonly HashSet<string> Ignored =
    [
        "initializer_factor", "initializer_range", "dtype", "torch_dtype", "transformers_version", "_name_or_path", "_commit_hash", "name_or_path",
        "_attn_implementation_autoset", "attn_implementation", "logit_scale_init_value", "text_config", "text_config_dict", "vision_config_dict",
        "add_cross_attention", "bad_words_ids", "begin_suppress_tokens", "bos_token_id", "chunk_size_feed_forward", "cross_attention_hidden_size",
        "decoder_start_token_id", "diversity_penalty", "do_sample", "early_stopping", "encoder_no_repeat_ngram_size", "eos_token_id",
        "exponential_decay_length_penalty", "finetuning_task", "forced_bos_token_id", "forced_eos_token_id", "gradient_checkpointing", "id2label",
        "is_decoder", "is_encoder_decoder", "label2id", "length_penalty", "max_length", "min_length", "no_repeat_ngram_size", "num_beam_groups",
        "num_beams", "num_return_sequences", "output_attentions", "output_hidden_states", "output_scores", "pad_token_id", "prefix", "problem_type",
        "pruned_heads", "remove_invalid_values", "repetition_penalty", "return_dict", "return_dict_in_generate", "sep_token_id", "suppress_tokens",
        "task_specific_params", "temperature", "tf_legacy_loss", "tie_encoder_decoder", "tie_word_embeddings", "tokenizer_class", "top_k", "top_p",
        "torchscript", "typical_p", "use_bfloat16", "use_cache",
    ];

    /// <summary>
    /// Reads <c>config.json</c> of a vision model or of a whole <c>CLIPModel</c>. Throws <see cref="InputException"/> listing every key
    /// that is missing, unknown or holds a value that is not supported.
    /// </summary>
    public static ClipVisionConfig FromFile(string path) => FromJson(JsonKeys.ReadObject(path, "a model configuration"), path);

    /// <inheritdoc cref="FromFile"/>
    public static ClipVisionConfig FromJson(JsonObject root, string path)
    {
        var keys = new JsonKeys(path);
        var whole = keys.Text(root, "model_type", "") == "clip";
        var vision = whole ? root["vision_config"] as JsonObject ?? throw new InputException($"{path} has no vision_config.") : root;
        keys.Expect(vision, "model_type", "clip_vision_model", fallback: "clip_vision_model");
        keys.RefuseUnknown(vision, Read, Ignored, whole ? "vision_config." : "");
        keys.ExpectNumber(vision, "num_channels", 3, fallback: 3);
        keys.ExpectNumber(vision, "attention_dropout", 0, fallback: 0);
        keys.ExpectNumber(vision, "dropout", 0, fallback: 0);
        var config = new ClipVisionConfig
        {
            ImageSize = keys.Count(vision, "image_size", 224),
            PatchSize = keys.Count(vision, "patch_size", 32),
            Width = keys.Count(vision, "hidden_size", 768),
            Layers = keys.Count(vision, "num_hidden_layers", 12),
            Heads = keys.Count(vision, "num_attention_heads", 12),
            MlpWidth = keys.Count(vision, "intermediate_size", 3072),
            EmbedDim = keys.Count(whole ? root : vision, "projection_dim", 512),
            LayerNormEpsilon = keys.Number(vision, "layer_norm_eps", 1e-5),
            Activation = keys.Text(vision, "hidden_act", "quick_gelu") switch
            {
                "gelu" => Activation.Gelu,
                "quick_gelu" => Activation.QuickGelu,
                var other => keys.Refuse(Activation.Gelu, $"hidden_act is '{other}'; supported are gelu and quick_gelu"),
            },
        };
        keys.ThrowIfAny();
        config.Validate(path);
        return config;
    }

    /// <summary>Throws <see cref="InputException"/> where sizes do not fit together; <paramref name="source"/> names where they stand.</summary>
    public void Validate(string source)
    {
        if (PatchSize < 1 || ImageSize < PatchSize || ImageSize % PatchSize != 0)
        {
            throw new InputException($"{source}: patch size {PatchSize} does not divide image size {ImageSize}.");
        }
        if (Heads < 1 || Width < 1 || Width % Heads != 0)
        {
            throw new InputException($"{source}: {Heads} attention heads do not divide width {Width}.");
        }
    }

    /// <summary>The <c>config.json</c> that transformers opens as <c>CLIPVisionModelWithProjection</c>.</summary>
    public JsonObject ToJson() => new()
    {
        ["architectures"] = new JsonArray("CLIPVisionModelWithProjection"),
        ["attention_dropout"] = 0.0,
        ["dtype"] = "float32",
        ["hidden_act"] = Activation == Activation.Gelu ? "gelu" : "quick_gelu",
        ["hidden_size"] = Width,
        ["image_size"] = ImageSize,
        ["initializer_factor"] = 1.0,
        ["initializer_range"] = 0.02,
        ["intermediate_size"] = MlpWidth,
        ["layer_norm_eps"] = LayerNormEpsilon,
        ["model_type"] = "clip_vision_model",
        ["num_attention_heads"] = Heads,
        ["num_channels"] = 3,
        ["num_hidden_layers"] = Layers,
        ["patch_size"] = PatchSize,
        ["projection_dim"] = EmbedDim,
    };
}
