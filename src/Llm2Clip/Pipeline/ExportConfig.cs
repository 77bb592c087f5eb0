using System.ComponentModel;

namespace Llm2Clip.Pipeline;

/// <summary>Number formats of a GGUF file that is written; the names are llama.cpp's.</summary>
public enum GgufFormat
{
    /// <summary>Single precision.</summary>
    F32,

    /// <summary>Half precision.</summary>
    F16,

    /// <summary>bfloat16.</summary>
    Bf16,

    /// <summary>8 bits, and a scale for each 32 values.</summary>
    Q8_0,
}

/// <summary>The <c>export</c> section of a run file: what <c>export lora</c> and <c>export gguf</c> write.</summary>
public sealed record ExportConfig
{
    [Description("What is written: a file ending in .gguf, or, of a LoRA, a folder, which gets PEFT's layout.")]
    public string To { get; init; } = "";

    [Description("Number format of a GGUF file: f32 | f16, and of a merged model bf16 | q8_0 too. null = f32 of a LoRA, f16 of a model. A "
        + "folder of PEFT has f32.")]
    public GgufFormat? Type { get; init; }

    [Description("Whether names in a folder of PEFT are those of the model with its output head (AutoModelForCausalLM), or without "
        + "(AutoModel).")]
    public bool HasHead { get; init; } = true;
}
