namespace Llm2Clip.Reporting.Comparison;

/// <summary>Runs that differ in nothing but their seeds, and what they came to on average.</summary>
/// <param name="Name">What tables call it: the settings that make it different, or its folder.</param>
/// <param name="Runs">At least one.</param>
internal sealed record RunGroup(string Name, IReadOnlyList<ComparedRun> Runs)
{
    /// <summary>Settings that a name may hold; with more of them the folder is the name.</summary>
    private const int MostSettings = 3;

    /// <summary>Settings that the runs share; null where none are known.</summary>
    public RunSettings? Settings => Runs[0].Settings;

    /// <summary>Takes together the runs that differ in their seeds alone, in the order in which they were named.</summary>
    public static IReadOnlyList<RunGroup> Of(IReadOnlyList<ComparedRun> runs)
    {
        var groups = new List<List<ComparedRun>>();
        foreach (var run in runs)
        {
            var same = groups.Find(group => IsSame(group[0], run));
            if (same is null)
            {
                groups.Add([run]);
            }
            else
            {
                same.Add(run);
            }
        }
        return Named(groups);
    }

    /// <summary>The seeds of the runs, such as <c>0, 1, 2</c>; empty where they do not differ.</summary>
    public string Seeds()
    {
        List<RunSettings> settings = [.. Runs.Select(run => run.Settings).OfType<RunSettings>()];
        var keys = RunSettings.DifferingSeeds(settings);
        return keys.Count == 0 ? "" : string.Join(", ", settings.Select(one => string.Join(
            "/", keys.Select(key => one.Values.GetValueOrDefault(key, "")).Distinct())));
    }

    /// <summary>Mean and sample standard deviation (n - 1; 0 of one) of the numbers; both NaN where a run has none.</summary>
    public static (double Mean, double Deviation) Statistics(IReadOnlyList<double> values)
    {
        if (values.Count == 0)
        {
            return (double.NaN, double.NaN);
        }
        var mean = values.Average();
        var deviation = values.Count == 1 ? 0 : Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / (values.Count - 1));
        return (mean, deviation);
    }

    /// <summary>The runs' values of one number of a line; of runs that lack it, none.</summary>
    public IReadOnlyList<double> Values((string, string, string, string) key, string metric) =>
    [
        .. Runs.Select(run => run.Scores.FirstOrDefault(score => score.Key == key))
            .OfType<ComparedScore>().Select(score => score.Values.GetValueOrDefault(metric, double.NaN)).Where(double.IsFinite),
    ];

    private static bool IsSame(ComparedRun first, ComparedRun second) =>
        first.Settings is { } a && second.Settings is { } b && a.Matches(b)
        && RunSettings.DifferingSeeds([a, b]).Count > 0 // The same run before and after its training has the same seeds.
        && first.Data.Count == second.Data.Count && first.Data.All(pair => second.Data.GetValueOrDefault(pair.Key) == pair.Value);

    private static IReadOnlyList<RunGroup> Named(List<List<ComparedRun>> groups)
    {
        List<RunSettings> settings = [.. groups.Select(group => group[0].Settings).OfType<RunSettings>()];
        var keys = settings.Count == groups.Count ? RunSettings.Differing(settings) : [];
        var byKey = keys.Count is > 0 and <= MostSettings ? groups.ConvertAll(group => ByKeys(group[0].Settings!, keys)) : [];
        var isClear = byKey.Count > 0 && byKey.Distinct(StringComparer.Ordinal).Count() == groups.Count;
        var folders = Shortened(groups.ConvertAll(group => group[0].Folder));
        return [.. groups.Select((group, i) => new RunGroup(isClear ? byKey[i] : folders[i], group))];
    }

    private static string ByKeys(RunSettings settings, IReadOnlyList<string> keys)
    {
        var isClear = keys.Select(Last).Distinct(StringComparer.Ordinal).Count() == keys.Count;
        return string.Join(", ", keys.Select(key => $"{(isClear ? Last(key) : key)}={settings.Values.GetValueOrDefault(key, "-")}"));

        static string Last(string key) => key[(key.LastIndexOf('.') + 1)..];
    }

    /// <summary>The folders without the parents that all of them share.</summary>
    private static List<string> Shortened(List<string> folders)
    {
        var parts = folders.ConvertAll(folder => folder.Split('/', StringSplitOptions.RemoveEmptyEntries));
        var shared = 0;
        while (folders.Count > 1 && parts.TrueForAll(path => path.Length > shared + 1 && path[shared] == parts[0][shared]))
        {
            shared++;
        }
        return shared == 0 ? folders : parts.ConvertAll(path => string.Join('/', path[shared..]));
    }
}
