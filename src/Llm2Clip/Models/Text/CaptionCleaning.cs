using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Llm2Clip.Models.Text;

/// <summary>
/// How CLIP's tokenizers clean a caption before they cut it (openai/CLIP d05afc4 clip/simple_tokenizer.py#L50, open_clip 89fb801
/// tokenizer.py): ftfy's <c>fix_text</c>, HTML references, runs of blanks, lower case.
/// </summary>
/// <remarks>
/// ftfy is at 6.3.1. One of its repairs is left out: that of text that was decoded by a wrong table (such as <c>schÃ¶n</c>), which guesses.
/// It never changes text that was decoded rightly, but for rare false alarms of its own.
/// </remarks>
internal static partial class CaptionCleaning
{
    private static readonly Dictionary<char, string> Ligatures = new()
    {
        ['\u0132'] = "IJ", ['\u0133'] = "ij", ['\u0149'] = "\u02BCn", ['\u01F1'] = "DZ", ['\u01F2'] = "Dz", ['\u01F3'] = "dz",
        ['\u01C4'] = "D\u017D", ['\u01C5'] = "D\u017E", ['\u01C6'] = "d\u017E", ['\u01C7'] = "LJ", ['\u01C8'] = "Lj", ['\u01C9'] = "lj",
        ['\u01CA'] = "NJ", ['\u01CB'] = "Nj", ['\u01CC'] = "nj", ['\uFB00'] = "ff", ['\uFB01'] = "fi", ['\uFB02'] = "fl",
        ['\uFB03'] = "ffi", ['\uFB04'] = "ffl", ['\uFB05'] = "\u017Ft", ['\uFB06'] = "st",
    };

    /// <summary>The caption as it is cut into words: without blanks at its ends, one blank between words, lower case.</summary>
    public static string Clean(string text)
    {
        var repaired = IsPlain(text) ? text : HtmlReferences.Unescape(HtmlReferences.Unescape(Repair(text)));
        return Lower(JoinBlanks(repaired));
    }

    /// <summary>Text that no repair changes: ASCII without references and control characters.</summary>
    private static bool IsPlain(string text) => text.All(letter => letter is >= ' ' and < '\u007F' and not '&' or '\n' or '\t');

    /// <summary>ftfy's <c>fix_text</c>, line by line. References stay from the first line on that has a tag in it.</summary>
    private static string Repair(string text)
    {
        var repaired = new StringBuilder(text.Length);
        var unescape = true;
        for (var at = 0; at < text.Length;)
        {
            var end = text.IndexOf('\n', at) + 1;
            var line = text[at..(end == 0 ? text.Length : end)];
            at += line.Length;
            unescape = unescape && !line.Contains('<', StringComparison.Ordinal);
            repaired.Append(RepairLine(line, unescape));
        }
        return repaired.ToString();
    }

    /// <summary>All repairs in ftfy's order, until nothing changes.</summary>
    private static string RepairLine(string line, bool unescape)
    {
        while (true)
        {
            unescape = unescape && !line.Contains('<', StringComparison.Ordinal);
            var text = RepairLetters(unescape ? HtmlReferences.UnescapeStrictly(line) : line);
            text = RemoveControls(TerminalEscape().Replace(text, ""));
            text = UnicodeForms.Compose(text);
            if (text == line)
            {
                return text;
            }
            line = text;
        }
    }

    private static string RepairLetters(string line)
    {
        var text = new StringBuilder(line.Length);
        for (var i = 0; i < line.Length; i++)
        {
            var letter = WindowsLetters.Of(line[i]);
            var isPair = char.IsHighSurrogate(letter) && i + 1 < line.Length && char.IsLowSurrogate(line[i + 1]);
            if (isPair)
            {
                text.Append(letter).Append(line[++i]);
            }
            else if (char.IsSurrogate(letter))
            {
                text.Append('\uFFFD');
            }
            else if ((Ligatures.GetValueOrDefault(letter) ?? UnicodeForms.UsualWidth(letter)) is { } several)
            {
                text.Append(several);
            }
            else if (letter == '\r')
            {
                i += i + 1 < line.Length && line[i + 1] == '\n' ? 1 : 0;
                text.Append('\n');
            }
            else
            {
                text.Append(letter switch
                {
                    '\u02BC' or (>= '\u2018' and <= '\u201B') => '\'',
                    >= '\u201C' and <= '\u201F' => '"',
                    '\u2028' or '\u2029' => '\n',
                    _ => letter,
                });
            }
        }
        return text.ToString();
    }

    private static string RemoveControls(string text) =>
        text.Any(IsControl) ? string.Concat(text.Where(letter => !IsControl(letter))) : text;

    private static bool IsControl(char letter) => letter is
        < '\t' or '\u000B' or (>= '\u000E' and < ' ') or '\u007F' or (>= '\u206A' and < '\u2070') or '\uFEFF'
        or (>= '\uFFF9' and < '\uFFFD');

    private static string JoinBlanks(string text)
    {
        var joined = new StringBuilder(text.Length);
        foreach (var letter in text)
        {
            if (!char.IsWhiteSpace(letter))
            {
                joined.Append(letter);
            }
            else if (joined.Length > 0 && joined[^1] != ' ')
            {
                joined.Append(' ');
            }
        }
        return joined.ToString().TrimEnd(' ');
    }

    /// <summary>
    /// Python's <c>lower</c>, which is Unicode's: the Turkish capital I with a dot becomes two characters, and a capital sigma at the end
    /// of a word the final one (Unicode 15, 3.13, Final_Sigma).
    /// </summary>
    private static string Lower(string text)
    {
        if (!text.AsSpan().ContainsAny('\u0130', '\u03A3'))
        {
            return text.ToLowerInvariant();
        }
        var lower = new StringBuilder(text.Length);
        Rune[] runes = [.. text.EnumerateRunes()];
        for (var i = 0; i < runes.Length; i++)
        {
            lower.Append(runes[i].Value switch
            {
                0x130 => "i\u0307",
                0x3A3 => IsCased(runes.AsSpan(0, i), fromEnd: true) && !IsCased(runes.AsSpan(i + 1), fromEnd: false) ? "\u03C2" : "\u03C3",
                _ => Rune.ToLowerInvariant(runes[i]).ToString(),
            });
        }
        return lower.ToString();
    }

    /// <summary>Whether the nearest rune that counts for case is one that has cases.</summary>
    private static bool IsCased(ReadOnlySpan<Rune> runes, bool fromEnd)
    {
        for (var i = 0; i < runes.Length; i++)
        {
            var rune = fromEnd ? runes[^(i + 1)] : runes[i];
            var category = Rune.GetUnicodeCategory(rune);
            var isIgnored = category is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark or UnicodeCategory.Format
                or UnicodeCategory.ModifierLetter or UnicodeCategory.ModifierSymbol
                || rune.Value is '\'' or '.' or ':' or 0xB7 or 0x387 or 0x55F or 0x5F4 or 0x2018 or 0x2019 or 0x2024 or 0x2027;
            if (!isIgnored)
            {
                return category is UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter;
            }
        }
        return false;
    }

    [GeneratedRegex("\u001B\\[[0-9;]*[a-zA-Z]", RegexOptions.CultureInvariant, 10_000)]
    private static partial Regex TerminalEscape();
}
