namespace Llm2Clip.Teachers.Decoder;

/// <summary>Function of an MLP's gate.</summary>
internal enum GateActivation
{
    /// <summary>x sigmoid(x).</summary>
    Silu,

    /// <summary>GELU by a hyperbolic tangent.</summary>
    GeluTanh,
}

/// <summary>
/// What distinguishes an architecture of GGUF files from the others, beside its metadata. Source: llama.cpp (0c1e57098), the graphs in
/// src/models and the hyperparameters in src/llama-model.cpp.
/// </summary>
/// <param name="Name">As <c>general.architecture</c> has it, and as its keys begin.</param>
internal sealed record DecoderFamily(string Name)
{
    /// <summary>Keys that the maths depends on in every architecture, and such as change nothing here, without the prefix.</summary>
    private static readonly string[] CommonKeys =
    [
        "attention.causal", "attention.head_count", "attention.head_count_kv", "attention.key_length", "attention.layer_norm_rms_epsilon",
        "attention.value_length", "block_count", "context_length", "embedding_length", "feed_forward_length", "pooling_type",
        "rope.dimension_count", "rope.freq_base", "rope.scale_linear", "rope.scaling.factor", "rope.scaling.finetuned",
        "rope.scaling.original_context_length", "rope.scaling.type", "vocab_size",
    ];

    private static readonly string[] WindowKeys =
        ["attention.sliding_window", "attention.sliding_window_pattern", "rope.freq_base_swa"];

    private static readonly DecoderFamily Gemma3 = new("gemma3")
    {
        Gate = GateActivation.GeluTanh, ScalesEmbeddings = true, PostNorms = true, HeadNorms = true, WindowPattern = 6,
        BlocksOfLargest = 62, SlidingBase = 10_000, OwnKeys = [.. WindowKeys, "final_logit_softcapping"],
    };

    /// <summary>All that can be run.</summary>
    public static IReadOnlyList<DecoderFamily> All { get; } =
    [
        new("llama") { ReordersHeads = true, OptionalBiases = true, Divisors = true },
        new("qwen2") { QkvBias = true, ScalesByWidth = true },
        new("qwen3") { HeadNorms = true },
        new("gemma2")
        {
            Gate = GateActivation.GeluTanh, ScalesEmbeddings = true, PostNorms = true, WindowPattern = 2, BlocksOfLargest = 46,
            Window = 4096, Cap = 50, ScalesSlidingRope = true,
            OwnKeys = [.. WindowKeys, "attn_logit_softcapping", "final_logit_softcapping"],
        },
        Gemma3,
        Gemma3 with { Name = "gemma-embedding", BlocksOfLargest = null, HasCenteredWindow = true, OwnKeys = WindowKeys },
    ];

    /// <summary>The gate's function.</summary>
    public GateActivation Gate { get; init; }

    /// <summary>Whether the rows of q and k are stored in the order of neighboring pairs, head by head.</summary>
    public bool ReordersHeads { get; init; }

    /// <summary>Whether any product may have a bias.</summary>
    public bool OptionalBiases { get; init; }

    /// <summary>Whether q, k and v have a bias.</summary>
    public bool QkvBias { get; init; }

    /// <summary>Whether each head's queries and keys are normalized before they are turned.</summary>
    public bool HeadNorms { get; init; }

    /// <summary>Whether a norm follows attention and MLP, before they are added to the stream.</summary>
    public bool PostNorms { get; init; }

    /// <summary>Whether token embeddings are multiplied by the square root of the width.</summary>
    public bool ScalesEmbeddings { get; init; }

    /// <summary>Whether scores are scaled by the width divided by the heads, and not by the keys' own width.</summary>
    public bool ScalesByWidth { get; init; }

    /// <summary>The number of blocks of the one model that has <see cref="ScalesByWidth"/>; null for none.</summary>
    public int? BlocksOfLargest { get; init; }

    /// <summary>Whether the file may hold divisors of the rotary frequencies (Llama 3).</summary>
    public bool Divisors { get; init; }

    /// <summary>Soft cap of the scores where the file states none; null = no cap, whatever it states.</summary>
    public double? Cap { get; init; }

    /// <summary>The sliding window where the file states none; null = then no block slides.</summary>
    public int? Window { get; init; }

    /// <summary>n: blocks slide but for every n-th; null = the architecture has no window.</summary>
    public int? WindowPattern { get; init; }

    /// <summary>Whether the window is around a token and not before it.</summary>
    public bool HasCenteredWindow { get; init; }

    /// <summary>Rotary base of sliding blocks where the file states none; null = that of the others.</summary>
    public double? SlidingBase { get; init; }

    /// <summary>Whether sliding blocks have the rotary scaling of the others.</summary>
    public bool ScalesSlidingRope { get; init; }

    /// <summary>Keys beside the common ones.</summary>
    private IReadOnlyList<string> OwnKeys { get; init; } = [];

    /// <summary>Whether a key, without the architecture's prefix, is understood.</summary>
    public bool Knows(string key) => CommonKeys.Contains(key) || OwnKeys.Contains(key);
}
