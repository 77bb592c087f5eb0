namespace Llm2Clip.Configuration;

/// <summary>Finds the word that was probably meant.</summary>
internal static class NearestKey
{
    /// <summary>More keys than this are not listed in a message.</summary>
    private const int MostListed = 15;

    /// <summary>
    /// The end of the message about an unknown key: the nearest key of the same section, else the sections that have this key, else the
    /// keys there are.
    /// </summary>
    internal static string Hint(Type root, ConfigSchema schema, string path, string name)
    {
        var keys = schema.Keys.Select(key => key.Name).ToList();
        if ((Nearest(name, keys) ?? Containing(name, keys)) is { } near)
        {
            return $"; did you mean {(path.Length == 0 ? near : $"{path}.{near}")}?";
        }
        var elsewhere = Paths(ConfigSchema.Of(root), "")
            .Where(p => p == name || p.EndsWith('.' + name, StringComparison.Ordinal)).ToList();
        var known = keys.Count > MostListed
            ? "--print-config lists those there are"
            : $"known keys{(path.Length == 0 ? "" : $" of {path}")}: {string.Join(", ", keys)}";
        return elsewhere switch
        {
            [] => $"; {known}",
            [var only] => $"; did you mean {only}?",
            _ => $"; {known}; it is a key elsewhere: {string.Join(", ", elsewhere)}",
        };
    }

    /// <summary>
    /// The candidate with all words of the name, such as batch_size for batch, that begins like it or is the only one; null otherwise.
    /// </summary>
    private static string? Containing(string name, IEnumerable<string> candidates)
    {
        var words = name.ToLowerInvariant().Split('_', '-');
        var found = candidates.Where(candidate => words.All(candidate.Split('_').Contains)).ToList();
        return found.Find(candidate => candidate.StartsWith(words[0], StringComparison.Ordinal)) ?? (found.Count == 1 ? found[0] : null);
    }

    /// <summary>The candidate with the least edit distance, if it is small beside the length of the name; null otherwise.</summary>
    public static string? Nearest(string name, IEnumerable<string> candidates)
    {
        var best = candidates.Select(c => (Name: c, Distance: Distance(name.ToLowerInvariant(), c)))
            .OrderBy(c => c.Distance).FirstOrDefault();
        return best.Name is not null && best.Distance <= Math.Max(2, name.Length / 3) ? best.Name : null;
    }

    private static IEnumerable<string> Paths(ConfigSchema schema, string prefix)
    {
        foreach (var key in schema.Keys)
        {
            yield return prefix + key.Name;
            if (key.Type.Form == ConfigForm.Record)
            {
                foreach (var below in Paths(ConfigSchema.Of(key.Type.Type), $"{prefix}{key.Name}."))
                {
                    yield return below;
                }
            }
        }
    }

    /// <summary>Levenshtein distance: single characters added, removed or replaced.</summary>
    private static int Distance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var replace = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(replace, Math.Min(row[j], row[j - 1]) + 1);
            }
        }
        return row[^1];
    }
}
