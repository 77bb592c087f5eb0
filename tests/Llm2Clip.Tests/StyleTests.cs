using System.Text.RegularExpressions;

namespace Llm2Clip.Tests;

/// <summary>What no analyzer looks at: how long lines are, and what a token of cancellation is called.</summary>
public sealed partial class StyleTests
{
    private const int Longest = 140;

    [Fact]
    public void NoLineIsLongerThan140Characters() => Assert.Empty(
        from file in Sources()
        from line in Lines(file)
        where line.Text.Length > Longest && !MayHoldAText(file, line.Text)
        select $"{file}:{line.Number} has {line.Text.Length} characters");

    [Fact]
    public void TokensOfCancellationAreCalledCancellation() => Assert.Empty(
        from file in Sources()
        from line in Lines(file)
        where TokenOfAnotherName().IsMatch(line.Text)
        select $"{file}:{line.Number}: {line.Text.Trim()}");

    [GeneratedRegex(@"\bCancellationToken\??\s+(?!cancellation\b)[a-z]\w*\s*[,)=]")]
    private static partial Regex TokenOfAnotherName();

    /// <summary>Tests hold files and messages to the letter, some longer than a line.</summary>
    private static bool MayHoldAText(string file, string line) =>
        file.StartsWith("tests/", StringComparison.Ordinal) && line.Contains('"', StringComparison.Ordinal);

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
