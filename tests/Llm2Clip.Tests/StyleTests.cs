using System.Text.RegularExpressions;

namespace Llm2Clip.Tests;

/// <summary>What no analyzer looks at: how long lines are, and what a token of cancellation is called.</summary>
public sealed partial class StyleTests
{
    private const int Longest = 140;

    /// <summary>Folders whose long lines are not wrapped yet. One is taken out when its last long line is gone.</summary>
    private static readonly string[] NotYetWrapped = ["tests/Llm2Clip.Tests"];

    [Fact]
    public void NoLineIsLongerThan140Characters() => Assert.Empty(
        from file in Sources()
        where !IsIn(NotYetWrapped, file)
        from line in Lines(file)
        where line.Text.Length > Longest
        select $"{file}:{line.Number} has {line.Text.Length} characters");

    [Fact]
    public void TokensOfCancellationAreCalledCancellation() => Assert.Empty(
        from file in Sources()
        from line in Lines(file)
        where TokenOfAnotherName().IsMatch(line.Text)
        select $"{file}:{line.Number}: {line.Text.Trim()}");

    [GeneratedRegex(@"\bCancellationToken\??\s+(?!cancellation\b)[a-z]\w*\s*[,)=]")]
    private static partial Regex TokenOfAnotherName();

    private static bool IsIn(string[] folders, string file) => folders.Any(folder => file.StartsWith(folder + "/", StringComparison.Ordinal));

    /// <summary>The C# files of the repository, from its root, with slashes.</summary>
    private static IEnumerable<string> Sources() =>
        from folder in new[] { "src", "tools", "tests", "bench" }
        from path in Directory.EnumerateFiles(Path.Combine(SharedData.RepositoryRoot(), folder), "*.cs", SearchOption.AllDirectories)
        let file = Path.GetRelativePath(SharedData.RepositoryRoot(), path).Replace('\\', '/')
        where !file.Contains("/obj/", StringComparison.Ordinal) && !file.Contains("/bin/", StringComparison.Ordinal)
        select file;

    private static IEnumerable<(int Number, string Text)> Lines(string file) =>
        File.ReadLines(Path.Combine(SharedData.RepositoryRoot(), file)).Select((text, index) => (index + 1, text));
}
