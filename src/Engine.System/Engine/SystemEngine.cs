using System.Runtime.InteropServices;
using Llm2Clip.Engine.Llama;
using Llm2Clip.Engine.Torch;

namespace Llm2Clip.Engine.SystemNatives;

/// <summary>The system engine: bindings of our own over natives that are already packaged.</summary>
public sealed class SystemEngine : IEngine
{
    private const string SetUp = "./llm2clip setup";
    private const string FastBlas = "apt-get install libopenblas0-openmp libopenblas-openmp-dev && ./llm2clip setup";

    public string Name => "system";

    public ITensorKernels Kernels { get; } = new SystemKernels();

    public IReadOnlyList<NativeComponent> Describe() =>
    [
        Found("libtorch", () => new NativeComponent("libtorch", TorchBuild.Version, TorchBuild.Describe().LibraryFile)),
        Found("BLAS", () => Blas(TorchBuild.Describe().BlasFile)),
        Found("libllama", () => new NativeComponent("libllama", $"{LlamaLibrary.RequiredRelease} ({LlamaLibrary.RequiredPackage})", LlamaLibrary.Folder)),
    ];

    public ComputeFacts Compute()
    {
        var torch = TorchBuild.Describe();
        return new ComputeFacts(torch.Threads, torch.CpuCapability, torch.HasNativeBf16, torch.CudaDevices, LlamaLibrary.Devices);
    }

    private static NativeComponent Blas(string? file) => file switch
    {
        null => new NativeComponent("BLAS", "inside libtorch", null),
        _ when file.Contains("openblas-openmp") => new NativeComponent("BLAS", "OpenBLAS, OpenMP, " + BlasKernels(file), file),
        _ when file.Contains("openblas") && !file.Contains("pthread") => new NativeComponent("BLAS", "OpenBLAS, " + BlasKernels(file), file),
        _ when file.Contains("openblas") =>
            new NativeComponent("BLAS", "OpenBLAS, pthreads, " + BlasKernels(file), file, "half as fast as the OpenMP build", FastBlas),
        _ => new NativeComponent("BLAS", null, file, "many times slower than OpenBLAS with OpenMP", FastBlas),
    };

    /// <summary>
    /// The processor that OpenBLAS takes its kernels for. A core type that the environment names is left alone, though an older one costs up
    /// to half the speed: it may stand there because the kernels that this OpenBLAS chooses crash on a newer processor. The line names it.
    /// </summary>
    private static unsafe string BlasKernels(string file)
    {
        var core = NativeLibrary.TryGetExport(NativeLibrary.Load(file), "openblas_get_corename", out var coreName)
            ? Marshal.PtrToStringUTF8(((delegate* unmanaged<nint>)coreName)())
            : "unknown";
        return $"{core} kernels" + (Environment.GetEnvironmentVariable("OPENBLAS_CORETYPE") is { Length: > 0 } ? " (named by OPENBLAS_CORETYPE)" : "");
    }

    /// <summary>What <paramref name="describe"/> finds; a library that cannot be loaded is a finding too, whatever its binding throws.</summary>
    private static NativeComponent Found(string name, Func<NativeComponent> describe)
    {
        try
        {
            return describe();
        }
        catch (Exception e)
        {
            return new NativeComponent(name, null, null, (e.InnerException ?? e).Message, SetUp);
        }
    }
}
