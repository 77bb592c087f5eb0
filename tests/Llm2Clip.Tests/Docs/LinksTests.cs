using System.Text.RegularExpressions;

namespace Llm2Clip.Tests.Docs;

/// <summary>Links between pages of the repository lead somewhere: the file is there, and so is the heading.</summary>
public sealed partial class LinksTests
{
    [Fact]
    public void EveryLinkLeadsSomewhere()
    {
        var root = SharedData.RepositoryRoot();
        var pages = Directory.GetFiles(Path.Combine(root, "docs"), "*.md").Append(Path.Combine(root, "README.md"))
            .Append(Path.Combine(root, "CHANGELOG.md"));
        var broken =
            from page in pages
            from Match link in Link().Matches(File.ReadAllText(page))
            let target = link.Groups["target"].Value
            where !target.Contains("://", StringComparison.Ordinal) && !IsThere(page, target)
            select $"{Path.GetFileName(page)}: {target}";
        Assert.Empty(broken);
    }

    private static bool IsThere(string page, string target)
    {
        var parts = target.Split('#', 2);
        var file = parts[0].Length == 0 ? page : Path.Combine(Path.GetDirectoryName(page)!, parts[0]);
        return Path.Exists(file) && (parts.Length == 1 || Headings(file).Contains(parts[1]));
    }

    /// <summary>As GitHub makes anchors of headings: lower case, blanks as hyphens, no other marks.</summary>
    private static IEnumerable<string> Headings(string file) =>
        from line in File.ReadLines(file)
        where line.StartsWith('#')
        let text = line.TrimStart('#').Trim().ToLowerInvariant().Replace(' ', '-')
        select string.Concat(text.Where(c => char.IsLetterOrDigit(c) || c is '-' or '_'));

    [GeneratedRegex(@"\]\((?<target>[^)\s]+)\)", RegexOptions.ExplicitCapture)]
    private static partial Regex Link();
}
