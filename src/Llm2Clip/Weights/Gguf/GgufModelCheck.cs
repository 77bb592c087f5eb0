namespace Llm2Clip.Weights.Gguf;

/// <summary>
/// Checks of a model's header that name key or tensor where libllama would refuse with less, or stop the process. What is left out here
/// (tensor shapes of each architecture, tensors missing or unknown) libllama checks itself.
/// </summary>
internal static class GgufModelCheck
{
    /// <summary>LLAMA_MAX_LAYERS of llama.cpp's llama-hparams.h: with more an assertion ends the process.</summary>
    private const int MaxLayers = 512;

    /// <summary>Throws <see cref="InputException"/> where the file is no model of a decoder that libllama could load.</summary>
    public static void Check(GgufFile file)
    {
        if (file.Has("split.no") && file.GetInteger("split.no") != 0)
        {
            throw new InputException($"{file.Path}: this is part {file.GetInteger("split.no") + 1} of a split model. Give the first part.");
        }
        if (file.Has("general.type") && file.GetString("general.type") != "model")
        {
            throw new InputException(
                $"{file.Path}: this GGUF holds a '{file.GetString("general.type")}', not a model (key 'general.type').");
        }
        var prefix = file.Architecture;
        foreach (var key in (string[])["block_count", "embedding_length", "attention.head_count"])
        {
            if (!file.Has($"{prefix}.{key}"))
            {
                throw new InputException(
                    $"{file.Path}: key '{prefix}.{key}' is missing, so this is not a model of architecture '{prefix}'.");
            }
        }
        Positive(file, $"{prefix}.block_count");
        if (file.GetInteger($"{prefix}.block_count") > MaxLayers)
        {
            throw new InputException(
                $"{file.Path}: key '{prefix}.block_count' is {file.GetInteger($"{prefix}.block_count")}; libllama takes up to "
                + $"{MaxLayers}.");
        }
        Positive(file, $"{prefix}.embedding_length");
        if (file.Has($"{prefix}.context_length") && file.GetInteger($"{prefix}.context_length") is <= 0 or > int.MaxValue)
        {
            throw new InputException(
                $"{file.Path}: key '{prefix}.context_length' is {file.GetInteger($"{prefix}.context_length")}; it must be above 0 and fit "
                + "31 bits.");
        }
        foreach (var key in (string[])["attention.layer_norm_rms_epsilon", "attention.layer_norm_epsilon"])
        {
            // libllama's norms assert this with the first text.
            if (file.Has($"{prefix}.{key}") && file.GetNumber($"{prefix}.{key}") is not (>= 0 and < double.PositiveInfinity))
            {
                throw new InputException(
                    $"{file.Path}: key '{prefix}.{key}' is {file.GetNumber($"{prefix}.{key}")}; it must be 0 or more.");
            }
        }
        CheckHeads(file, prefix);
        CheckVocabulary(file);
    }

    private static void CheckHeads(GgufFile file, string prefix)
    {
        // Some architectures list their heads layer by layer; libllama checks those.
        var (heads, shared) = ($"{prefix}.attention.head_count", $"{prefix}.attention.head_count_kv");
        if (file.Metadata[heads].Type == GgufValueType.Array)
        {
            return;
        }
        Positive(file, heads);
        if (!file.Has(shared) || file.Metadata[shared].Type == GgufValueType.Array)
        {
            return;
        }
        Positive(file, shared);
        if (file.GetInteger(heads) % file.GetInteger(shared) != 0)
        {
            throw new InputException(
                $"{file.Path}: {file.GetInteger(heads)} heads (key '{heads}') cannot share {file.GetInteger(shared)} key/value heads (key "
                + $"'{shared}').");
        }
    }

    private static void CheckVocabulary(GgufFile file)
    {
        const string Key = "tokenizer.ggml.tokens";
        const string Embedding = "token_embd.weight";
        var texts = file.GetStrings(Key);
        var tokens = texts.Count;
        // libllama asserts that tokens and texts are as many, and ends the process where they are not; empty ones it renames
        // (llama-vocab.cpp).
        var groups = texts.Where(text => text.Length > 0).GroupBy(text => text, StringComparer.Ordinal);
        if (groups.FirstOrDefault(same => same.Count() > 1) is { } twice)
        {
            throw new InputException($"{file.Path}: the tokenizer (key '{Key}') has the token '{twice.Key}' {twice.Count()} times.");
        }
        if (file.HasTensor(Embedding) && file.Tensor(Embedding).Shape is [_, var rows] && rows != tokens)
        {
            throw new InputException(
                $"{file.Path}: tensor '{Embedding}' has {rows} rows, but the tokenizer (key '{Key}') has {tokens} tokens.");
        }
    }

    private static void Positive(GgufFile file, string key)
    {
        if (file.GetInteger(key) <= 0)
        {
            throw new InputException($"{file.Path}: key '{key}' is {file.GetInteger(key)}; it must be above 0.");
        }
    }
}
