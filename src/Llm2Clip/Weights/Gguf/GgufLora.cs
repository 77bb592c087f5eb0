namespace Llm2Clip.Weights.Gguf;

/// <summary>
/// A LoRA in a GGUF file, as llama.cpp's convert_lora_to_gguf.py writes it: its keys and its table of tensors, held against the model that
/// it is for. Reading its values needs the architecture; this does not. What a key of it says that is not known here is an error.
/// </summary>
internal static class GgufLora
{
    /// <summary>What <c>general.type</c> of such a file is.</summary>
    public const string FileType = "adapter";

    /// <summary>What <c>adapter.type</c> of such a file is.</summary>
    public const string AdapterType = "lora";

    public const string TypeKey = "adapter.type";
    public const string AlphaKey = "adapter.lora.alpha";
    public const string DownEnd = ".lora_a";
    public const string UpEnd = ".lora_b";

    private const string KindKey = "general.type";
    private const string Prefix = "adapter.";
    private const string WeightEnd = ".weight";

    /// <summary>Keys that are read, and such as change nothing of what a LoRA computes.</summary>
    private static readonly string[] Known = [TypeKey, AlphaKey, "adapter.lora.task_name", "adapter.lora.prompt_prefix"];

    /// <summary>The pairs, their rank, and alpha: the change is scaled by alpha / rank.</summary>
    /// <param name="lora">Its header.</param>
    /// <param name="weights">Its tensors.</param>
    /// <param name="model">The model's header.</param>
    /// <param name="modelWeights">The model's tensors.</param>
    /// <exception cref="InputException">The file is no LoRA, or one for another model.</exception>
    public static (IReadOnlyList<LoraPair> Pairs, int Rank, double Alpha) Check(
        GgufFile lora, ISafetensors weights, GgufFile model, ISafetensors modelWeights)
    {
        if (!lora.Has(KindKey) || lora.GetString(KindKey) != FileType)
        {
            var kind = lora.Has(KindKey) ? lora.GetString(KindKey) : "model";
            throw new InputException($"{lora.Path}: this GGUF holds a '{kind}', not a LoRA (key '{KindKey}' is not '{FileType}').");
        }
        if (lora.GetString(TypeKey) != AdapterType)
        {
            throw new InputException($"{lora.Path}: key '{TypeKey}' is '{lora.GetString(TypeKey)}'; only '{AdapterType}' can be applied.");
        }
        if (lora.Architecture != model.Architecture)
        {
            throw new InputException(
                $"{lora.Path}: this LoRA is for architecture '{lora.Architecture}' (key 'general.architecture'), and {model.Path} is of "
                + $"'{model.Architecture}'. Name a LoRA that was trained on this model.");
        }
        if (lora.Keys.FirstOrDefault(key => key.StartsWith(Prefix, StringComparison.Ordinal) && !Known.Contains(key)) is { } stranger)
        {
            throw new InputException($"{lora.Path}: key '{stranger}' is not known, and may change what the LoRA computes.");
        }
        var (pairs, rank) = new LoraPairs(weights, lora.Path).Find(PlaceOf, name => SizesOf(modelWeights, name));
        return (pairs, rank, Alpha(lora, rank));
    }

    /// <summary>Without alpha, or with 0, libllama scales by 1.</summary>
    private static double Alpha(GgufFile lora, int rank)
    {
        var alpha = lora.Has(AlphaKey) ? lora.GetNumber(AlphaKey) : 0;
        return !double.IsFinite(alpha) ? throw new InputException($"{lora.Path}: key '{AlphaKey}' is {alpha}; it must be a number.")
            : alpha == 0 ? rank
            : alpha;
    }

    private static (string Product, bool IsDown)? PlaceOf(string name) =>
        name.EndsWith(WeightEnd + DownEnd, StringComparison.Ordinal) ? (name[..^DownEnd.Length], true)
        : name.EndsWith(WeightEnd + UpEnd, StringComparison.Ordinal) ? (name[..^UpEnd.Length], false)
        : null;

    /// <summary>Of a block's matrices alone: embeddings and output head are no products that texts' states pass.</summary>
    private static (long Inputs, long Outputs)? SizesOf(ISafetensors model, string name) =>
        name.StartsWith("blk.", StringComparison.Ordinal) && model.Contains(name) && model.Info(name).Shape is [var outputs, var inputs]
            ? (inputs, outputs)
            : null;
}
