using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Llm2Clip.Tests.Fuzzing;

/// <summary>
/// Runs cases of a format in child processes with limits on memory and on the time that one case may take: where a reader ends the process,
/// hangs or
/// takes all memory, the case is known by its number, and another child goes on behind it.
/// </summary>
internal sealed class FuzzRun(FuzzFormat format, ulong seed)
{
    /// <summary>More than any case takes on a busy machine; a hang is for ever.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Private writable memory of a child, KB: libtorch, libllama and the runtime take some 500 MB of it.</summary>
    private const int DataLimitKb = 3 << 20;

    /// <summary>Limit of the managed heap, bytes in hexadecimal: 1 GB.</summary>
    private const string HeapLimit = "40000000";

    /// <summary>This program's own executable, however it was started.</summary>
    private static readonly string Program = Path.Combine(AppContext.BaseDirectory, typeof(FuzzRun).Assembly.GetName().Name!);

    private const int MaxFindings = 12;

    private readonly List<FuzzFinding> _findings = [];

    /// <summary>Cases that were read, and that were refused.</summary>
    public (long Read, long Refused) Counts { get; private set; }

    /// <summary>Failing cases.</summary>
    public IReadOnlyList<FuzzFinding> Findings => _findings;

    /// <summary>Runs the cases from <paramref name="first"/> on, until all are done or there are a dozen findings.</summary>
    public void Cases(long first, long count, CancellationToken cancellation)
    {
        for (var from = first; from < first + count && _findings.Count < MaxFindings;)
        {
            var root = Directory.CreateDirectory(Path.Combine(Roots, $"llm2clip-fuzz-{format.Name}-{Guid.NewGuid():N}")).FullName;
            try
            {
                from = Child(root, from, first + count, cancellation);
            }
            finally
            {
                Directory.Delete(root, recursive: true);
            }
        }
    }

    /// <summary>What failed and how to repeat it.</summary>
    public string Report() => string.Join("\n\n", _findings.Select(finding =>
        $"{format.Name}, seed {seed}, case {finding.Number}: {finding.Problem}\n  repeat: {Program} {FuzzChild.Verb} {format.Name} {seed} {finding.Number}\n  saved: {Save(finding)}"));

    /// <summary>Memory where there is some: each case writes two small files.</summary>
    private static string Roots => Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath();

    private string Save(FuzzFinding finding)
    {
        var path = Path.Combine(Directory.CreateDirectory(Path.Combine(Path.GetTempPath(), "llm2clip-fuzz")).FullName,
            $"{format.Name}-{seed}-{finding.Number}.bin");
        File.WriteAllBytes(path, finding.Damaged);
        return path;
    }

    /// <summary>Runs a child; returns the case at which to go on.</summary>
    private long Child(string root, long from, long to, CancellationToken cancellation)
    {
        using var child = Start(root, from, to);
        var (output, errors) = (child.StandardOutput.ReadToEndAsync(cancellation), child.StandardError.ReadToEndAsync(cancellation));
        var ended = Watch(child, root, from);
        foreach (var line in output.GetAwaiter().GetResult().Split('\n').Where(line => line.StartsWith('{')))
        {
            _findings.Add(JsonSerializer.Deserialize<FuzzFinding>(line)!);
        }
        var (at, read, refused) = Progress(root) ?? (from, 0, 0);
        Counts = (Counts.Read + read, Counts.Refused + refused);
        if (_findings.Exists(finding => finding.Number < 0))
        {
            return to;
        }
        if (ended is null && child.ExitCode == 0)
        {
            return at;
        }
        _findings.Add(new FuzzFinding(at,
            $"{ended ?? $"the process ended with {child.ExitCode}"}: {Tail(errors.GetAwaiter().GetResult())}", DamagedFile(root)));
        return at + 1;
    }

    private Process Start(string root, long from, long to)
    {
        var start = new ProcessStartInfo("/bin/sh") { RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add($"ulimit -c 0; ulimit -d {DataLimitKb}; exec \"$@\"");
        start.ArgumentList.Add("sh");
        foreach (var argument in new[] { Program, FuzzChild.Verb, format.Name, Text((long)seed), Text(from), Text(to), root })
        {
            start.ArgumentList.Add(argument);
        }
        start.Environment["DOTNET_GCHeapHardLimit"] = HeapLimit;
        start.Environment["DOTNET_DbgEnableMiniDump"] = "0";
        start.Environment["TMPDIR"] = root;
        return Process.Start(start)!;
    }

    /// <summary>Waits for the end; null where the child ended by itself, else why it was ended.</summary>
    private static string? Watch(Process child, string root, long from)
    {
        var (last, since) = (from - 1, Stopwatch.StartNew());
        while (!child.WaitForExit(200))
        {
            var at = Progress(root)?.At ?? from - 1;
            if (at != last)
            {
                (last, since) = (at, Stopwatch.StartNew());
            }
            else if (since.Elapsed > Patience)
            {
                child.Kill(entireProcessTree: true);
                child.WaitForExit();
                return $"took longer than {Patience.TotalSeconds} seconds";
            }
        }
        return null;
    }

    private static (long At, long Read, long Refused)? Progress(string root)
    {
        var path = Path.Combine(root, FuzzChild.ProgressFile);
        var bytes = new byte[FuzzChild.ProgressBytes];
        if (!File.Exists(path))
        {
            return null;
        }
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        return RandomAccess.Read(file, bytes, 0) < bytes.Length
            ? null
            : (BinaryPrimitives.ReadInt64LittleEndian(bytes), BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(8)),
                BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(16)));
    }

    /// <summary>What the child that ended had written last: the damaged file.</summary>
    private static byte[] DamagedFile(string root) =>
        Directory.EnumerateFiles(Path.Combine(root, "in"), "*", SearchOption.AllDirectories).OrderByDescending(File.GetLastWriteTimeUtc)
            .Select(File.ReadAllBytes).FirstOrDefault() ?? [];

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Tail(string text) => text.Length > 3000 ? text[..1500] + " [...] " + text[^1500..] : text;
}
