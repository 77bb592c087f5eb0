using System.Buffers.Binary;
using System.Text.Json;
using Microsoft.Win32.SafeHandles;

namespace Llm2Clip.Tests.Fuzzing;

/// <summary>
/// The process that runs cases: <c>Llm2Clip.Tests fuzz FORMAT SEED FROM TO FOLDER</c> for <see cref="FuzzRun"/>, which watches it, and
/// <c>Llm2Clip.Tests fuzz FORMAT SEED CASE</c> to repeat a case by hand, without limits and with all that is known about it.
/// </summary>
internal static class FuzzChild
{
    public const string Verb = "fuzz";
    public const string ProgressFile = "progress";

    /// <summary>Case number, cases read, cases refused, as 64-bit numbers.</summary>
    public const int ProgressBytes = 24;

    public static int Start(string[] args)
    {
        var (format, seed) = (FuzzFormats.ByName(args[0]), ulong.Parse(args[1]));
        if (args.Length == 3)
        {
            return Repeat(format, seed, long.Parse(args[2]));
        }
        Run(format, seed, long.Parse(args[2]), long.Parse(args[3]), args[4]);
        return 0;
    }

    private static int Repeat(FuzzFormat format, ulong seed, long number)
    {
        var root = Directory.CreateTempSubdirectory("llm2clip-fuzz-").FullName;
        var outcome = new FuzzBench(format, seed, root).Case(number, Console.WriteLine);
        Console.WriteLine(outcome.Problem
            ?? (outcome.Refusal is null ? "read without complaint" : "refused as it must be: " + outcome.Refusal));
        if (outcome.Damaged.Length > 0)
        {
            File.WriteAllBytes(Path.Combine(root, "damaged"), outcome.Damaged);
            Console.WriteLine($"The damaged bytes, as small as they were made: {root}/damaged");
        }
        return outcome.Problem is null ? 0 : 1;
    }

    private static void Run(FuzzFormat format, ulong seed, long from, long to, string root)
    {
        using var progress = File.OpenHandle(Path.Combine(root, ProgressFile), FileMode.Create, FileAccess.Write, FileShare.ReadWrite);
        var bench = new FuzzBench(format, seed, root);
        if (bench.CheckValid() is { } unfit)
        {
            Report(-1, unfit, []);
            return;
        }
        long read = 0, refused = 0;
        for (var number = from; number < to; number++)
        {
            Note(progress, number, read, refused);
            var outcome = bench.Case(number);
            if (outcome.Problem is not null)
            {
                Report(number, outcome.Problem, outcome.Damaged);
            }
            (read, refused) = outcome.Refusal is null ? (read + 1, refused) : (read, refused + 1);
        }
        Note(progress, to, read, refused);
    }

    private static void Note(SafeFileHandle progress, long number, long read, long refused)
    {
        Span<byte> bytes = stackalloc byte[ProgressBytes];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, number);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[8..], read);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[16..], refused);
        RandomAccess.Write(progress, bytes, 0);
    }

    private static void Report(long number, string problem, byte[] damaged) =>
        Console.Out.WriteLine(JsonSerializer.Serialize(new FuzzFinding(number, problem, damaged.Length <= 1 << 20 ? damaged : [])));
}

/// <summary>A failing case; number -1 stands for valid files that are refused.</summary>
internal sealed record FuzzFinding(long Number, string Problem, byte[] Damaged);
