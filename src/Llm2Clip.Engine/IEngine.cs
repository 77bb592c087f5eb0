namespace Llm2Clip.Engine;

/// <summary>What the chosen engine offers beyond the three packages' APIs; nothing outside the engine projects asks which one it is.</summary>
public interface IEngine
{
    /// <summary><c>system</c> or <c>nuget</c>, for logs and <c>doctor</c> only.</summary>
    string Name { get; }

    /// <summary>The optimizer's operations over whole buffers.</summary>
    ITensorKernels Kernels { get; }

    /// <summary>Names and versions of the natives in use, for <c>doctor</c>.</summary>
    IReadOnlyList<NativeComponent> Describe();

    /// <summary>What tensors and the LLM compute on. Loads the natives; throws what their loading throws.</summary>
    ComputeFacts Compute();
}

/// <summary>What a machine computes on.</summary>
/// <param name="Threads">Threads that one tensor operation uses.</param>
/// <param name="Instructions">The widest CPU instructions that libtorch uses here, such as AVX2; null where unknown.</param>
/// <param name="NativeBf16">Whether the processor multiplies bf16 itself (AVX512_BF16, AMX); null where unknown.</param>
/// <param name="Gpus">GPUs that tensors can live on.</param>
/// <param name="LlmDevices">Devices that the LLM can run on, as llama.cpp names them.</param>
public sealed record ComputeFacts(int Threads, string? Instructions, bool? NativeBf16, int Gpus, IReadOnlyList<string> LlmDevices);

/// <summary>A native library in use. <paramref name="Problem"/> says what is missing, <paramref name="Remedy"/> the command that installs it.</summary>
public sealed record NativeComponent(string Name, string? Version, string? Path, string? Problem = null, string? Remedy = null);
