using System.Text.RegularExpressions;

namespace Llm2Clip.Tests.Randomness;

/// <summary>
/// Numbers of System.Random may change with the version of .NET, and Random.Shared has no seed: neither is used where results must repeat.
/// </summary>
public partial class OneGeneratorTests
{
    [Fact]
    public void NothingDrawsNumbersButSeededRandom()
    {
        var root = SharedData.RepositoryRoot();
        var files = new[] { "src", "tools" }
            .SelectMany(folder => Directory.EnumerateFiles(Path.Combine(root, folder), "*.cs", SearchOption.AllDirectories))
            .Select(path => Path.GetRelativePath(root, path))
            .Where(path => !path.Split(Path.DirectorySeparatorChar).Any(part => part is "bin" or "obj"))
            .ToList();
        Assert.Contains(Path.Combine("src", "Llm2Clip", "Random", "SeededRandom.cs"), files);
        var found = files
            .SelectMany(file => File.ReadLines(Path.Combine(root, file)).Select((line, at) => (Place: $"{file}:{at + 1}", Line: line)))
            .Where(at => !at.Line.TrimStart().StartsWith("//", StringComparison.Ordinal))
            .Where(at => Other().IsMatch(at.Line))
            // A token must be one that nobody can make again.
            .Where(at => !at.Place.Contains("AccessToken.cs:", StringComparison.Ordinal))
            .Select(at => $"{at.Place}: {at.Line.Trim()}");
        Assert.Empty(found);
    }

    [Theory]
    [InlineData("var random = new Random(seed);", true)]
    [InlineData("new System.Random().Shuffle(items);", true)]
    [InlineData("private readonly Random _random = new(seed);", true)]
    [InlineData("Random.Shared.Next(3)", true)]
    [InlineData("RandomNumberGenerator.GetBytes(8)", true)]
    [InlineData("var random = new SeededRandom(seed);", false)]
    [InlineData("AdapterStart.Random", false)]
    public void TheSearchFindsWhatItShould(string line, bool found) => Assert.Equal(found, Other().IsMatch(line));

    /// <summary>Made, shared, or declared and made by <c>new(...)</c>.</summary>
    [GeneratedRegex(
        @"\bnew (System\.)?Random\(|\bRandom\.Shared\b|\bRandomNumberGenerator\.|(?<![.\w])(System\.)?Random\??\s+[_a-z]\w*\s*[=;,)]")]
    private static partial Regex Other();
}
