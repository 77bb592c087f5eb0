namespace Llm2Clip.MakeQuickStart;

/// <summary>
/// Learns the pieces of a <see cref="SentencePieceVocabulary"/> by byte-pair merging (Sennrich et al. 2016): the most frequent pair of
/// neighbors becomes a piece, again and again. Pieces stay inside words: of letters, or of Chinese characters that stand
/// together in a word of the grammars, so that Chinese, written without blanks, is cut where its words end.
/// </summary>
public static class SentencePieceTrainer
{
    private const string Blank = "\u2581";

    /// <summary>
    /// Learns at most <paramref name="merges"/> merges from texts. Merging ends early where no pair occurs twice. Equal counts are
    /// decided by ordinal order, so that the result depends on the texts alone.
    /// </summary>
    /// <param name="texts">What to count in.</param>
    /// <param name="chineseWords">Words inside which Chinese characters may join.</param>
    /// <param name="merges">Upper bound for the pieces longer than a character.</param>
    public static SentencePieceVocabulary Train(IEnumerable<string> texts, IEnumerable<string> chineseWords, int merges)
    {
        var allowed = Substrings(chineseWords);
        var words = CountWords(texts);
        var characters = words.SelectMany(word => word.Symbols).Distinct().Order(StringComparer.Ordinal).ToList();
        var pieces = new List<string>();
        while (pieces.Count < merges && BestPair(words, allowed) is { } pair)
        {
            pieces.Add(pair.Left + pair.Right);
            foreach (var (symbols, _) in words)
            {
                for (var i = 0; i + 1 < symbols.Count; i++)
                {
                    if (symbols[i] == pair.Left && symbols[i + 1] == pair.Right)
                    {
                        symbols[i] += symbols[i + 1];
                        symbols.RemoveAt(i + 1);
                    }
                }
            }
        }
        // Characters come last: they are never the result of a merge, so their score decides nothing. A word may be a piece twice
        // over, joined in two ways; the first learned counts.
        return new SentencePieceVocabulary([.. pieces.Distinct(), .. characters]);
    }

    private static List<(List<string> Symbols, int Count)> CountWords(IEnumerable<string> texts)
    {
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var text in texts)
        {
            foreach (var word in text.Split(' '))
            {
                counts[Blank + word] = counts.GetValueOrDefault(Blank + word) + 1;
            }
        }
        return [.. counts.OrderBy(pair => pair.Key, StringComparer.Ordinal)
            .Select(pair => (pair.Key.EnumerateRunes().Select(rune => rune.ToString()).ToList(), pair.Value))];
    }

    private static (string Left, string Right)? BestPair(List<(List<string> Symbols, int Count)> words, HashSet<string> allowed)
    {
        var counts = new Dictionary<(string, string), int>();
        foreach (var (symbols, count) in words)
        {
            for (var i = 0; i + 1 < symbols.Count; i++)
            {
                var pair = (symbols[i], symbols[i + 1]);
                counts[pair] = counts.GetValueOrDefault(pair) + count;
            }
        }
        (string, string)? best = null;
        var bestCount = 1;
        foreach (var (pair, count) in counts)
        {
            if (count >= bestCount && MayJoin(pair.Item1, pair.Item2, allowed)
                && (count > bestCount || best is null
                    || string.CompareOrdinal(pair.Item1 + pair.Item2, best.Value.Item1 + best.Value.Item2) < 0))
            {
                (best, bestCount) = (pair, count);
            }
        }
        return bestCount > 1 ? best : null;
    }

    private static bool MayJoin(string left, string right, HashSet<string> allowed)
    {
        var joined = left + right;
        return joined.All(c => char.IsLetter(c) && c < 0x250 || c == Blank[0])
            || allowed.Contains(joined);
    }

    private static HashSet<string> Substrings(IEnumerable<string> words)
    {
        var all = new HashSet<string>(StringComparer.Ordinal);
        foreach (var word in words)
        {
            for (var start = 0; start < word.Length; start++)
            {
                for (var length = 2; start + length <= word.Length; length++)
                {
                    all.Add(word.Substring(start, length));
                }
            }
        }
        return all;
    }
}
