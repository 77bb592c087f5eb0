using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Llm2Clip.Data.WebDataset;

namespace Llm2Clip.Data;

/// <summary>
/// Turns <c>data/train-{00000..00011}.tar</c>, <c>{a,b}/*.tar</c> or <c>x-[0-4]?.tar::y.tar</c> into the files that they name:
/// braces as in a shell (lists, ranges, nested), then <c>* ? []</c> in any part of the path, several patterns joined with <c>::</c>. Of
/// <c>pipe:COMMAND</c> braces alone are expanded, and <c>-</c> is standard input.
/// </summary>
internal static class ShardPattern
{
    private const int MaxAlternatives = 1_000_000;
    private static readonly char[] GlobCharacters = ['*', '?', '['];

    /// <summary>
    /// Files and folders named by <paramref name="pattern"/>, each once, in ordinal order.
    /// Throws <see cref="InputException"/> naming the part of the pattern for which nothing is found.
    /// </summary>
    public static IReadOnlyList<string> Expand(string pattern)
    {
        var found = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var part in Parts(pattern))
        {
            if (ShardStream.IsStream(part))
            {
                found.UnionWith(ExpandCommand(part));
                continue;
            }
            foreach (var alternative in Exists(part) ? [part] : ExpandBraces(part))
            {
                found.UnionWith(Find(alternative, part));
            }
        }
        return found.Count > 0 ? [.. found] : throw new InputException("The data pattern is empty: name at least one file.");
    }

    /// <summary>
    /// Throws <see cref="ConfigException"/> where the pattern takes standard input, which is there once. <paramref name="reader"/> begins
    /// the sentence "… reads it again".
    /// </summary>
    public static void RequireRepeatable(string pattern, string reader)
    {
        if (Parts(pattern).Contains(ShardStream.StandardInput))
        {
            throw new ConfigException($"'{pattern}': standard input can be read only once, and {reader} reads it again. "
                + "Write the tar to a file first, or name the command that makes it: pipe:COMMAND, which is run each time.");
        }
    }

    /// <summary>
    /// The brace expansion alone, in written order. Throws <see cref="InputException"/> for an open brace or too many alternatives.
    /// </summary>
    public static IReadOnlyList<string> ExpandBraces(string pattern)
    {
        var results = new List<string>();
        Expand(pattern, pattern, results);
        return results;
    }

    /// <summary>The same pattern from any current directory.</summary>
    public static string FullPath(string pattern) =>
        string.Join("::", Parts(pattern).Select(part =>
            ShardStream.IsStream(part) ? part : Path.TrimEndingDirectorySeparator(Path.GetFullPath(part))));

    private static string[] Parts(string pattern) =>
        pattern.Split("::", StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    /// <summary>
    /// As a shell would before it runs the command: braces without a list or range, such as those of awk, stay as they are.
    /// </summary>
    private static IEnumerable<string> ExpandCommand(string command)
    {
        for (var open = command.IndexOf('{'); open >= 0; open = command.IndexOf('{', open + 1))
        {
            var close = Closing(command, open);
            var isVariable = open > 0 && command[open - 1] == '$';
            if (close > 0 && !isVariable && ShellOptions(command[(open + 1)..close]) is { } options)
            {
                return options
                    .SelectMany(option => ExpandCommand(string.Concat(command.AsSpan(0, open), option, command.AsSpan(close + 1))));
            }
        }
        return [command];
    }

    private static void Expand(string text, string whole, List<string> results)
    {
        var open = text.IndexOf('{');
        if (open < 0)
        {
            if (results.Count >= MaxAlternatives)
            {
                throw new InputException(
                    $"Pattern '{whole}' names more than {MaxAlternatives:N0} files; use a range that fits, or * instead.");
            }
            results.Add(text);
            return;
        }
        var close = Closing(text, open);
        if (close < 0)
        {
            throw new InputException($"Pattern '{whole}' has a {{ without its }}.");
        }
        foreach (var option in Options(text[(open + 1)..close], whole))
        {
            // The option itself may hold braces; expanding left to right keeps the written order.
            Expand(string.Concat(text.AsSpan(0, open), option, text.AsSpan(close + 1)), whole, results);
        }
    }

    /// <summary>-1 where the brace is never closed.</summary>
    private static int Closing(string text, int open)
    {
        var depth = 0;
        for (var i = open; i < text.Length; i++)
        {
            depth += text[i] switch { '{' => 1, '}' => -1, _ => 0 };
            if (depth == 0)
            {
                return i;
            }
        }
        return -1;
    }

    private static IEnumerable<string> Options(string inside, string whole) =>
        ShellOptions(inside) ?? (inside.Contains("..", StringComparison.Ordinal)
            ? throw new InputException($"Pattern '{whole}': {{{inside}}} is not a range; write {{00000..00011}}.")
            : [inside]); // {x} names x

    /// <summary>The items of a list or range; null for what is neither.</summary>
    private static IEnumerable<string>? ShellOptions(string inside)
    {
        var dots = inside.IndexOf("..", StringComparison.Ordinal);
        return SplitTopLevel(inside) is { Count: > 1 } list ? list : dots < 0 ? null : Range(inside[..dots], inside[(dots + 2)..]);
    }

    private static List<string> SplitTopLevel(string inside)
    {
        var parts = new List<string>();
        var depth = 0;
        var start = 0;
        for (var i = 0; i < inside.Length; i++)
        {
            depth += inside[i] switch { '{' => 1, '}' => -1, _ => 0 };
            if (depth == 0 && inside[i] == ',')
            {
                parts.Add(inside[start..i]);
                start = i + 1;
            }
        }
        parts.Add(inside[start..]);
        return parts;
    }

    private static IEnumerable<string>? Range(string from, string to)
    {
        if (!int.TryParse(from, NumberStyles.None, CultureInfo.InvariantCulture, out var first)
            || !int.TryParse(to, NumberStyles.None, CultureInfo.InvariantCulture, out var last))
        {
            return null;
        }
        // As in a shell: a leading zero on either side pads all numbers to the wider one.
        var padded = (from.Length > 1 && from[0] == '0') || (to.Length > 1 && to[0] == '0');
        var format = "D" + (padded ? Math.Max(from.Length, to.Length) : 1);
        var step = first <= last ? 1 : -1;
        var count = Math.Min(Math.Abs((long)last - first) + 1, MaxAlternatives + 1L);
        return Enumerable.Range(0, (int)count).Select(i => (first + i * step).ToString(format, CultureInfo.InvariantCulture));
    }

    private static IReadOnlyList<string> Find(string path, string whole)
    {
        if (Exists(path))
        {
            return [path];
        }
        if (path.IndexOfAny(GlobCharacters) < 0)
        {
            var origin = path == whole ? "" : $" (named by '{whole}')";
            throw new InputException($"'{path}'{origin} does not exist. " + (path.Contains("://", StringComparison.Ordinal)
                ? $"Addresses are read through a command that writes the tar: 'pipe:curl -sSfL {path}' or 'pipe:aws s3 cp {path} -'."
                : "Check the path and the range of the pattern."));
        }
        var matches = Glob(path);
        return matches.Count > 0
            ? matches
            : throw new InputException(
                $"No file matches '{path}'{(path == whole ? "" : $" (part of '{whole}')")}. Check the folder and the pattern.");
    }

    private static List<string> Glob(string path)
    {
        List<string> current = [path.StartsWith('/') ? "/" : ""];
        foreach (var part in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            current = part.IndexOfAny(GlobCharacters) < 0
                ? [.. current.Select(folder => Path.Combine(folder, part))]
                : [.. current.SelectMany(folder => Matching(folder, part))];
        }
        return [.. current.Where(Exists)];
    }

    private static IEnumerable<string> Matching(string folder, string part)
    {
        var real = folder.Length == 0 ? "." : folder;
        if (!Directory.Exists(real))
        {
            return [];
        }
        var regex = new Regex(ToRegex(part), RegexOptions.NonBacktracking | RegexOptions.CultureInvariant | RegexOptions.Singleline);
        return Directory.EnumerateFileSystemEntries(real)
            .Select(entry => Path.GetFileName(entry))
            .Where(name => (name[0] != '.' || part[0] == '.') && regex.IsMatch(name))
            .Select(name => Path.Combine(folder, name));
    }

    private static string ToRegex(string part)
    {
        var regex = new StringBuilder("^");
        for (var i = 0; i < part.Length; i++)
        {
            // A ] directly behind [ or [! is a member of the set, as in a shell.
            var set = part[i] == '['
                ? part.IndexOf(']', Math.Min(part.Length, i + (i + 1 < part.Length && part[i + 1] == '!' ? 3 : 2)))
                : -1;
            if (set > 0)
            {
                var members = part[(i + 1)..set];
                var negated = members[0] == '!';
                var listed = (negated ? members[1..] : members).Replace("\\", "\\\\").Replace("[", "\\[").Replace("]", "\\]")
                    .Replace("^", "\\^");
                regex.Append('[').Append(negated ? "^" : "").Append(listed).Append(']');
                i = set;
                continue;
            }
            regex.Append(part[i] switch { '*' => ".*", '?' => ".", var other => Regex.Escape(other.ToString()) });
        }
        return regex.Append('$').ToString();
    }

    private static bool Exists(string path) => File.Exists(path) || Directory.Exists(path);
}
