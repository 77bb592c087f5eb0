using System.Reflection;

namespace Llm2Clip.Engine.Packages;

/// <summary>The nuget engine: TorchSharp, LLamaSharp and Parquet.Net as they are published.</summary>
public sealed class PackageEngine : IEngine
{
    public string Name => "nuget";

    public ITensorKernels Kernels { get; } = new CompositeKernels();

    public IReadOnlyList<NativeComponent> Describe() =>
    [
        Managed("TorchSharp", typeof(TorchSharp.torch).Assembly),
        Managed("LLamaSharp", typeof(LLama.Native.NativeApi).Assembly),
    ];

    /// <summary>The packages do not tell instructions, bf16 support or the LLM's devices.</summary>
    public ComputeFacts Compute() =>
        new(TorchSharp.torch.get_num_threads(), null, null, TorchSharp.torch.cuda.device_count(), []);

    private static NativeComponent Managed(string name, Assembly assembly) => new(name, assembly.GetName().Version?.ToString(3), assembly.Location);
}
