using System.Runtime.InteropServices;

namespace LLama.Native;

/// <summary>One metadata value that takes the place of the file's (<c>llama_model_kv_override</c>).</summary>
[StructLayout(LayoutKind.Explicit)]
public unsafe struct LLamaModelMetadataOverride
{
    /// <summary>Which of the values counts.</summary>
    [FieldOffset(0)]
    public LLamaModelKvOverrideType Tag;

    /// <summary>Zero-terminated key.</summary>
    [FieldOffset(4)]
    public fixed byte key[128];

    [FieldOffset(136)]
    public long IntValue;

    [FieldOffset(136)]
    public double FloatValue;

    [FieldOffset(136)]
    public long BoolValue;

    /// <summary>Zero-terminated text.</summary>
    [FieldOffset(136)]
    public fixed byte StringValue[128];
}
