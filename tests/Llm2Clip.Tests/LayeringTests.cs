using System.Text.RegularExpressions;

namespace Llm2Clip.Tests;

/// <summary>
/// Which folder of the library uses which, read from its sources: arrows point one way (DESIGN 3), and there is no circle.
/// </summary>
public sealed partial class LayeringTests
{
    /// <summary>The folders from the bottom up. A folder uses those of its own row, without a circle, and of the rows before it.</summary>
    private static readonly string[][] Rows =
    [
        ["Runtime"],
        ["Files", "Configuration", "Random"],
        ["Data", "Images", "Weights", "Layers"],
        ["Teacher", "Models"],
        ["Evaluation", "Search", "Reporting", "Training"],
        ["Pipeline"],
    ];

    /// <summary>Namespaces that do not have their folder's name, which a class has.</summary>
    private static readonly Dictionary<string, string> Renamed = new() { ["Teachers"] = "Teacher", ["Randomness"] = "Random" };

    private static readonly string Library = Path.Combine(SharedData.RepositoryRoot(), "src", "Llm2Clip");

    private static readonly string[] Folders =
        [.. Directory.GetDirectories(Library).Select(folder => Path.GetFileName(folder)!)
            .Where(folder => Sources(Path.Combine(Library, folder)).Length > 0)];

    /// <summary>Types of each folder: a file has the name of its main type.</summary>
    private static readonly Dictionary<string, HashSet<string>> Types = Folders.ToDictionary(
        folder => folder, folder => Sources(Path.Combine(Library, folder)).Select(file => Path.GetFileNameWithoutExtension(file)!)
            .ToHashSet());

    [Fact]
    public void EveryFolderHasItsPlace() => Assert.Empty(Folders.Except(Rows.SelectMany(row => row)));

    [Fact]
    public void NoFolderUsesAHigherOne() =>
        Assert.Empty(Uses().Where(use => RowOf(use.To) > RowOf(use.From)).Select(use => $"{use.File} uses {use.To}"));

    [Fact]
    public void ThereIsNoCircle()
    {
        var uses = Uses().ToLookup(use => use.From);
        foreach (var folder in Folders)
        {
            var reached = new Dictionary<string, string>();
            Walk(folder, folder);
            Assert.False(reached.ContainsKey(folder), $"{folder} uses itself by way of {reached.GetValueOrDefault(folder)}");

            void Walk(string from, string path)
            {
                foreach (var use in uses[from].DistinctBy(use => use.To))
                {
                    if (reached.TryAdd(use.To, $"{path} -> {use.To} ({use.File})"))
                    {
                        Walk(use.To, reached[use.To]);
                    }
                }
            }
        }
    }

    [Fact]
    public void WhatAllUseUsesNothing() =>
        Assert.Empty(Directory.GetFiles(Library, "*.cs")
            .SelectMany(file => UsedBy(File.ReadAllText(file)).Select(to => $"{Path.GetFileName(file)} uses {to}")));

    /// <summary>
    /// A command maps options to a run file, calls the pipeline and prints. Only those that look after stores work on one themselves.
    /// </summary>
    [Fact]
    public void CommandsOpenNothing()
    {
        var commands = Sources(Path.Combine(SharedData.RepositoryRoot(), "src", "Llm2Clip.Cli", "Commands"))
            .Where(file => Path.GetFileName(file) != "StoreCommands.cs").ToList();
        Assert.NotEmpty(commands);
        Assert.Empty(commands.Where(file => Opening().IsMatch(Code(File.ReadAllText(file)))).Select(Path.GetFileName));
    }

    [Theory]
    [InlineData("using Llm2Clip.Teachers.Store;", "Teacher")]
    [InlineData("using static Llm2Clip.Layers.Scalars;", "Layers")]
    [InlineData("var x = global::Llm2Clip.Randomness.SeededRandom.Of(1);", "Random")]
    [InlineData("var x = Weights.Gguf.GgufFile.Open(path);", "Weights")]
    [InlineData("var x = Images.ImageCodec.Formats;", "Images")]
    [InlineData("// see Llm2Clip.Teachers.Store and Images.ImageCodec", "")]
    [InlineData("/// <see cref=\"Llm2Clip.Pipeline.Extract\"/>", "")]
    [InlineData("var x = run.Data.Sample;", "")]
    [InlineData("throw new RunException(\"Llm2Clip.Training is a namespace\");", "")]
    public void UsesAreSeen(string line, string expected) => Assert.Equal(expected, string.Join(' ', UsedBy(line)));

    private static int RowOf(string folder) => Array.FindIndex(Rows, row => row.Contains(folder));

    private static IEnumerable<(string From, string To, string File)> Uses() =>
        from folder in Folders
        from file in Sources(Path.Combine(Library, folder))
        from to in UsedBy(File.ReadAllText(file))
        where to != folder
        select (folder, to, Path.GetRelativePath(Library, file));

    /// <summary>
    /// Folders whose namespaces a source names: in full, or from the root namespace on, in which all of the library lies.
    /// </summary>
    private static IEnumerable<string> UsedBy(string source)
    {
        var code = Code(source);
        var full = FullName().Matches(code).Select(match => FolderOf(match.Groups[1].Value)).Where(Types.ContainsKey);
        var relative = RelativeName().Matches(code).Select(match => (Folder: FolderOf(match.Groups[1].Value), Next: match.Groups[2].Value))
            .Where(name => Types.ContainsKey(name.Folder)
                && (Types[name.Folder].Contains(name.Next) || Directory.Exists(Path.Combine(Library, name.Folder, name.Next))))
            .Select(name => name.Folder);
        return full.Concat(relative).Distinct().Order();
    }

    private static string FolderOf(string name) => Renamed.GetValueOrDefault(name, name);

    /// <summary>Without comments and texts. The project has no namespace inside a text's hole.</summary>
    private static string Code(string source) => CommentsAndTexts().Replace(source, "");

    private static string[] Sources(string folder) =>
        [.. Directory.GetFiles(folder, "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains(Path.DirectorySeparatorChar + "obj" + Path.DirectorySeparatorChar))];

    [GeneratedRegex("\"\"\"[\\s\\S]*?\"\"\"|\"(?:\\\\.|[^\"\\\\\\n])*\"|//[^\\n]*")]
    private static partial Regex CommentsAndTexts();

    [GeneratedRegex(@"\bLlm2Clip\.(\w+)")]
    private static partial Regex FullName();

    [GeneratedRegex(@"(?<![\w.])([A-Z]\w*)\.([A-Z]\w*)")]
    private static partial Regex RelativeName();

    [GeneratedRegex(@"(?<!host)\.Open\w*\(|\busing Llm2Clip\.(Teachers|Models|Images|Weights|Layers)\b")]
    private static partial Regex Opening();
}
