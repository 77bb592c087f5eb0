using System.Globalization;
using System.Text;

namespace Llm2Clip.Models.Text;

/// <summary>
/// Cuts a cleaned caption into the words that byte pairs are merged in (openai/CLIP d05afc4 clip/simple_tokenizer.py#L78): special tokens,
/// the endings 's 't 're 've 'm 'll 'd, runs of letters, single numerals, runs of all else that is not blank. .NET's regular expressions
/// see halves of a character beyond U+FFFF, so that they find no letters there.
/// </summary>
internal static class CaptionWords
{
    /// <summary>The pattern does not mind case, of which the long s is one of s.</summary>
    private static readonly string[] Endings = ["'s", "'\u017F", "'t", "'re", "'ve", "'m", "'ll", "'d"];

    private enum Kind
    {
        Blank,
        Letter,
        Numeral,
        Other,
    }

    /// <summary>The words in order; a special token is a word of its own.</summary>
    public static IEnumerable<string> Of(string text, IReadOnlyList<string> specials)
    {
        for (var at = 0; at < text.Length;)
        {
            var length = WordAt(text, at, specials);
            if (length > 0)
            {
                yield return text.Substring(at, length);
            }
            at += Math.Max(1, length);
        }
    }

    private static int WordAt(string text, int at, IReadOnlyList<string> specials)
    {
        foreach (var special in specials)
        {
            if (string.CompareOrdinal(text, at, special, 0, special.Length) == 0)
            {
                return special.Length;
            }
        }
        if (text[at] == '\'')
        {
            foreach (var ending in Endings)
            {
                if (string.CompareOrdinal(text, at, ending, 0, ending.Length) == 0)
                {
                    return ending.Length;
                }
            }
        }
        var (kind, length) = KindAt(text, at);
        if (kind == Kind.Blank)
        {
            return 0;
        }
        var end = at + length;
        while (kind != Kind.Numeral && end < text.Length && KindAt(text, end) is var next && next.Kind == kind)
        {
            end += next.Length;
        }
        return end - at;
    }

    private static (Kind Kind, int Length) KindAt(string text, int at)
    {
        var letter = text[at];
        if (letter < '\u0080')
        {
            return (char.IsAsciiLetter(letter) ? Kind.Letter : char.IsAsciiDigit(letter) ? Kind.Numeral
                : char.IsWhiteSpace(letter) ? Kind.Blank : Kind.Other, 1);
        }
        Rune.DecodeFromUtf16(text.AsSpan(at), out var rune, out var length);
        return (Rune.GetUnicodeCategory(rune) switch
        {
            <= UnicodeCategory.OtherLetter => Kind.Letter, // the five kinds of letters come first
            UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber => Kind.Numeral,
            _ => Rune.IsWhiteSpace(rune) ? Kind.Blank : Kind.Other,
        }, length);
    }
}
