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

/// <summary>The <c>export</c> section of a run file: what the <c>export</c> commands write.</summary>
public sealed record ExportConfig
{
    [Description("What is written. export lora: a file ending in .gguf, or a folder, which gets PEFT's layout; export gguf: a file ending "
        + "in .gguf; export onnx and export hf: a folder.")]
    public string To { get; init; } = "";

    [Description("Number format of a GGUF file: f32 | f16, and of a merged model bf16 | q8_0 too. null = f32 of a LoRA, f16 of a model. A "
        + "folder of PEFT has f32.")]
    public GgufFormat? Type { get; init; }

    [Description("Whether names in a folder of PEFT are those of the model with its output head (AutoModelForCausalLM), or without "
        + "(AutoModel).")]
    public bool HasHead { get; init; } = true;

    [Description("Title of the model card of export hf; empty = the folder's name.")]
    public string Name { get; init; } = "";

    [Description("License of the model, by Hugging Face's identifier, such as mit; empty = the card says that it is not stated.")]
    public string License { get; init; } = "";

    [Description("License of the training data, for the card.")]
    public string DataLicense { get; init; } = "";

    [Description("License of the teacher's LLM, for the card.")]
    public string LlmLicense { get; init; } = "";
}
