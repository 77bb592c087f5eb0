using System.Globalization;
using System.IO.Hashing;
using System.Runtime.InteropServices;
using System.Text;

namespace Llm2Clip.Data.Inspection;

/// <summary>What captions are compared by, and how their length is counted.</summary>
internal static class CaptionText
{
    /// <summary>Characters of a piece of <see cref="Shingles"/>.</summary>
    private const int ShingleLength = 3;

    /// <summary>
    /// The text in lower case with letters, digits and marks alone, and single spaces for what stood between them; full-width Latin
    /// becomes ordinary. A text without any letter or digit stays as it is.
    /// </summary>
    public static string Normalize(string text)
    {
        var result = new StringBuilder(text.Length);
        var gap = false;
        foreach (var rune in text.EnumerateRunes())
        {
            var plain = rune.Value is >= 0xFF01 and <= 0xFF5E ? new Rune(rune.Value - 0xFEE0) : rune;
            if (!Rune.IsLetterOrDigit(plain) && !IsMark(plain))
            {
                gap = true;
                continue;
            }
            if (gap && result.Length > 0)
            {
                result.Append(' ');
            }
            gap = false;
            result.Append(Rune.ToLowerInvariant(plain).ToString());
        }
        return result.Length > 0 ? result.ToString() : text.Trim();
    }

    /// <summary>Hash of a normalized text; never 0.</summary>
    public static ulong Hash(string normalized) => Math.Max(1, XxHash3.HashToUInt64(MemoryMarshal.AsBytes(normalized.AsSpan())));

    /// <summary>
    /// Words of a text: a run of characters without white space that holds a letter or digit is one. In scripts that are written without
    /// spaces (Chinese, Japanese, Thai, Lao, Khmer, Burmese) each letter is one; <c>Characters</c> says how many of the words are such
    /// letters.
    /// </summary>
    public static (int Words, int Characters) Words(string text)
    {
        var (words, characters, inWord) = (0, 0, false);
        foreach (var rune in text.EnumerateRunes())
        {
            if (StartsWord(rune, ref inWord))
            {
                words++;
                characters += inWord ? 0 : 1;
            }
        }
        return (words, characters);
    }

    /// <summary>
    /// The text up to the end of its <paramref name="count"/>-th word (<see cref="Words"/>), with the punctuation behind that; all of it
    /// where it has no more words.
    /// </summary>
    public static string Cut(string text, int count)
    {
        var (words, inWord, end) = (0, false, 0);
        foreach (var rune in text.EnumerateRunes())
        {
            if (StartsWord(rune, ref inWord) && words++ == count)
            {
                while (end > 0 && (char.IsWhiteSpace(text[end - 1]) || char.GetUnicodeCategory(text[end - 1])
                    is UnicodeCategory.OpenPunctuation or UnicodeCategory.InitialQuotePunctuation))
                {
                    end--;
                }
                return text[..end];
            }
            end += rune.Utf16SequenceLength;
        }
        return text;
    }

    /// <summary>
    /// Every piece of three UTF-16 units of the normalized text with a space before and behind it, packed into a number; repeated ones are
    /// repeated.
    /// </summary>
    public static int Shingles(string normalized, ref ulong[] into)
    {
        var count = normalized.Length + 2 - ShingleLength + 1;
        if (into.Length < count)
        {
            into = new ulong[Math.Max(count, 256)];
        }
        ulong packed = ' ';
        for (var i = 0; i <= normalized.Length; i++)
        {
            packed = (packed << 16 | (i < normalized.Length ? normalized[i] : ' ')) & 0xFFFF_FFFF_FFFF;
            if (i > 0)
            {
                into[i - 1] = packed;
            }
        }
        return count;
    }

    /// <summary>Jaccard similarity of the pieces of two normalized texts: those that both have, of those that either has.</summary>
    public static double Similarity(string first, string second)
    {
        var (a, b) = (Distinct(first), Distinct(second));
        var common = a.Count(b.Contains);
        return (double)common / (a.Count + b.Count - common);
    }

    private static HashSet<ulong> Distinct(string normalized)
    {
        ulong[] shingles = [];
        var count = Shingles(normalized, ref shingles);
        return [.. shingles.AsSpan(0, count)];
    }

    /// <summary>
    /// Whether a word starts with a character; <paramref name="inWord"/> says before whether it follows others of one, and behind whether
    /// further ones may.
    /// </summary>
    private static bool StartsWord(Rune rune, ref bool inWord)
    {
        if (Rune.IsLetter(rune) && IsWrittenWithoutSpaces(rune.Value))
        {
            inWord = false;
            return true;
        }
        if (!Rune.IsLetterOrDigit(rune))
        {
            inWord &= !Rune.IsWhiteSpace(rune);
            return false;
        }
        var starts = !inWord;
        inWord = true;
        return starts;
    }

    private static bool IsMark(Rune rune) => Rune.GetUnicodeCategory(rune)
        is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark;

    /// <summary>By Unicode blocks: Thai and Lao, Myanmar, Khmer, Kana (half-width too), Han with its iteration mark.</summary>
    private static bool IsWrittenWithoutSpaces(int rune) => rune
        is (>= 0x0E00 and <= 0x0EFF) or (>= 0x1000 and <= 0x109F) or (>= 0x1780 and <= 0x17FF)
        or (>= 0x3005 and <= 0x3007) or (>= 0x3041 and <= 0x30FF) or (>= 0x31F0 and <= 0x31FF) or (>= 0xFF66 and <= 0xFF9F)
        or (>= 0x3400 and <= 0x4DBF) or (>= 0x4E00 and <= 0x9FFF) or (>= 0xF900 and <= 0xFAFF) or (>= 0x20000 and <= 0x3FFFF);
}
