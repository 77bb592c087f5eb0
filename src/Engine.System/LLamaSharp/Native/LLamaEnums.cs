namespace LLama.Native;

/// <summary>Number format of a cache or tensor; values are ggml's.</summary>
public enum GGMLType
{
    GGML_TYPE_F32 = 0,
    GGML_TYPE_F16 = 1,
}

/// <summary>How a model is spread over several devices.</summary>
public enum GPUSplitMode
{
    None = 0,
    Layer = 1,
    Row = 2,
    Tensor = 3,
}

/// <summary>Which tokens a token attends to.</summary>
public enum LLamaAttentionType
{
    Unspecified = -1,
    Causal = 0,
    NonCausal = 1,
}

/// <summary>What libllama itself pools; the project takes one state a token and pools by its own masks.</summary>
public enum LLamaPoolingType
{
    Unspecified = -1,
    None = 0,
    Mean = 1,
    CLS = 2,
    Last = 3,
    Rank = 4,
}

/// <summary>Scaling of rotary positions; unspecified takes the model's.</summary>
public enum RopeScalingType
{
    Unspecified = -1,
    None = 0,
    Linear = 1,
    Yarn = 2,
    LongRope = 3,
}

/// <summary>Purpose of a context.</summary>
public enum LLamaContextType
{
    Default = 0,
    Mtp = 1,
}

/// <summary>Whether attention runs fused.</summary>
public enum LLamaFlashAttentionType
{
    LLAMA_FLASH_ATTENTION_TYPE_AUTO = -1,
    LLAMA_FLASH_ATTENTION_TYPE_DISABLED = 0,
    LLAMA_FLASH_ATTENTION_TYPE_ENABLED = 1,
}

/// <summary>How a decode ended.</summary>
public enum DecodeResult
{
    DecodeFailed = -3,
    AllocationFailed = -2,
    InvalidInputBatch = -1,
    Ok = 0,
    NoKvSlot = 1,
    ComputeAborted = 2,
}

/// <summary>Type of a metadata override.</summary>
public enum LLamaModelKvOverrideType
{
    Int = 0,
    Float = 1,
    Bool = 2,
    String = 3,
}

/// <summary>Kind of tokenizer.</summary>
public enum LLamaVocabType
{
    None = 0,
    SentencePiece = 1,
    BytePairEncoding = 2,
    WordPiece = 3,
    Unigram = 4,
    RWKV = 5,
    PLAMO2 = 6,
}

/// <summary>What a token is.</summary>
[Flags]
public enum LLamaTokenAttr
{
    Undefined = 0,
    Unknown = 1,
    Unused = 2,
    Normal = 4,
    Control = 8,
    UserDefined = 16,
    Byte = 32,
    Normalized = 64,
    LStrip = 128,
    RStrip = 256,
    SingleWord = 512,
}
