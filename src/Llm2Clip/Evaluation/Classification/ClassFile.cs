using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Llm2Clip.Files;

namespace Llm2Clip.Evaluation.Classification;

/// <summary>A class: what labels call it, and its names in each language, of which several mean the same.</summary>
internal sealed record NamedClass(string Id, IReadOnlyDictionary<string, IReadOnlyList<string>> Names);

/// <summary>
/// A file of classes, as JSON: <c>{"templates": {"en": ["a photo of a {}."]}, "classes": [{"id": "n02123045", "names": {"en": ["tabby
/// cat"]}}]}</c>. <c>{}</c> in a template is replaced by a name. Every class has a name in every language that has templates. A text
/// <c>source</c> and a text <c>license</c> say where names and templates come from.
/// </summary>
internal sealed class ClassFile
{
    /// <summary>What a name takes the place of.</summary>
    private const string Place = "{}";

    private readonly string _path;
    private readonly Dictionary<string, IReadOnlyList<string>> _templates;
    private readonly Dictionary<string, int> _numbers = new(StringComparer.Ordinal);

    private ClassFile(string path, Dictionary<string, IReadOnlyList<string>> templates, List<NamedClass> classes)
    {
        (_path, _templates, Classes) = (path, templates, classes);
        for (var i = 0; i < classes.Count; i++)
        {
            _numbers.TryAdd(classes[i].Id, i);
        }
    }

    /// <summary>The classes, in the file's order.</summary>
    public IReadOnlyList<NamedClass> Classes { get; }

    /// <summary>Languages that prompts can be made in, in the file's order.</summary>
    public IReadOnlyList<string> Languages => [.. _templates.Keys];

    /// <summary>Reads a file. Throws <see cref="InputException"/>, naming all that is wrong with it.</summary>
    public static ClassFile Read(string path)
    {
        const int MostNamed = 10;
        var json = JsonKeys.ReadObject(path, "a file of classes (docs/evaluation.md)");
        var problems = new List<string>();
        problems.AddRange(json.Select(pair => pair.Key).Except(["source", "license", "templates", "classes"]).Select(key =>
            $"{key} is not a known key; there are templates, classes, source and license"));
        var templates = Texts(json["templates"], "templates", problems);
        foreach (var (language, texts) in templates)
        {
            problems.AddRange(texts.Where(text => !text.Contains(Place, StringComparison.Ordinal)).Select(text =>
                $"templates.{language}: \"{text}\" has no {Place} for the name of the class"));
        }
        var classes = ReadClasses(json["classes"], problems);
        foreach (var language in templates.Keys)
        {
            problems.AddRange(classes.Where(entry => !entry.Names.ContainsKey(language)).Select(entry =>
                $"class {entry.Id} has no name in {language}, which templates has"));
        }
        foreach (var language in classes.SelectMany(entry => entry.Names.Keys).Distinct().Except(templates.Keys))
        {
            problems.Add($"names has the language {language}, which templates has not");
        }
        problems.AddRange(classes.GroupBy(entry => entry.Id).Where(group => group.Count() > 1).Select(group =>
            $"the id {group.Key} occurs {group.Count()} times"));
        if (problems.Count > 0)
        {
            var rest = problems.Count > MostNamed ? $"\n  and {problems.Count - MostNamed} more" : "";
            throw new InputException(
                $"{path} is no file of classes:{string.Concat(problems.Take(MostNamed).Select(problem => "\n  " + problem))}{rest}");
        }
        return new ClassFile(path, templates, classes);
    }

    /// <summary>
    /// The languages that are asked for, all where none is. Throws <see cref="ConfigException"/> where the file lacks one.
    /// </summary>
    public IReadOnlyList<string> Chosen(IReadOnlyList<string> languages)
    {
        var unknown = languages.Except(Languages).ToList();
        return unknown.Count > 0
            ? throw new ConfigException(
                $"eval_zeroshot.languages names {string.Join(", ", unknown)}, but {_path} has names and templates in "
                + $"{string.Join(", ", Languages)}: add {string.Join(", ", unknown)} to it, or leave it out.")
            : languages.Count > 0 ? languages : Languages;
    }

    /// <summary>
    /// Number of the class that a label means: its id, else, where no class has such an id, a number from 0; -1 for none.
    /// </summary>
    public int Find(string label) => _numbers.TryGetValue(label, out var number) ? number
        : int.TryParse(label, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number < Classes.Count ? number
        : -1;

    /// <summary>
    /// Numbers of the classes that labels mean. Throws <see cref="InputException"/> where there are labels that mean none.
    /// </summary>
    public int[] Find(IReadOnlyList<string> labels, string data)
    {
        int[] found = [.. labels.Select(Find)];
        var unknown = labels.Where((_, i) => found[i] < 0).ToList();
        return unknown.Count == 0
            ? found
            : throw new InputException(
                $"{data}: {unknown.Count} of {labels.Count} images have a label that is no class of {_path}, such as "
                + $"{string.Join(", ", unknown.Distinct().Take(5))}. Its ids are {string.Join(", ",
                    Classes.Take(3).Select(entry => entry.Id))}"
                + $"{(Classes.Count > 3 ? ", ..." : "")}, or the numbers 0 to {Classes.Count - 1}.");
    }

    /// <summary>Every template with every name of a class.</summary>
    public IReadOnlyList<string> Prompts(int number, string language) =>
    [
        .. from template in _templates[language]
           from name in Classes[number].Names[language]
           select template.Replace(Place, name, StringComparison.Ordinal),
    ];

    private static List<NamedClass> ReadClasses(JsonNode? node, List<string> problems)
    {
        var classes = new List<NamedClass>();
        if (node is not JsonArray { Count: > 0 } array)
        {
            problems.Add("classes is not a list of {\"id\": ..., \"names\": {...}}, or is empty");
            return classes;
        }
        for (var i = 0; i < array.Count; i++)
        {
            if (array[i] is not JsonObject entry || entry["id"] is not JsonValue value || Id(value) is not { Length: > 0 } id)
            {
                problems.Add($"classes.{i} has no id, a text");
                continue;
            }
            problems.AddRange(entry.Select(pair =>
                pair.Key).Except(["id", "names"]).Select(key => $"classes.{i}.{key} is not a known key"));
            classes.Add(new NamedClass(id, Texts(entry["names"], $"classes.{i}.names", problems)));
        }
        return classes;
    }

    private static string? Id(JsonValue value) => value.GetValueKind() switch
    {
        JsonValueKind.String => value.GetValue<string>(),
        JsonValueKind.Number => value.ToJsonString(),
        _ => null,
    };

    /// <summary>Texts by language; each a text or a list of texts.</summary>
    private static Dictionary<string, IReadOnlyList<string>> Texts(JsonNode? node, string name, List<string> problems)
    {
        var found = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        if (node is not JsonObject { Count: > 0 } json)
        {
            problems.Add($"{name} is not an object of texts by language, such as {{\"en\": [\"...\"]}}");
            return found;
        }
        foreach (var (language, value) in json)
        {
            var texts = value is JsonArray list ? [.. list] : new List<JsonNode?> { value };
            if (texts.Count == 0 || texts.Any(text => text?.GetValueKind() != JsonValueKind.String
                || text.GetValue<string>().Trim().Length == 0))
            {
                problems.Add($"{name}.{language} is not a text or a list of texts");
                continue;
            }
            found[language] = [.. texts.Select(text => text!.GetValue<string>().Trim())];
        }
        return found;
    }
}
