using System.Text.RegularExpressions;

namespace Llm2Clip.Tests.Docs;

/// <summary>A command as a page, or the help of a command, shows it.</summary>
/// <param name="Place">Where: page and line, or the command whose help has it.</param>
/// <param name="Text">What a reader would type, from the program's name on, without a comment behind it.</param>
/// <param name="Needs">What a fresh clone lacks for it; null where it runs there.</param>
public sealed record DocumentedCommand(string Place, string Text, string? Needs)
{
    public override string ToString() => $"{Place}: {Text}";
}

/// <summary>
/// Finds the commands of README and docs: lines of code blocks (fenced, or indented by four) that call the program, and calls within a
/// sentence. A block that a fresh clone cannot run follows a line <c>&lt;!-- not on a fresh clone: REASON --&gt;</c>.
/// </summary>
internal static partial class DocumentedCommands
{
    /// <summary>Lines of code blocks.</summary>
    public static IReadOnlyList<DocumentedCommand> InBlocks() => [.. Pages().SelectMany(OfBlocks)];

    /// <summary>Calls within sentences and tables, and in the heads of the run files.</summary>
    public static IReadOnlyList<DocumentedCommand> InText()
    {
        var configs = Directory.GetFiles(Path.Combine(SharedData.RepositoryRoot(), "configs"), "*.yaml");
        return
        [
            .. from page in Pages()
               from line in Lines(page)
               from Match match in Inline().Matches(line.Text)
               select new DocumentedCommand($"{Path.GetFileName(page)}:{line.Number}", match.Groups[1].Value, null),
            .. from file in configs.Order(StringComparer.Ordinal)
               from line in Lines(file)
               where line.Text.StartsWith("#   ./llm2clip ", StringComparison.Ordinal)
               select new DocumentedCommand($"{Path.GetFileName(file)}:{line.Number}", Bare(line.Text[1..]), null),
        ];
    }

    /// <summary>The run files that pages show, whole or in part.</summary>
    public static IReadOnlyList<(string Page, string Yaml)> RunFiles() =>
    [
        .. from page in Pages()
           from Match match in RunFile().Matches(File.ReadAllText(page))
           select (Path.GetFileName(page), match.Groups["yaml"].Value),
    ];

    private static IEnumerable<string> Pages()
    {
        var root = SharedData.RepositoryRoot();
        return Directory.GetFiles(Path.Combine(root, "docs"), "*.md").Order(StringComparer.Ordinal)
            .Prepend(Path.Combine(root, "README.md"));
    }

    private static IEnumerable<DocumentedCommand> OfBlocks(string page)
    {
        var (isFenced, needs) = (false, (string?)null);
        foreach (var (number, line) in Lines(page))
        {
            if (line.StartsWith("```", StringComparison.Ordinal))
            {
                isFenced = !isFenced;
            }
            if (Mark().Match(line) is { Success: true } mark)
            {
                needs = mark.Groups[1].Value;
            }
            var isCode = isFenced || line.StartsWith("    ", StringComparison.Ordinal);
            if (isCode && Call().IsMatch(line))
            {
                yield return new DocumentedCommand($"{Path.GetFileName(page)}:{number}", Bare(line), needs);
            }
            else if (!isCode && line.Length > 0 && !Mark().IsMatch(line) && !line.StartsWith("```", StringComparison.Ordinal))
            {
                needs = null; // A mark is for the next block.
            }
        }
    }

    /// <summary>Without margin, the folder before the program's name, and a comment.</summary>
    private static string Bare(string line) =>
        Comment().Replace(line.Trim(), "").Replace("./llm2clip", "llm2clip", StringComparison.Ordinal);

    private static IEnumerable<(int Number, string Text)> Lines(string file) =>
        File.ReadLines(file).Select((text, index) => (index + 1, text));

    [GeneratedRegex(@"^```yaml\n(?<yaml>.*?)^```", RegexOptions.Singleline | RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex RunFile();

    [GeneratedRegex(@"^\s*(\./)?llm2clip (?!test\b)[a-z]")]
    private static partial Regex Call();

    [GeneratedRegex(@"`(?:\./)?(llm2clip (?!test\b)[a-z][^`]*)`")]
    private static partial Regex Inline();

    [GeneratedRegex(@"^<!-- not on a fresh clone: (.+) -->$")]
    private static partial Regex Mark();

    [GeneratedRegex(@"\s+#.*$")]
    private static partial Regex Comment();
}
