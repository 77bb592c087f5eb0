using System.Diagnostics;

namespace Llm2Clip.Training;

/// <summary>Memory of the process, bytes: of the machine, not of a GPU.</summary>
/// <param name="Resident">What it has in memory now.</param>
/// <param name="Peak">The most that it ever had.</param>
internal readonly record struct MemoryUse(long Resident, long Peak)
{
    /// <summary>As the system tells it at this moment.</summary>
    public static MemoryUse Now()
    {
        using var process = Process.GetCurrentProcess();
        return new MemoryUse(process.WorkingSet64, process.PeakWorkingSet64);
    }
}
