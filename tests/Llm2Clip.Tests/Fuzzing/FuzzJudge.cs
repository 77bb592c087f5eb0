using System.Globalization;

namespace Llm2Clip.Tests.Fuzzing;

/// <summary>
/// Decides whether a reader dealt with a damaged file as it must: it read something, or refused with an error of exit code 2 or 3 that
/// names the
/// file (and the place, where the format has one); it allocated no more than it may, and left no unfinished file behind.
/// </summary>
internal static class FuzzJudge
{
    /// <summary>Memory of all kinds that a case may add to what earlier ones took; native code is seen by this alone.</summary>
    private const long MostMemory = 256L << 20;

    private static readonly string[] Unfinished = [".tmp", ".partial", ".writing"];

    /// <summary>What was wrong, or null; <paramref name="refusal"/> is the message with which the file was refused.</summary>
    public static string? Judge(FuzzFormat format, FuzzCase damaged, out string? refusal)
    {
        refusal = null;
        var before = GC.GetAllocatedBytesForCurrentThread();
        var peak = PeakMemory();
        string? problem = null;
        try
        {
            format.Read(damaged);
        }
        catch (Exception error) when (error is UserException { ExitCode: 2 or 3 })
        {
            refusal = error.Message;
            problem = Message(format, damaged, error.Message);
        }
        catch (Exception error)
        {
            problem = $"{error.GetType().Name}: {error}";
        }
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        if (allocated > format.Allocation)
        {
            problem ??= $"allocated {allocated:N0} bytes where {format.Allocation:N0} are allowed";
        }
        if (PeakMemory() - peak is > MostMemory and var more)
        {
            problem ??= $"took {more:N0} bytes of memory more than any case before";
        }
        problem ??= damaged.Bad.FirstOrDefault(bad => !bad.Origin.Contains(damaged.Folder, StringComparison.Ordinal)) is { } bad
            ? $"a bad record without its file: {bad}" : null;
        return problem ?? Left(damaged);
    }

    /// <summary>The most memory that the process has ever held (VmHWM), bytes; 0 where /proc does not say.</summary>
    private static long PeakMemory()
    {
        const string Key = "VmHWM:";
        var line = File.Exists("/proc/self/status")
            ? File.ReadLines("/proc/self/status").FirstOrDefault(line => line.StartsWith(Key, StringComparison.Ordinal)) : null;
        return line is null ? 0 : long.Parse(line.AsSpan(Key.Length).Trim(" \tkB"), CultureInfo.InvariantCulture) << 10;
    }

    private static string? Message(FuzzFormat format, FuzzCase damaged, string message)
    {
        if (!message.Contains(damaged.Folder, StringComparison.Ordinal) && !message.Contains(damaged.Output, StringComparison.Ordinal))
        {
            return $"the message names no file: {message}";
        }
        var rest = message.Replace(damaged.Path, "", StringComparison.Ordinal);
        return format.Place?.IsMatch(rest) == false ? $"the message names no place: {message}" : null;
    }

    private static string? Left(FuzzCase damaged)
    {
        var files = Directory.EnumerateFiles(damaged.Folder, "*", SearchOption.AllDirectories)
            .Concat(Directory.Exists(damaged.Output) ? Directory.EnumerateFiles(damaged.Output, "*", SearchOption.AllDirectories) : []);
        return files.FirstOrDefault(file => Unfinished.Any(ending => file.EndsWith(ending, StringComparison.Ordinal))) is { } left
            ? $"left {left} behind" : null;
    }
}
