using System.Globalization;
using System.Runtime.Intrinsics.X86;
using Llm2Clip.Runtime;

namespace Llm2Clip.Bench;

/// <summary>
/// <c>Llm2Clip.Bench ROOT [NAME...]</c> makes figures (all, or those named), prints them, and writes them to docs/benchmarks.md.
/// <c>Llm2Clip.Bench study NAME [ARGS]</c> runs one of the measurements that explain choices.
/// </summary>
public static class Program
{
    private const string Model = "../shared/models/gemma-3-270m-latin-zh-q5_0.gguf";
    private const string Captions = "../shared/data/flickr8k/flickr8k-val-00000.tar";
    private const string Shards = "../shared/data/flickr8k/flickr8k-train-*.tar";
    private const string Vocabulary = "../shared/golden/tokenizer";
    private const string Photos = "../shared/golden/images";

    /// <summary>The figures in the order of the table.</summary>
    private static readonly (string Name, Func<string, IEnumerable<Figure>> Measure)[] Figures =
    [
        ("student", _ => StudentFigure.Measure()),
        ("resnet", _ => ResNetFigure.Measure()),
        ("teacher", root => TeacherFigure.Measure(Path.Combine(root, Model), Path.Combine(root, Captions))),
        ("tensors", root => TensorsFigure.Measure(Path.Combine(root, Model), Path.Combine(root, Captions))),
        ("lora", root => LoraFigure.Measure(Path.Combine(root, Model), Path.Combine(root, Captions))),
        ("lorastep", root => LoraStepFigure.Measure(Path.Combine(root, Model), Path.Combine(root, Shards))),
        ("jpeg", root => JpegFigure.Measure(Path.Combine(root, Photos))),
        ("parquet", _ => ParquetFigure.Measure()),
        ("gather", _ => GatherFigure.Measure()),
        ("recall", _ => RecallFigure.Measure()),
        ("memory", _ => MemoryFigure.Measure()),
        ("micro", _ => MicroBatchFigure.Measure()),
        ("wait", root => WaitFigure.Measure(Path.Combine(root, Shards))),
        ("queue", _ => QueueFigure.Measure()),
        ("batch", _ => LargeBatchFigure.Measure()),
        ("pcm", _ => PcmFigure.Measure()),
        ("text", root => TextTowerFigure.Measure(Path.Combine(root, Captions), Path.Combine(root, Vocabulary))),
        ("checkpoint", _ => CheckpointFigure.Measure()),
        ("start", StartFigure.Measure),
        ("serve", ServeFigure.Measure),
        ("setup", SetUpFigure.Measure),
    ];

    /// <summary>Measurements that print what they find.</summary>
    private static readonly SortedDictionary<string, Func<string[], int>> Studies = new(StringComparer.Ordinal)
    {
        ["data"] = DataBench.Run,
        ["plain"] = StudentFigure.Trial,
        ["queue"] = QueueFigure.Trial,
        ["resnet"] = ResNetFigure.Trial,
        ["student"] = StudentFigure.Alone,
        ["teacher"] = TeacherThroughput.Run,
    };

    public static int Main(string[] args)
    {
        switch (args)
        {
            case ["nothing"]:
                return 0;
            case [PlainSide.Argument, var setup]:
                return PlainSide.Run(setup);
            case [LargeBatchFigure.Argument, var size]:
                return LargeBatchFigure.Run(size);
            case [LoraStepFigure.Argument, var model, var pattern, var images]:
                return LoraStepFigure.Run(model, pattern, images);
            case ["recall-run"]:
                RecallFigure.Run();
                return 0;
            case ["study", var name, .. var rest] when Studies.TryGetValue(name, out var study):
                return study(rest);
            case [var root, .. var chosen] when Directory.Exists(root) && chosen.All(name => Figures.Any(figure => figure.Name == name)):
                return Make(root, chosen);
            default:
                var names = string.Join(", ", Figures.Select(figure => figure.Name));
                Console.WriteLine($"Usage: bench/run [NAME...], of {names};");
                Console.WriteLine($"       bench/run study NAME [ARGS], of {string.Join(", ", Studies.Keys)}.");
                return 2;
        }
    }

    private static int Make(string root, string[] names)
    {
        CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
        var day = DateOnly.FromDateTime(DateTime.UtcNow);
        var page = Path.Combine(root, "docs/benchmarks.md");
        foreach (var (name, measure) in Figures.Where(figure => names.Length == 0 || names.Contains(figure.Name)))
        {
            var made = measure(root).ToList();
            made.ForEach(figure => Console.WriteLine(FigureTable.Row(figure, day)));
            // After each, so that what was measured stays where a later one fails.
            string[] order = [.. Figures.Select(figure => figure.Name)];
            File.WriteAllText(page, FigureTable.Update(File.ReadAllText(page), made, order, Machine(), day));
        }
        return 0;
    }

    private static string Machine()
    {
        var model = File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal));
        var cpu = model?.Split(':')[^1].Trim() ?? "unknown processor";
        var vectors = Avx512F.IsSupported ? "AVX-512" : Avx2.IsSupported ? "AVX2" : "no AVX2";
        var facts = RuntimeFacts.Examine();
        var versions = facts.Components.Where(part => part.Version is not null).Select(part => $"{part.Name} {part.Version}");
        return $"{Environment.ProcessorCount} cores of {cpu} ({vectors}), .NET {Environment.Version}, {string.Join(", ", versions)}.";
    }
}
