using System.Text.Json.Nodes;
using Llm2Clip.Files;
using Llm2Clip.Layers;

namespace Llm2Clip.Models.Text;

/// <summary>Which token of a text gives its vector.</summary>
public enum TextPooling
{
    /// <summary>The first one with the largest id, as in OpenAI's and open_clip's models: the end token, where none is above it.</summary>
    LargestId,

    /// <summary>The first end token, as transformers does where <c>eos_token_id</c> is not 2.</summary>
    FirstEnd,
}

/// <summary>
/// Shape of CLIP's text tower; what <c>config.json</c> of Hugging Face's <c>CLIPTextModelWithProjection</c> says.
/// </summary>
public sealed record ClipTextConfig
{
    /// <summary>Positions that Long-CLIP keeps as they are (beichenzbc/Long-CLIP 3966af9 model/longclip.py#L232).</summary>
    public const int LongClipKept = 20;

    /// <summary>The <c>eos_token_id</c> of OpenAI's configurations on the hub, by which transformers knows the older rule.</summary>
    private const int OldEnd = 2;

    private static readonly string[] Keys =
    [
        "vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "max_position_embeddings",
        "hidden_act", "layer_norm_eps", "attention_dropout", "dropout", "projection_dim", "model_type", "architectures", "eos_token_id",
        "bos_token_id", "pad_token_id",
    ];

    /// <summary>The sizes of OpenAI's ViT-B/32 and ViT-B/16, which are transformers' defaults.</summary>
    public static ClipTextConfig Base { get; } = new() { Width = 512, Layers = 12, Heads = 8, MlpWidth = 2048, EmbedDim = 512 };

    /// <summary>Number of token ids.</summary>
    public int VocabularySize { get; init; } = 49408;

    /// <summary>Ids per text at most (max_position_embeddings).</summary>
    public int Positions { get; init; } = 77;

    /// <summary>Width of the token stream (hidden_size).</summary>
    public required int Width { get; init; }

    /// <summary>Number of blocks.</summary>
    public required int Layers { get; init; }

    /// <summary>Attention heads; divides <see cref="Width"/>.</summary>
    public required int Heads { get; init; }

    /// <summary>Inner width of the MLP (intermediate_size).</summary>
    public required int MlpWidth { get; init; }

    /// <summary>Length of the text features; <see cref="Width"/> where there is no projection.</summary>
    public required int EmbedDim { get; init; }

    /// <summary>Whether the tower ends with a projection to <see cref="EmbedDim"/>.</summary>
    public bool HasProjection { get; init; } = true;

    /// <summary>Activation of the MLP (hidden_act).</summary>
    public Activation Activation { get; init; } = Activation.QuickGelu;

    /// <summary>Epsilon of all layer norms.</summary>
    public double LayerNormEpsilon { get; init; } = 1e-5;

    /// <summary>Which token gives the vector.</summary>
    public TextPooling Pooling { get; init; }

    /// <summary>Id of the end token.</summary>
    public int EndToken { get; init; } = 49407;

    /// <summary>
    /// Positions whose frozen rows count, where the tower has two tables of positions, as Long-CLIP trains it: rows from here on are those
    /// of the second table. 0 for one table.
    /// </summary>
    public int KeptPositions { get; init; }

    /// <summary>Sizes of the blocks.</summary>
    internal TransformerShape Blocks => new(Width, Layers, Heads, MlpWidth, Activation, LayerNormEpsilon) { Causal = true };

    /// <summary>Weights of the tower and its projection.</summary>
    internal Int128 WeightCount
    {
        get
        {
            Int128 w = Width;
            var tables = KeptPositions > 0 ? 2 : 1;
            return w * ((Int128)VocabularySize + tables * Positions) + Blocks.WeightCount + 2 * w + (HasProjection ? w * EmbedDim : 0);
        }
    }

    /// <summary>
    /// Reads <c>config.json</c> of a text model or the text half of a whole <c>CLIPModel</c>.
    /// </summary>
    /// <param name="root">The file's content.</param>
    /// <param name="path">The file, for messages.</param>
    /// <param name="hasProjection">Whether the weights hold a projection, which <c>CLIPTextModel</c> lacks.</param>
    /// <exception cref="InputException">A key is missing, unknown or holds a value that is not supported; all are listed.</exception>
    public static ClipTextConfig FromJson(JsonObject root, string path, bool hasProjection = true)
    {
        var keys = new JsonKeys(path);
        string[] own = ["eos_token_id", "bos_token_id", "pad_token_id"]; // older files repeat them at the top, for other models' sake
        var (text, whole) = ModelFolder.PartOf(root, "clip", "text_config", Keys.Except(own), keys, path);
        keys.Expect(text, "model_type", "clip_text_model", fallback: "clip_text_model");
        keys.RefuseUnknown(text, Keys, ModelFolder.IgnoredKeys, whole ? "text_config." : "");
        keys.ExpectNumber(text, "dropout", 0, fallback: 0);
        keys.ExpectNumber(text, "attention_dropout", 0, fallback: 0);
        var width = keys.Count(text, "hidden_size", Base.Width);
        var vocabulary = keys.Count(text, "vocab_size", Base.VocabularySize);
        var end = keys.Count(text, "eos_token_id", Base.EndToken, least: 0);
        var config = Base with
        {
            VocabularySize = vocabulary,
            Positions = keys.Count(text, "max_position_embeddings", Base.Positions),
            Width = width,
            Layers = keys.Count(text, "num_hidden_layers", Base.Layers),
            Heads = keys.Count(text, "num_attention_heads", Base.Heads),
            MlpWidth = keys.Count(text, "intermediate_size", Base.MlpWidth),
            EmbedDim = hasProjection ? keys.Count(whole ? root : text, "projection_dim", Base.EmbedDim) : width,
            HasProjection = hasProjection,
            Activation = ModelFolder.ReadActivation(keys, text, ModelFolder.NameOf(Base.Activation)),
            LayerNormEpsilon = keys.Number(text, "layer_norm_eps", Base.LayerNormEpsilon),
            Pooling = end == OldEnd ? TextPooling.LargestId : TextPooling.FirstEnd,
            EndToken = end == OldEnd ? vocabulary - 1 : end,
        };
        keys.ThrowIfAny();
        config.Validate(path);
        return config;
    }

    /// <summary>Throws <see cref="InputException"/>, naming <paramref name="source"/>, where sizes do not fit together.</summary>
    public void Validate(string source)
    {
        if (Heads < 1 || Width < 1 || Width % Heads != 0)
        {
            throw new InputException($"{source}: {Heads} attention heads do not divide width {Width}.");
        }
        if (EndToken >= VocabularySize)
        {
            throw new InputException($"{source}: the end token is {EndToken}, but there are {VocabularySize} tokens.");
        }
        if (KeptPositions >= Positions)
        {
            throw new InputException($"{source}: {KeptPositions} of {Positions} positions are kept; one at least must be stretched.");
        }
    }

    /// <summary>
    /// The <c>config.json</c> that transformers opens as <c>CLIPTextModelWithProjection</c> or, without a projection,
    /// <c>CLIPTextModel</c>. Start and padding are the tokens that OpenAI's tokenizer has there.
    /// </summary>
    public JsonObject ToJson() => new()
    {
        ["architectures"] = new JsonArray(HasProjection ? "CLIPTextModelWithProjection" : "CLIPTextModel"),
        ["attention_dropout"] = 0.0,
        ["bos_token_id"] = Math.Max(0, EndToken - 1),
        ["dropout"] = 0.0,
        ["dtype"] = "float32",
        ["eos_token_id"] = EndToken,
        ["hidden_act"] = ModelFolder.NameOf(Activation),
        ["hidden_size"] = Width,
        ["initializer_factor"] = 1.0,
        ["initializer_range"] = 0.02,
        ["intermediate_size"] = MlpWidth,
        ["layer_norm_eps"] = LayerNormEpsilon,
        ["max_position_embeddings"] = Positions,
        ["model_type"] = "clip_text_model",
        ["num_attention_heads"] = Heads,
        ["num_hidden_layers"] = Layers,
        ["pad_token_id"] = EndToken,
        ["projection_dim"] = EmbedDim,
        ["vocab_size"] = VocabularySize,
    };
}
