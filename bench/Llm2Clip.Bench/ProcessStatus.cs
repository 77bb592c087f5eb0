using System.Globalization;

namespace Llm2Clip.Bench;

/// <summary>The kernel's account of this process.</summary>
internal static class ProcessStatus
{
    /// <summary>A size, such as VmRSS (resident now) or VmHWM (its highest).</summary>
    public static long Bytes(string field)
    {
        var line = File.ReadLines("/proc/self/status").First(line => line.StartsWith(field + ":", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture) * 1024;
    }
}
