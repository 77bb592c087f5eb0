using System.Globalization;
using Llm2Clip.Configuration;
using Llm2Clip.Files;

namespace Llm2Clip.Evaluation.Classification;

/// <summary>A class: its id, which labels and folders name, and its names in each language, of which several mean the same.</summary>
internal sealed record NamedClass(string Id, IReadOnlyDictionary<string, IReadOnlyList<string>> Names)
{
    /// <summary>The name that tables show: the first in a language.</summary>
    public string Shown(string language) => Names[language][0];
}

/// <summary>
/// Classes and prompt templates, each in any number of languages, from a YAML or JSON file:
/// <c>templates: {en: ["a photo of a {}."]}</c> and <c>classes: {n02123045: {en: tabby cat, de: [Tigerkatze, getigerte Katze]}}</c>. The
/// order of the classes is that of their numbers. Templates may lie in a file of their own.
/// </summary>
internal sealed class ClassFile
{
    /// <summary>What a name takes the place of in a template.</summary>
    public const string Place = "{}";

    private const int MostNamed = 10;
    private const string Expected = "a file of classes is a mapping with `classes`, their names by language, and `templates`";
    private static readonly string[] Notes = ["source", "license"];

    private readonly string _path;
    private readonly Dictionary<string, IReadOnlyList<string>> _templates = new(StringComparer.Ordinal);
    private readonly OrderedDictionary<string, NamedClass> _classes = new(StringComparer.Ordinal);

    private ClassFile(string path) => _path = path;

    /// <summary>The classes, in the order of their numbers.</summary>
    public IReadOnlyList<NamedClass> Classes => _classes.Values;

    /// <summary>
    /// Reads classes and templates. Throws <see cref="InputException"/>, naming all that is wrong, each with file and line.
    /// </summary>
    /// <param name="path">The classes.</param>
    /// <param name="templates">The templates; empty = they are in <paramref name="path"/> too.</param>
    public static ClassFile Read(string path, string templates = "")
    {
        var file = new ClassFile(path);
        Fill(path, (root, problems) =>
        {
            file.ReadClasses(root, problems);
            if (templates.Length == 0)
            {
                file.ReadTemplates(root, "give the prompts of each language, or name a file of templates beside this one", problems);
            }
        });
        if (templates.Length > 0)
        {
            Fill(templates, (root, problems) => file.ReadTemplates(root, "give the prompts of each language", problems));
        }
        return file;
    }

    /// <summary>
    /// The languages that prompts are made in: those that are asked for, else all that there are templates of. Throws
    /// <see cref="ConfigException"/> where one has no templates, <see cref="InputException"/> where a class has no name in one.
    /// </summary>
    public IReadOnlyList<string> Chosen(IReadOnlyList<string> asked)
    {
        var unknown = asked.Except(_templates.Keys).ToList();
        if (unknown.Count > 0)
        {
            throw new ConfigException(
                $"eval_zeroshot.languages names {string.Join(", ", unknown)}, but there are templates in "
                + $"{string.Join(", ", _templates.Keys)} alone ({_path}). Add templates and names in {string.Join(", ", unknown)}, or "
                + "leave the language out.");
        }
        IReadOnlyList<string> chosen = asked.Count > 0 ? [.. asked.Distinct()] : [.. _templates.Keys];
        foreach (var language in chosen)
        {
            var without = Classes.Where(entry => !entry.Names.ContainsKey(language)).Select(entry => entry.Id).ToList();
            if (without.Count > 0)
            {
                throw new InputException(
                    $"{_path}: {without.Count} of {Classes.Count} classes have no name in {language}, such as "
                    + $"{string.Join(", ", without.Take(5))}. Name them, or choose other languages with eval_zeroshot.languages.");
            }
        }
        return chosen;
    }

    /// <summary>
    /// Numbers of the classes that labels mean: all labels are ids, or else all are numbers, from 0. Throws <see cref="InputException"/>
    /// where some are neither, naming these.
    /// </summary>
    /// <param name="labels">The labels of a data set.</param>
    /// <param name="data">Its name.</param>
    public int[] Find(IReadOnlyList<string> labels, string data)
    {
        int[] ids = [.. labels.Select(_classes.IndexOf)];
        int[] numbers = [.. labels.Select(Number)];
        var found = Array.IndexOf(ids, -1) < 0 ? ids : Array.IndexOf(numbers, -1) < 0 ? numbers : null;
        if (found is not null)
        {
            return found;
        }
        // What was meant is what more of the labels are.
        var meant = ids.Count(id => id >= 0) >= numbers.Count(number => number >= 0) ? ids : numbers;
        var unknown = labels.Where((_, i) => meant[i] < 0).ToList();
        throw new InputException(
            $"{data}: {unknown.Count} of {labels.Count} images have a label that is no class of {_path}, such as "
            + $"{string.Join(", ", unknown.Distinct().Take(5))}. Labels are ids of its classes ({string.Join(", ", _classes.Keys.Take(3))}"
            + $"{(Classes.Count > 3 ? ", ..." : "")}) or their numbers, 0 to {Classes.Count - 1}. Add these classes to it, or "
            + "name other data.");
    }

    /// <summary>Every template with every name of a class.</summary>
    public IReadOnlyList<string> Prompts(int number, string language) =>
    [
        .. from template in _templates[language]
           from name in Classes[number].Names[language]
           select template.Replace(Place, name, StringComparison.Ordinal),
    ];

    /// <summary>
    /// Ids of classes whose prompts in a language are those of an earlier one too: no image can be told to be of one of them.
    /// </summary>
    public IReadOnlyList<(string Id, string Like)> Alike(string language)
    {
        var first = new Dictionary<string, string>(StringComparer.Ordinal);
        var alike = new List<(string, string)>();
        for (var number = 0; number < Classes.Count; number++)
        {
            var prompts = string.Join('\n', Prompts(number, language).Order(StringComparer.Ordinal));
            if (!first.TryAdd(prompts, Classes[number].Id))
            {
                alike.Add((Classes[number].Id, first[prompts]));
            }
        }
        return alike;
    }

    private int Number(string label) =>
        int.TryParse(label, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number < Classes.Count ? number : -1;

    private static void Fill(string path, Action<YamlMap, ConfigProblems> read)
    {
        string text;
        LfsPointer.Refuse(path);
        try
        {
            text = File.ReadAllText(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path} cannot be read as a file of classes: {error.Message}", error);
        }
        var problems = new ConfigProblems();
        var root = YamlReader.ReadMap(text, path, Expected, problems);
        if (problems.Count == 0)
        {
            foreach (var key in root.Items.Keys.Except(["classes", "templates", .. Notes]))
            {
                problems.Add(root.KeyOrigins[key], $"{key} is not a known key; there are classes, templates, source and license");
            }
            read(root, problems);
        }
        else if (text.Contains(Place, StringComparison.Ordinal) && problems.Text(path).Contains("not YAML", StringComparison.Ordinal))
        {
            problems.Add(path, $"within brackets a template needs quotes, such as [\"a photo of a {Place}.\"]");
        }
        if (problems.Count > 0)
        {
            throw new InputException(problems.Text(path, MostNamed));
        }
    }

    private void ReadTemplates(YamlMap root, string remedy, ConfigProblems problems)
    {
        if (root.Items.GetValueOrDefault("templates") is not { } templates)
        {
            problems.Add(root.Origin, $"templates is missing: {remedy}, such as templates: {{en: [\"a photo of a {Place}.\"]}}");
            return;
        }
        foreach (var (language, texts) in ReadTexts(templates, "templates", "[\"a photo of a {}.\"]", problems))
        {
            foreach (var text in texts.Where(text => !text.Text.Contains(Place, StringComparison.Ordinal)))
            {
                problems.Add(text.Origin, $"templates.{language}: \"{text.Text}\" has no {Place}, where the name of the class goes");
            }
            _templates[language] = [.. texts.Select(text => text.Text)];
        }
    }

    private void ReadClasses(YamlMap root, ConfigProblems problems)
    {
        if (root.Items.GetValueOrDefault("classes") is not YamlMap { Items.Count: > 0 } classes)
        {
            problems.Add(
                root.Items.GetValueOrDefault("classes")?.Origin ?? root.Origin,
                "classes is not a mapping of ids to names by language, such as classes: {n02123045: {en: tabby cat}}");
            return;
        }
        foreach (var (id, names) in classes.Items)
        {
            var found = ReadTexts(names, $"classes.{id}", "tabby cat", problems);
            _classes.Add(id, new NamedClass(id, found.ToDictionary(
                entry => entry.Language, entry => (IReadOnlyList<string>)[.. entry.Texts.Select(text => text.Text)])));
        }
        if (classes.Items.Count == 1)
        {
            problems.Add(classes.Origin, $"there is one class, {_classes.GetAt(0).Key}: images can be told apart from two classes on");
        }
    }

    /// <summary>Texts by language; each a text or a list of texts.</summary>
    private static List<(string Language, List<YamlScalar> Texts)> ReadTexts(
        YamlValue value, string name, string example, ConfigProblems problems)
    {
        var found = new List<(string, List<YamlScalar>)>();
        if (value is not YamlMap { Items.Count: > 0 } map)
        {
            problems.Add(value.Origin, $"{name} is not a mapping of languages to texts, such as {{en: {example}}}");
            return found;
        }
        foreach (var (language, item) in map.Items)
        {
            var items = item is YamlList list ? list.Items : [item];
            if (items.Count == 0 || !items.TrueForAll(text => text is YamlScalar { IsNull: false } scalar && scalar.Text.Trim().Length > 0))
            {
                problems.Add(item.Origin, $"{name}.{language} is not a text or a list of texts, or one of them is empty");
                continue;
            }
            found.Add((language, items.ConvertAll(text => Trimmed((YamlScalar)text))));
        }
        return found;
    }

    private static YamlScalar Trimmed(YamlScalar text) => text with { Text = text.Text.Trim() };
}
