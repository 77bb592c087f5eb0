using System.Runtime.InteropServices;
using static TorchSharp.NativeMethods;

namespace Llm2Clip.Engine.Torch;

/// <summary>Native memory that tensors hold.</summary>
public static class NativeMemory
{
    /// <summary>Native tensor handles alive in this process; flat over the steps of a loop that does not leak.</summary>
    public static long LiveTensors => l2c_live_tensors();
}

/// <summary>What is known of the libtorch in use.</summary>
/// <param name="Version">libtorch's version.</param>
/// <param name="LibraryFile">The file that libtorch was loaded from.</param>
/// <param name="BlasFile">The file that matrix products come from; null where libtorch has its BLAS inside.</param>
/// <param name="CpuCapability">The widest instructions that libtorch's own kernels use here.</param>
/// <param name="Threads">Threads that one operation uses.</param>
/// <param name="HasMkldnn">Whether oneDNN is there; it computes bf16 products and convolutions.</param>
/// <param name="HasCuda">Whether libtorch was built with CUDA.</param>
/// <param name="CudaDevices">GPUs at hand.</param>
/// <param name="Config">libtorch's own description of its build and threads, several lines.</param>
public sealed record TorchDescription(
    string Version, string LibraryFile, string BlasFile, string CpuCapability, int Threads, bool HasMkldnn, bool HasCuda, int CudaDevices, string Config)
{
    /// <summary>Whether the processor multiplies bf16 natively (AVX512_BF16 or AMX); without it bf16 products are widened.</summary>
    public bool HasNativeBf16 { get; init; }
}

/// <summary>Describes the libtorch in use, for people and for <c>doctor</c>.</summary>
public static class TorchBuild
{
    private static readonly Lazy<TorchDescription> Description = new(Read);

    /// <summary>libtorch's version.</summary>
    public static string Version => Description.Value.Version;

    /// <summary>What is known. Loads the native libraries; throws <see cref="DllNotFoundException"/> where they are missing.</summary>
    public static TorchDescription Describe() => Description.Value with { Threads = l2c_get_num_threads() };

    private static TorchDescription Read()
    {
        var text = l2c_describe();
        if (text == 0)
        {
            throw new ExternalException(LastError());
        }
        var values = Marshal.PtrToStringUTF8(text).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split('\t', 2)).ToDictionary(pair => pair[0], pair => pair[1]);
        l2c_free_text(text);
        return new TorchDescription(
            values["libtorch"],
            values.GetValueOrDefault("libtorch_file"),
            values.GetValueOrDefault("blas_file"),
            values["cpu_capability"],
            int.Parse(values["threads"]),
            values["mkldnn"] == "yes",
            values["cuda"] == "yes",
            int.Parse(values["cuda_devices"]),
            values["config"].Replace('\x1f', '\n')) { HasNativeBf16 = NativeBf16() };
    }

    private static bool NativeBf16()
    {
        const string CpuInfo = "/proc/cpuinfo";
        if (!File.Exists(CpuInfo))
        {
            return false;
        }
        var flags = File.ReadLines(CpuInfo).FirstOrDefault(line => line.StartsWith("flags", StringComparison.Ordinal)) ?? "";
        return flags.Contains("avx512_bf16") || flags.Contains("amx_bf16");
    }
}
