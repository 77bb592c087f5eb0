using System.Text.Json.Nodes;

namespace Llm2Clip.Configuration;

/// <summary>
/// Reads a YAML run file into an immutable record and prints it back. The record is the schema: each public property with a
/// setter is a key, written in snake_case; its initial value is the default, <c>[Description]</c> its comment, <c>[Range]</c>
/// its bounds, and <c>required</c> makes it mandatory. Nested records are sections. Paths in a run file are relative to the
/// current directory, like those on the command line; environment variables are not expanded.
/// </summary>
public static class ConfigBinder
{
    /// <summary>
    /// Reads <paramref name="path"/> (null: defaults alone), applies the overrides in order (<c>path.to.key=value</c>, the value
    /// being YAML), and checks everything. Throws <see cref="ConfigException"/> that names all problems at once, each with file
    /// and line, key and what to do.
    /// </summary>
    public static T Load<T>(string? path, IEnumerable<string>? overrides = null)
        where T : class
    {
        if (path is not null && !File.Exists(path))
        {
            throw new ConfigException($"The run file {path} does not exist (current directory: {Directory.GetCurrentDirectory()}).");
        }
        return Parse<T>(path is null ? "" : File.ReadAllText(path), path ?? "--set", overrides);
    }

    /// <summary>Like <see cref="Load{T}"/>, from a text; <paramref name="name"/> is what messages call it.</summary>
    public static T Parse<T>(string yaml, string name, IEnumerable<string>? overrides = null)
        where T : class
    {
        var problems = new ConfigProblems();
        var root = YamlReader.Read(yaml, name, problems);
        foreach (var assignment in overrides ?? [])
        {
            ConfigOverride.Apply(root, assignment, problems);
        }
        var value = new ConfigReader(typeof(T), problems).Read(root);
        problems.ThrowIfAny(name);
        return (T)value;
    }

    /// <summary>
    /// The whole record as YAML that <see cref="Parse{T}"/> reads back to the same values: every key with its value in effect
    /// and, unless <paramref name="comments"/> is false, what it means, its bounds and choices.
    /// </summary>
    public static string Print<T>(T config, bool comments = true)
        where T : class => new ConfigPrinter(comments).Print(config);

    /// <summary>The same with what empty keys come to, by the path of the key, in front of their comments.</summary>
    internal static string Print<T>(T config, IReadOnlyDictionary<string, string> effective)
        where T : class => new ConfigPrinter(comments: true, effective).Print(config);

    /// <summary>The whole record as JSON, with the keys and values of a run file.</summary>
    internal static JsonObject ToJson<T>(T config)
        where T : class => ConfigJson.Of(config);

    /// <summary>The override that gives a key this very text, whatever characters it holds.</summary>
    public static string Assignment(string key, string text) => $"{key}={ConfigPrinter.Quote(text)}";

    /// <summary>The override that makes a key the list of these texts.</summary>
    public static string ListAssignment(string key, IEnumerable<string> items) =>
        $"{key}=[{string.Join(", ", items.Select(ConfigPrinter.Quote))}]";

    /// <summary>The override that makes a key the mapping of these names to these values.</summary>
    public static string MapAssignment(string key, IEnumerable<(string Name, string Value)> entries) =>
        $"{key}={{{string.Join(", ", entries.Select(entry => $"{ConfigPrinter.Quote(entry.Name)}: {ConfigPrinter.Quote(entry.Value)}"))}}}";

    /// <summary>The override that makes a key the mapping of these names to these lists of texts.</summary>
    public static string MapAssignment(string key, IEnumerable<(string Name, IReadOnlyList<string> Values)> entries)
    {
        var lists = entries.Select(entry =>
            $"{ConfigPrinter.Quote(entry.Name)}: [{string.Join(", ", entry.Values.Select(ConfigPrinter.Quote))}]");
        return $"{key}={{{string.Join(", ", lists)}}}";
    }

    /// <summary>
    /// The value of a key that has no useful default. Throws <see cref="ConfigException"/>, saying how to set it, where it is empty.
    /// </summary>
    /// <param name="value">The value.</param>
    /// <param name="key">Path of the key.</param>
    /// <param name="what">What it names, for the message.</param>
    public static string Required(string value, string key, string what)
    {
        Require((value, key, what));
        return value;
    }

    /// <summary>The same for several keys: all that are empty are named at once.</summary>
    public static void Require(params ReadOnlySpan<(string Value, string Key, string What)> keys)
    {
        var empty = new List<string>();
        foreach (var (value, key, what) in keys)
        {
            if (value.Length == 0)
            {
                empty.Add($"{key} is empty: name {what}, in the run file or with --set {key}=...");
            }
        }
        if (empty.Count > 0)
        {
            throw new ConfigException(empty.Count == 1 ? empty[0] : $"{empty.Count} keys are missing\n  " + string.Join("\n  ", empty));
        }
    }
}
