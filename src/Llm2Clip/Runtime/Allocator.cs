using System.Runtime.InteropServices;

namespace Llm2Clip.Runtime;

/// <summary>What was set of the C library's allocator, and why.</summary>
/// <param name="Tuned">Whether freed memory stays with the process.</param>
/// <param name="Reason">What is in force.</param>
public sealed record AllocatorDecision(bool Tuned, string Reason);

/// <summary>
/// Settings of glibc's malloc, from which libtorch takes the memory of CPU tensors. By default it maps every block of 128 KB to 32 MB
/// anew and returns it when it is freed, so that each large tensor of a training step is paid for with page faults. Kept by the process,
/// the blocks are used again: a training step of ViT-S/32 takes half the time in fp32 and a quarter in bf16. Only the program's first
/// thread gains for every size: glibc gives other threads heaps of 64 MB, and maps larger blocks apart all the same.
/// </summary>
internal static class Allocator
{
    private const int TrimThreshold = -1;
    private const int TopPad = -2;
    private const int MmapThreshold = -3;

    /// <summary>Applies the settings, unless the C library is another one or the user has settings of their own.</summary>
    public static unsafe AllocatorDecision Apply()
    {
        if (!OperatingSystem.IsLinux()
            || !NativeLibrary.TryLoad("libc.so.6", out var libc)
            || !NativeLibrary.TryGetExport(libc, "gnu_get_libc_version", out _)
            || !NativeLibrary.TryGetExport(libc, "mallopt", out var export))
        {
            return new AllocatorDecision(false, "the C library is not glibc");
        }
        if (UserSetting() is { } setting)
        {
            return new AllocatorDecision(false, $"left to {setting}");
        }
        var mallopt = (delegate* unmanaged<int, int, int>)export;

        // glibc before 2.35 refuses thresholds above half of its heap size, 32 MB.
        var threshold = mallopt(MmapThreshold, 1 << 30) == 1 ? 1 << 30 : 32 << 20;
        var isSet = (threshold == 1 << 30 || mallopt(MmapThreshold, threshold) == 1)
            & mallopt(TrimThreshold, int.MaxValue) == 1
            & mallopt(TopPad, 64 << 20) == 1;
        return isSet
            ? new AllocatorDecision(true, $"glibc keeps freed memory; blocks above {threshold >> 20} MB are mapped apart")
            : new AllocatorDecision(false, "glibc refused the settings");
    }

    /// <summary>The variable of the environment by which the user sets the same.</summary>
    private static string? UserSetting()
    {
        string[] variables = ["MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_", "MALLOC_TOP_PAD_"];
        return Environment.GetEnvironmentVariable("GLIBC_TUNABLES")?.Contains("glibc.malloc.", StringComparison.Ordinal) == true
            ? "GLIBC_TUNABLES"
            : variables.FirstOrDefault(name => Environment.GetEnvironmentVariable(name) is { Length: > 0 });
    }
}
