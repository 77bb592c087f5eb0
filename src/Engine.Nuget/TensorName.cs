using System.Runtime.InteropServices;

namespace Llm2Clip.Engine.Llama;

/// <summary>Names of the tensors that <c>cb_eval</c> is called with; LLamaSharp has no way to them, the ggml that it loads has.</summary>
public static unsafe partial class TensorName
{
    /// <summary>True where a graph tensor has this name. Cheap enough to be asked for every tensor of a graph.</summary>
    public static bool Is(nint tensor, ReadOnlySpan<byte> name) =>
        MemoryMarshal.CreateReadOnlySpanFromNullTerminated(ggml_get_name(tensor)).SequenceEqual(name);

    [LibraryImport("ggml-base")]
    private static partial byte* ggml_get_name(nint tensor);
}
