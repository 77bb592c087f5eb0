using System.Runtime.InteropServices;

namespace Llm2Clip.Engine.Llama;

/// <summary>Names of the tensors that <c>cb_eval</c> is called with; the packages' API has no way to them.</summary>
public static unsafe class TensorName
{
    /// <summary>True where a graph tensor has this name. Cheap enough to be asked for every tensor of a graph.</summary>
    public static bool Is(nint tensor, ReadOnlySpan<byte> name) =>
        MemoryMarshal.CreateReadOnlySpanFromNullTerminated(LlamaImports.ggml_get_name(tensor)).SequenceEqual(name);
}
