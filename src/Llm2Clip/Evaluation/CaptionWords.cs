using System.Globalization;
using System.Text;

namespace Llm2Clip.Evaluation;

/// <summary>Captions cut after some words, for recall by the length of captions.</summary>
internal static class CaptionWords
{
    /// <summary>
    /// The text up to the end of its <paramref name="count"/>-th word, or all of it. Words are what blanks part; in Chinese and Japanese,
    /// which have none, each character is one, and punctuation belongs to the word before it.
    /// </summary>
    public static string Cut(string text, int count)
    {
        var (words, inWord, end) = (0, false, 0);
        foreach (var rune in text.EnumerateRunes())
        {
            var starts = StandsAlone(rune) || (!inWord && !Rune.IsWhiteSpace(rune) && !(words > 0 && Trails(rune)));
            if (starts && words++ == count)
            {
                return text[..end].TrimEnd();
            }
            inWord = !Rune.IsWhiteSpace(rune) && !StandsAlone(rune) && (inWord || starts);
            end += rune.Utf16SequenceLength;
        }
        return text;
    }

    /// <summary>Whether a character belongs to the word before it, across a blank too.</summary>
    private static bool Trails(Rune rune) => Rune.IsPunctuation(rune)
        && Rune.GetUnicodeCategory(rune) is not (UnicodeCategory.OpenPunctuation or UnicodeCategory.InitialQuotePunctuation);

    /// <summary>Whether a character is a word: ideographs and kana.</summary>
    private static bool StandsAlone(Rune rune) => Rune.GetUnicodeCategory(rune) == UnicodeCategory.OtherLetter && rune.Value is
        (>= 0x3041 and <= 0x30FF) or (>= 0x3400 and <= 0x4DBF) or (>= 0x4E00 and <= 0x9FFF) or (>= 0xF900 and <= 0xFAFF)
        or (>= 0x20000 and <= 0x3FFFF);
}
