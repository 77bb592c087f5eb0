using System.Globalization;
using System.Text;

namespace Llm2Clip.Models.Text;

/// <summary>
/// Unicode's composed form (NFC, https://www.unicode.org/reports/tr15/). .NET's own leaves every text as it is where a program runs without
/// ICU, as this one does (InvariantGlobalization).
/// </summary>
internal static class UnicodeForms
{
    private const int FirstSyllable = 0xAC00;
    private const int FirstLead = 0x1100;
    private const int FirstVowel = 0x1161;
    private const int FirstTail = 0x11A7; // one before the first, as a syllable may have none
    private const int Leads = 19;
    private const int Vowels = 21;
    private const int Tails = 28;
    private const int FirstCombining = 0x300;

    private static readonly Dictionary<int, int[]> Decompositions = [];
    private static readonly Dictionary<(int, int), int> Compositions = [];
    private static readonly Dictionary<int, int> Classes = [];
    private static readonly Dictionary<int, string> Widths = [];

    static UnicodeForms()
    {
        foreach (var line in TextResource.Lines("unicode.txt"))
        {
            var parts = line[2..].Split(' ');
            int[] codes = [.. parts.Select(part => int.Parse(part, NumberStyles.HexNumber, CultureInfo.InvariantCulture))];
            switch (line[0])
            {
                case 'c':
                    for (var code = codes[0]; code <= codes[1]; code++)
                    {
                        Classes[code] = int.Parse(parts[2], CultureInfo.InvariantCulture);
                    }
                    break;
                case 'w':
                    Widths[codes[0]] = string.Concat(codes[1..].Select(char.ConvertFromUtf32));
                    break;
                default:
                    Decompositions[codes[0]] = codes[1..];
                    if (line[0] == 'p')
                    {
                        Compositions[(codes[1], codes[2])] = codes[0];
                    }
                    break;
            }
        }
    }

    /// <summary>What a full-width or half-width form is in the usual width; null for other characters.</summary>
    public static string? UsualWidth(char letter) => letter >= '\u3000' ? Widths.GetValueOrDefault(letter) : null;

    /// <summary>The text with marks joined to their letters.</summary>
    public static string Compose(string text)
    {
        if (text.All(letter => letter < FirstCombining))
        {
            return text;
        }
        var codes = new List<int>(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            Decompose(rune.Value, codes);
        }
        Order(codes);
        var composed = new StringBuilder(text.Length);
        foreach (var code in Join(codes))
        {
            composed.Append(new Rune(code));
        }
        return composed.ToString();
    }

    private static int ClassOf(int code) => code < FirstCombining ? 0 : Classes.GetValueOrDefault(code);

    private static void Decompose(int code, List<int> into)
    {
        if (code is >= FirstSyllable and < FirstSyllable + Leads * Vowels * Tails)
        {
            var index = code - FirstSyllable;
            into.Add(FirstLead + index / (Vowels * Tails));
            into.Add(FirstVowel + index / Tails % Vowels);
            if (index % Tails > 0)
            {
                into.Add(FirstTail + index % Tails);
            }
        }
        else if (Decompositions.TryGetValue(code, out var parts))
        {
            foreach (var part in parts)
            {
                Decompose(part, into);
            }
        }
        else
        {
            into.Add(code);
        }
    }

    /// <summary>Sorts runs of marks by their class; equal ones keep their order.</summary>
    private static void Order(List<int> codes)
    {
        for (var i = 1; i < codes.Count; i++)
        {
            var own = ClassOf(codes[i]);
            for (var at = i; own > 0 && at > 0 && ClassOf(codes[at - 1]) > own; at--)
            {
                (codes[at - 1], codes[at]) = (codes[at], codes[at - 1]);
            }
        }
    }

    private static List<int> Join(List<int> codes)
    {
        var joined = new List<int>(codes.Count);
        var (starter, last) = (-1, 0); // place of the last starter, and the class of what was kept behind it
        foreach (var code in codes)
        {
            var own = ClassOf(code);
            var isBlocked = starter < 0 || (starter < joined.Count - 1 && (last >= own || last == 0));
            if (!isBlocked && Pair(joined[starter], code) is { } pair)
            {
                joined[starter] = pair;
                continue;
            }
            if (own == 0)
            {
                starter = joined.Count;
            }
            last = own;
            joined.Add(code);
        }
        return joined;
    }

    private static int? Pair(int first, int second)
    {
        if (first is >= FirstLead and < FirstLead + Leads && second is >= FirstVowel and < FirstVowel + Vowels)
        {
            return FirstSyllable + ((first - FirstLead) * Vowels + second - FirstVowel) * Tails;
        }
        var isOpen = first is >= FirstSyllable and < FirstSyllable + Leads * Vowels * Tails && (first - FirstSyllable) % Tails == 0;
        if (isOpen && second is > FirstTail and < FirstTail + Tails)
        {
            return first + second - FirstTail;
        }
        return Compositions.TryGetValue((first, second), out var whole) ? whole : null;
    }
}
