using System.Runtime.InteropServices;

namespace Llm2Clip.Runtime;

/// <summary>The processor.</summary>
/// <param name="Name">Its name; null where the system does not tell.</param>
/// <param name="Instructions">The widest instructions that libtorch uses here, such as AVX512; null where it does not tell.</param>
/// <param name="NativeBf16">Whether it multiplies bf16 by itself (AVX512_BF16 or AMX), as bf16 products are widened elsewhere; null where
/// unknown.</param>
public sealed record Processor(string? Name, string? Instructions, bool? NativeBf16)
{
    private const string CpuInfo = "/proc/cpuinfo";
    private const string Capability = "_ZN2at18get_cpu_capabilityB5cxx11Ev";

    /// <summary>Examines it; <paramref name="torch"/> is libtorch_cpu.</summary>
    internal static Processor Examine(nint torch)
    {
        IReadOnlyList<string> lines = File.Exists(CpuInfo) ? File.ReadAllLines(CpuInfo) : [];
        return new Processor(Field(lines, "model name"), InstructionsOf(torch), HasBf16(Field(lines, "flags")));
    }

    /// <summary>The kernel lists a feature only where programs may use it, which the processor's own answer does not tell.</summary>
    internal static bool? HasBf16(string? flags) =>
        flags is null ? null : flags.Split(' ').Any(flag => flag is "avx512_bf16" or "amx_bf16");

    private static string? Field(IEnumerable<string> lines, string name) =>
        lines.FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal))
            ?.Split(':', 2, StringSplitOptions.TrimEntries)
            .ElementAtOrDefault(1);

    /// <summary>
    /// <c>at::get_cpu_capability()</c>. It constructs a <c>std::string</c> in the memory that it is given: pointer, length, and 16 bytes
    /// of room, which its answers (AVX512, AVX2, DEFAULT) fit in, so that nothing is left to free.
    /// </summary>
    private static unsafe string? InstructionsOf(nint torch)
    {
        if (torch == 0 || !NativeLibrary.TryGetExport(torch, Capability, out var export))
        {
            return null;
        }
        var text = stackalloc nint[4];
        ((delegate* unmanaged<nint*, nint*>)export)(text);
        return Marshal.PtrToStringUTF8(text[0], (int)text[1]);
    }
}
