using Llm2Clip.Engine.Llama;

namespace LLama.Native;

/// <summary>Functions of libllama that belong to no handle.</summary>
public static class NativeApi
{
    /// <summary>Loads the library where it is not loaded yet, and does nothing else.</summary>
    public static void llama_empty_call() => LlamaLibrary.EnsureLoaded();

    /// <summary>Most sequences that one context can hold.</summary>
    public static long llama_max_parallel_sequences()
    {
        LlamaLibrary.EnsureLoaded();
        return (long)LlamaImports.llama_max_parallel_sequences();
    }

    /// <summary>True where a GPU backend is loaded.</summary>
    public static bool llama_supports_gpu_offload()
    {
        LlamaLibrary.EnsureLoaded();
        return LlamaImports.llama_supports_gpu_offload() != 0;
    }
}
