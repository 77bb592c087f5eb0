using Llm2Clip.Configuration;

namespace Llm2Clip.Reporting.Comparison;

/// <summary>
/// The settings of a run, one text per key, out of the run file that its training left. It is read as it is: a run of an older version of
/// the program has other keys.
/// </summary>
internal sealed class RunSettings
{
    /// <summary>Stands for the run's own folder, so that runs in folders of their own do not differ by it.</summary>
    private const string OwnFolder = "(run)";

    /// <summary>Sections and keys that change no result.</summary>
    private static readonly string[] Unrelated = ["output", "compare", "sweep", "export", "inspect", "convert", "index", "search", "embed"];

    private RunSettings(IReadOnlyDictionary<string, string> values) => Values = values;

    /// <summary>Texts by the path of their key.</summary>
    public IReadOnlyDictionary<string, string> Values { get; }

    /// <summary>Reads a run file.</summary>
    /// <exception cref="InputException">It is no YAML.</exception>
    public static RunSettings Read(string file)
    {
        var problems = new ConfigProblems();
        var root = YamlReader.Read(File.ReadAllText(file), file, problems);
        try
        {
            problems.ThrowIfAny(file);
        }
        catch (ConfigException error)
        {
            throw new InputException(error.Message, error);
        }
        var values = new SortedDictionary<string, string>(StringComparer.Ordinal);
        Add(values, "", root);
        var own = values.GetValueOrDefault("output", "");
        return new RunSettings(values.ToDictionary(pair => pair.Key, pair => Placed(pair.Value, own)));
    }

    /// <summary>Whether a key only says where results go or by which seed they were drawn.</summary>
    public static bool IsCompared(string key) => !IsSeed(key) && !Unrelated.Contains(key.Split('.')[0])
        && !key.EndsWith(".output", StringComparison.Ordinal) && !key.EndsWith("feature_cache", StringComparison.Ordinal)
        && !key.EndsWith("raw_store", StringComparison.Ordinal);

    /// <summary>Whether a key is a seed.</summary>
    public static bool IsSeed(string key) =>
        key.EndsWith(".seed", StringComparison.Ordinal) || key.EndsWith("_seed", StringComparison.Ordinal);

    /// <summary>Whether two runs are the same but for their seeds.</summary>
    public bool Matches(RunSettings other) => Differing([this, other]).Count == 0;

    /// <summary>The keys, of those that count, in which some of the settings differ.</summary>
    public static IReadOnlyList<string> Differing(IReadOnlyList<RunSettings> settings) =>
        [.. Keys(settings, IsCompared)];

    /// <summary>The seeds in which some of the settings differ.</summary>
    public static IReadOnlyList<string> DifferingSeeds(IReadOnlyList<RunSettings> settings) => [.. Keys(settings, IsSeed)];

    private static IEnumerable<string> Keys(IReadOnlyList<RunSettings> settings, Func<string, bool> counts) =>
        settings.SelectMany(one => one.Values.Keys).Distinct(StringComparer.Ordinal).Where(counts)
            .Where(key => settings.Select(one => one.Values.GetValueOrDefault(key)).Distinct(StringComparer.Ordinal).Count() > 1)
            .Order(StringComparer.Ordinal);

    private static void Add(SortedDictionary<string, string> values, string path, YamlValue value)
    {
        switch (value)
        {
            case YamlMap map:
                foreach (var (key, below) in map.Items)
                {
                    Add(values, path.Length == 0 ? key : $"{path}.{key}", below);
                }
                break;
            case YamlList list when list.Items.All(item => item is YamlScalar):
                values[path] = $"[{string.Join(", ", list.Items.Cast<YamlScalar>().Select(item => item.Text))}]";
                break;
            case YamlList list:
                for (var i = 0; i < list.Items.Count; i++)
                {
                    Add(values, $"{path}.{i}", list.Items[i]);
                }
                break;
            case YamlScalar scalar:
                values[path] = scalar.IsNull ? "null" : scalar.Text;
                break;
        }
    }

    private static string Placed(string value, string own) =>
        own.Length > 0 && (value == own || value.StartsWith(own + "/", StringComparison.Ordinal)) ? OwnFolder + value[own.Length..] : value;
}
