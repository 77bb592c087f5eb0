using Llm2Clip.Evaluation.Classification;
using Llm2Clip.Tests.Data;

namespace Llm2Clip.Tests.Evaluation.Classification;

public sealed class ClassFileTests : IDisposable
{
    private const string Templates = "templates: {en: [\"a {}\"]}\n";

    private readonly DataFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private ClassFile Read(string text, string name = "classes.yaml")
    {
        File.WriteAllText(_folder[name], text);
        return ClassFile.Read(_folder[name]);
    }

    [Fact]
    public void NamesAndTemplatesInSeveralLanguages()
    {
        var file = Read("""
            source: by hand
            license: none
            templates:
              en: ["a photo of a {}.", "{}, as {} are."]
              zh: 一张{}的照片
            classes:
              n02: {en: [tabby cat, tabby], zh: 虎斑猫, fi: kissa}
              n01:
                en: dog
                zh: [狗]
            """);
        Assert.Equal(["n02", "n01"], file.Classes.Select(one => one.Id)); // the file's order
        Assert.Equal(["en", "zh"], file.Chosen([]));
        Assert.Equal(["zh"], file.Chosen(["zh", "zh"]));
        Assert.Equal("tabby cat", file.Classes[0].Shown("en"));
        Assert.Equal(
            ["a photo of a tabby cat.", "a photo of a tabby.", "tabby cat, as tabby cat are.", "tabby, as tabby are."],
            file.Prompts(0, "en"));
        Assert.Equal(["一张狗的照片"], file.Prompts(1, "zh"));
    }

    /// <summary>As Python's json.dump writes it: characters beyond ASCII by their numbers, those beyond 16 bits by two.</summary>
    [Fact]
    public void JsonIsTheSame()
    {
        var file = Read("""
            {"templates": {"zh": ["{}\/\u7684"]}, "classes": {"0": {"zh": "\u732b\ud83d\ude00"}, "1": {"zh": ["\u72d7 \"x\""]}}}
            """, "classes.json");
        Assert.Equal(["猫😀/的"], file.Prompts(0, "zh"));
        Assert.Equal(["狗 \"x\"/的"], file.Prompts(1, "zh"));
    }

    [Fact]
    public void TemplatesMayHaveAFileOfTheirOwn()
    {
        File.WriteAllText(_folder["t.yaml"], Templates);
        File.WriteAllText(_folder["c.yaml"], "templates: {de: [\"x {}\"]}\nclasses: {a: {en: cat}, b: {en: dog}}\n");
        var file = ClassFile.Read(_folder["c.yaml"], _folder["t.yaml"]);
        Assert.Equal(["en"], file.Chosen([]));
        Assert.Equal(["a cat"], file.Prompts(0, "en"));
    }

    [Fact]
    public void LabelsAreIdsOrNumbers()
    {
        var file = Read(Templates + "classes: {a: {en: x}, \"1\": {en: y}, b: {en: z}}");
        Assert.Equal([2, 1, 0], file.Find(["b", "1", "a"], "data"));
        Assert.Equal([2, 1, 0], file.Find(["2", "1", "000"], "data")); // not all are ids, so all are numbers
        Assert.Equal([1], file.Find(["1"], "data"));

        var error = Assert.Throws<InputException>(() => file.Find(["a", "b", "c", "d", "c"], "val-*.tar"));
        Assert.StartsWith("val-*.tar: 3 of 5 images have a label that is no class of ", error.Message, StringComparison.Ordinal);
        Assert.Contains(", such as c, d. Labels are ids of its classes (a, 1, b) or their numbers, 0 to 2.", error.Message,
            StringComparison.Ordinal);
        error = Assert.Throws<InputException>(() => file.Find(["0", "3", "2", "-1"], "x"));
        Assert.StartsWith("x: 2 of 4 images", error.Message, StringComparison.Ordinal);
        Assert.Contains("such as 3, -1.", error.Message, StringComparison.Ordinal);
        Assert.Throws<InputException>(() => file.Find(["a", "0"], "x")); // neither all ids nor all numbers
    }

    [Fact]
    public void ClassesOfTheSamePromptsAreNamed()
    {
        var file = Read(Templates + "classes: {a: {en: [missile, x]}, b: {en: dog}, c: {en: [x, missile]}}");
        Assert.Equal([("c", "a")], file.Alike("en"));
    }

    [Fact]
    public void LanguagesThatAreNotThereAreNamed()
    {
        var file = Read("templates: {en: \"a {}\", de: \"ein {}\"}\nclasses: {a: {en: cat, de: Katze}, b: {en: dog}}");
        var unknown = Assert.Throws<ConfigException>(() => file.Chosen(["en", "fr"]));
        Assert.StartsWith(
            "eval_zeroshot.languages names fr, but there are templates in en, de alone", unknown.Message, StringComparison.Ordinal);
        var unnamed = Assert.Throws<InputException>(() => file.Chosen([]));
        Assert.Contains("1 of 2 classes have no name in de, such as b.", unnamed.Message, StringComparison.Ordinal);
        Assert.Equal(["en"], file.Chosen(["en"]));
    }

    [Fact]
    public void ImageNetsClassesAndClipsPrompts()
    {
        var folder = Path.Combine(SharedData.RepositoryRoot(), "data", "classes");
        var file = ClassFile.Read(Path.Combine(folder, "imagenet.yaml"), Path.Combine(folder, "openai-templates.yaml"));
        Assert.Equal(["en"], file.Chosen([]));
        Assert.Equal(1000, file.Classes.Count);
        Assert.Equal(file.Classes.Select(one => one.Id).Order(StringComparer.Ordinal), file.Classes.Select(one => one.Id));
        // Known numbers and WordNet ids.
        Assert.Equal(
            [(0, "n01440764", "tench"), (281, "n02123045", "tabby cat"), (388, "n02510455", "giant panda"),
                (779, "n04146614", "school bus"), (999, "n15075141", "toilet paper")],
            new[] { 0, 281, 388, 779, 999 }.Select(number => (number, file.Classes[number].Id, file.Classes[number].Shown("en"))));
        Assert.Equal(80, file.Prompts(0, "en").Distinct().Count());
        Assert.Equal("a bad photo of a tench.", file.Prompts(0, "en")[0]);
        Assert.Contains("the tench in a video game.", file.Prompts(0, "en"));
        Assert.Equal([("n04008634", "n03773504")], file.Alike("en")); // both missile
    }

    [Theory]
    [InlineData("- a", "1: a file of classes is a mapping with `classes`")]
    [InlineData("", "1: classes is not a mapping of ids to names by language, such as")]
    [InlineData("classes: {a: {en: x}, b: {en: y}}", "1: templates is missing: give the prompts of each language, or name")]
    [InlineData(Templates + "classes: [cat, dog]", "2: classes is not a mapping of ids")]
    [InlineData(Templates + "classes:\n  a: cat\n  b: {en: y}", "3: classes.a is not a mapping of languages to texts, such as {en: tabby")]
    [InlineData(Templates + "classes:\n  a: {en: x}\n  b: {en: []}", "4: classes.b.en is not a text or a list of texts, or one of them")]
    [InlineData(Templates + "classes:\n  a: {en: x}\n  b: {en: [y, \" \"]}", "4: classes.b.en is not a text")]
    [InlineData(Templates + "classes:\n  a: {en: x}\n  b: {en: }", "4: classes.b.en is not a text")]
    [InlineData(Templates + "classes: {a: {en: x}}", "2: there is one class, a: images can be told apart from two classes on")]
    [InlineData(Templates + "classes:\n  a: {en: x}\n  a: {en: y}", "4: a occurs twice (first at")]
    [InlineData("templates:\n  en: [\"a {}\", a c]\nclasses: {a: {en: x}, b: {en: y}}", "2: templates.en: \"a c\" has no {}, where")]
    [InlineData("templates: a {}\nclasses: {a: {en: x}, b: {en: y}}", "1: templates is not a mapping of languages to texts")]
    [InlineData(Templates + "class: 3\nclasses: {a: {en: x}, b: {en: y}}", "2: class is not a known key; there are classes, templates,")]
    [InlineData("templates: {en: [a {}.]}\nclasses: {a: {en: x}, b: {en: y}}", "within brackets a template needs quotes, such as [\"a")]
    [InlineData("classes: {a: {en: x}, b: [", "this is not YAML")]
    public void WhatIsWrongIsNamedWithFileAndLine(string text, string problem)
    {
        var error = Assert.Throws<InputException>(() => Read(text));
        Assert.StartsWith(_folder["classes.yaml"] + ":", error.Message, StringComparison.Ordinal);
        Assert.Contains(problem, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AllProblemsAreNamedAtOnceUpToTen()
    {
        var classes = string.Join('\n', Enumerable.Range(0, 12).Select(i => $"  c{i}: cat"));
        var error = Assert.Throws<InputException>(() => Read("templates: {en: x}\nclasses:\n" + classes));
        Assert.Contains("13 problems", error.Message, StringComparison.Ordinal);
        Assert.Contains("classes.c9 is", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("classes.c10 is", error.Message, StringComparison.Ordinal);
        Assert.EndsWith("and 3 more", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AFileThatIsNotThereIsNamed()
    {
        var error = Assert.Throws<InputException>(() => ClassFile.Read(_folder["none.yaml"]));
        Assert.StartsWith($"{_folder["none.yaml"]} cannot be read as a file of classes: ", error.Message, StringComparison.Ordinal);
    }
}
