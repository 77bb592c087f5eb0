namespace Llm2Clip.Bench;

/// <summary>Entry point: <c>llm2clip-bench NAME</c> runs one benchmark and prints its ratios; without a name it lists them.</summary>
public static class Program
{
    /// <summary>Benchmarks by name, one file each in this folder.</summary>
    private static readonly SortedDictionary<string, Func<string[], int>> Benchmarks = new(StringComparer.Ordinal)
    {
        ["data"] = DataBench.Run,
        ["retrieval"] = RetrievalBench.Run,
        ["store"] = StoreBench.Run,
        ["student"] = StudentBench.Run,
        ["teacher"] = TeacherThroughput.Run,
        ["torch-ops"] = TorchOverhead.Run,
    };

    public static int Main(string[] args)
    {
        if (args.Length > 0 && Benchmarks.TryGetValue(args[0], out var run))
        {
            return run(args[1..]);
        }
        Console.WriteLine("Usage: llm2clip-bench NAME [ARGS]. Benchmarks: " + string.Join(", ", Benchmarks.Keys));
        return args.Length == 0 ? 0 : 2;
    }
}
