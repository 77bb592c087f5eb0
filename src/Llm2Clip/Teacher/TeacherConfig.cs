using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Llm2Clip.Configuration;
using Llm2Clip.Layers;

namespace Llm2Clip.Teachers;

/// <summary>How the hidden states of a text become one vector.</summary>
public enum TeacherPooling
{
    /// <summary>
    /// Mean over the text's own tokens and what the template puts behind it (end-of-turn); no BOS, header or instruction.
    /// </summary>
    Mean,

    /// <summary>State of the very last token.</summary>
    Last,
}

/// <summary>Which tokens a token sees.</summary>
public enum TeacherAttention
{
    /// <summary>Itself and those before it, as the LLM was trained.</summary>
    Causal,

    /// <summary>All of its text, as LLM2Vec and LLM2CLIP use the LLM.</summary>
    Bidirectional,
}

/// <summary>Number format of the key/value cache.</summary>
public enum KvCacheType
{
    /// <summary>Single precision.</summary>
    F32,

    /// <summary>Half precision.</summary>
    F16,
}

/// <summary>What runs the LLM.</summary>
public enum TeacherRuntime
{
    /// <summary>libllama: any architecture that it knows, products with the file's own quantized weights.</summary>
    Llama,

    /// <summary>Tensors: some architectures, weights as bf16 or fp32, several times as fast where the processor multiplies bf16.</summary>
    Tensors,
}

/// <summary>
/// The <c>teacher</c> section of a run file. What is left out (null) comes from the folder's <c>teacher.json</c>, or, for a bare
/// GGUF, from what it states of itself, else from <see cref="TeacherSettings"/>'s defaults.
/// </summary>
public sealed record TeacherConfig : ICheckedConfig
{
    [Description("The LLM: bare GGUF file, or a teacher folder (with teacher.json). cc-finetune starts from it.")]
    public string Path { get; init; } = "";

    [Description("Teacher that extract, clip-train and eval work with; empty = the one that cc-finetune of this run file wrote, else "
        + "path.")]
    public string Tuned { get; init; } = "";

    [Description("LoRA of the LLM that path names: a GGUF adapter of llama.cpp, or a folder of PEFT (adapter_config.json and "
        + "adapter_model.safetensors). null = what the teacher folder states, else none.")]
    public string? Lora { get; init; }

    [Description("Text around each caption; {instruction} and {text} are replaced. Special tokens such as <end_of_turn> are parsed in the "
        + "template, never in the caption. BOS is added by the model's own rule.")]
    public string? Template { get; init; }

    [Description("What {instruction} stands for. Extraction and evaluation use an empty one.")]
    public string? Instruction { get; init; }

    [Description("mean: over the text's own tokens and the template's end-of-turn. last: the last token. null = what the teacher folder or "
        + "the GGUF states, else mean.")]
    public TeacherPooling? Pooling { get; init; }

    [Description("causal | bidirectional. null = what the teacher folder or the GGUF states, else bidirectional.")]
    public TeacherAttention? Attention { get; init; }

    [Description("Where in the LLM the states are read: 0 (token embeddings), the number of a block (its output), final (after the final "
        + "norm), or several with commas, whose vectors lie side by side; each block or final with causal or bidirectional behind it, else "
        + "with attention, such as '13, 13 causal, 0'. auto: cc-finetune takes the block and attention that do best on training images. "
        + "null = what the teacher folder states, else final.")]
    public string? Layers { get; init; }

    [Description("With bidirectional attention, sliding-window layers see the whole text too.")]
    public bool? FullWindow { get; init; }

    [Description("llama: libllama. tensors: libtorch, for the architectures llama, qwen2, qwen3, gemma2, gemma3 and gemma-embedding; "
        + "several times as fast on a processor or GPU that multiplies bf16, with more memory for the weights. The vectors differ, so a "
        + "store or an adapter belongs to one of them. null = what the teacher folder states, else llama.")]
    public TeacherRuntime? Runtime { get; init; }

    [Description("Of runtime tensors: bf16 | fp32, the format of products and of the weights in memory. null = what the teacher folder "
        + "states, else bf16.")]
    public Precision? Precision { get; init; }

    [Description("Of runtime tensors: auto (the first GPU where there is one, else the CPU) | cpu | cuda:N. Does not change the vectors "
        + "but for rounding.")]
    public string Device { get; init; } = "auto";

    [Description("Longest row in tokens, BOS and template included; longer captions lose their right end, the template's end stays. 8 or "
        + "more.")]
    [Range(TeacherSettings.ShortestRow, int.MaxValue)]
    public int? MaxLength { get; init; }

    [Description("Of runtime llama: flash attention, less memory for long texts; moves states by about 1e-2 together with kv_type f16.")]
    public bool? FlashAttention { get; init; }

    [Description("Of runtime llama: key/value cache, f32 (exact) | f16.")]
    public KvCacheType? KvType { get; init; }

    [Description("Tokens run at once. Does not change the vectors but for rounding. null = 256 with runtime llama, where 128 to 512 are "
        + "fastest on a CPU, and 512 with tensors, padding included; a GPU takes more.")]
    [Range(1, int.MaxValue)]
    public int? BatchTokens { get; init; }

    [Description("Threads of libllama; 0: one per core. Tensors have those of LLM2CLIP_THREADS.")]
    [Range(0, 4096)]
    public int Threads { get; init; }

    [Description("Of runtime llama: stop the graph behind the last state that is read, before the output head at the latest.")]
    public bool SkipHead { get; init; } = true;

    /// <inheritdoc/>
    public IEnumerable<(string Key, string Problem)> Check()
    {
        if (Layers is not (null or TeacherLayers.Auto) && TeacherLayers.Problem(Layers, Attention) is { } problem)
        {
            yield return ("layers", problem);
        }
        foreach (var found in Template is null ? [] : TeacherSettings.ProblemsOf(Template, Instruction ?? ""))
        {
            yield return found;
        }
    }
}

/// <summary>
/// Everything beside the weights that determines a teacher's vectors; stored in <c>teacher.json</c> and part of the fingerprint.
/// </summary>
public sealed record TeacherSettings : ICheckedConfig
{
    /// <summary>Fewest tokens of a row that leave room for a text.</summary>
    internal const int ShortestRow = 8;

    /// <summary>Where the template has the text and the instruction.</summary>
    internal const string TextMark = "{text}";

    /// <inheritdoc cref="TextMark"/>
    internal const string InstructionMark = "{instruction}";

    /// <summary>Text around each caption, see <see cref="TeacherConfig.Template"/>.</summary>
    public string Template { get; init; } = "{instruction}{text}";

    /// <summary>What <c>{instruction}</c> stands for.</summary>
    public string Instruction { get; init; } = "";

    /// <summary>Which tokens' states make the vector of a text.</summary>
    public TeacherPooling Pooling { get; init; } = TeacherPooling.Mean;

    /// <summary>What a token sees.</summary>
    public TeacherAttention Attention { get; init; } = TeacherAttention.Bidirectional;

    /// <summary>
    /// Where the states are read, see <see cref="TeacherConfig.Layers"/>; a block without an attention has <see cref="Attention"/>. States
    /// of blocks and embeddings are divided by their root mean square, those of the final norm are taken as they are.
    /// </summary>
    public string Layers { get; init; } = TeacherLayers.FinalOnly;

    /// <summary>
    /// With bidirectional attention, sliding layers see the whole text (libllama alone gives them all of the future and a window of the
    /// past).
    /// </summary>
    public bool FullWindow { get; init; } = true;

    /// <summary>What runs the LLM.</summary>
    public TeacherRuntime Runtime { get; init; }

    /// <summary>Format of products and weights in <see cref="TeacherRuntime.Tensors"/>.</summary>
    public Precision Precision { get; init; } = Precision.Bf16;

    /// <summary>Longest row in tokens, BOS and template included.</summary>
    [Range(ShortestRow, int.MaxValue)]
    public int MaxLength { get; init; } = 512;

    /// <summary>Fused attention of libllama; it moves the states by about 1e-2.</summary>
    public bool FlashAttention { get; init; }

    /// <summary>Number format of libllama's key/value cache.</summary>
    public KvCacheType KvType { get; init; } = KvCacheType.F32;

    /// <summary>These settings with those that <paramref name="config"/> names put in their place.</summary>
    public TeacherSettings With(TeacherConfig config) => (this with
    {
        Template = config.Template ?? Template,
        Instruction = config.Instruction ?? Instruction,
        Pooling = config.Pooling ?? Pooling,
        Attention = config.Attention ?? Attention,
        Layers = config.Layers is null or TeacherLayers.Auto ? Layers : Canonical(config.Layers, config.Attention ?? Attention),
        FullWindow = config.FullWindow ?? FullWindow,
        MaxLength = config.MaxLength ?? MaxLength,
        Runtime = config.Runtime ?? Runtime,
        Precision = config.Precision ?? Precision,
        FlashAttention = config.FlashAttention ?? FlashAttention,
        KvType = config.KvType ?? KvType,
    }).WithoutIdle();

    /// <summary>What <see cref="Layers"/> names, each with its attention.</summary>
    internal IReadOnlyList<TeacherLayer> LayerList() => TeacherLayers.Parse(Layers, Attention);

    /// <summary>What the runtime takes no notice of has its default, so that equal vectors have equal settings.</summary>
    private TeacherSettings WithoutIdle() => Runtime == TeacherRuntime.Tensors
        ? this with { FlashAttention = false, KvType = KvCacheType.F32 }
        : this with { Precision = Precision.Bf16 };

    /// <inheritdoc/>
    public IEnumerable<(string Key, string Problem)> Check() =>
        TeacherLayers.Problem(Layers, Attention) is { } problem
            ? ProblemsOf(Template, Instruction).Append(("layers", problem))
            : ProblemsOf(Template, Instruction);

    /// <summary>One spelling for one meaning; a text that has none stays as it is, and <see cref="Check"/> says so.</summary>
    private static string Canonical(string layers, TeacherAttention attention) => TeacherLayers.Problem(layers, attention) is null
        ? TeacherLayers.Text(TeacherLayers.Parse(layers, attention), attention)
        : layers;

    /// <summary>What is wrong with a template: it holds the text once, and the instruction only before it.</summary>
    internal static IEnumerable<(string Key, string Problem)> ProblemsOf(string template, string instruction)
    {
        var parts = template.Split(TextMark);
        if (parts.Length != 2 || parts[1].Contains(InstructionMark, StringComparison.Ordinal))
        {
            yield return ("template", $"must hold {TextMark} once, and {InstructionMark} only before it; it is '{template}'");
        }
        else if (instruction.Length > 0 && !parts[0].Contains(InstructionMark, StringComparison.Ordinal))
        {
            yield return ("instruction", $"is set, but template '{template}' has no {InstructionMark}");
        }
    }
}
