using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Llm2Clip.Models.Text;

/// <summary>
/// HTML's character references, such as <c>&amp;amp;</c>, read by two sets of rules: those of Python's <c>html.unescape</c>, which are
/// HTML 5's, and the stricter ones of ftfy. .NET's own decoder knows HTML 4's names alone, and none without a semicolon.
/// </summary>
internal static partial class HtmlReferences
{
    private static readonly Dictionary<string, string> Names = [];
    private static readonly Dictionary<string, string> Capitals = []; // what ftfy reads besides

    /// <summary>What browsers make of the numbers of control characters: Windows-1252's characters.</summary>
    private static readonly Dictionary<int, string> Windows = Numbers();

    static HtmlReferences()
    {
        foreach (var line in TextResource.Lines("html5.txt"))
        {
            var parts = line.Split(' ');
            var value = string.Concat(parts.Skip(1).Select(hex => char.ConvertFromUtf32(int.Parse(hex, NumberStyles.HexNumber,
                CultureInfo.InvariantCulture))));
            if (parts[0][0] == '^')
            {
                Capitals[parts[0][1..]] = value;
            }
            else
            {
                Names[parts[0]] = value;
            }
        }
    }

    /// <summary>Python's <c>html.unescape</c>: names with and without a semicolon, of the latter the longest that is known.</summary>
    public static string Unescape(string text) =>
        text.Contains('&', StringComparison.Ordinal) ? Any().Replace(text, match => Replace(match.Value[1..])) : text;

    /// <summary>ftfy 6.3.1's <c>unescape_html</c>: names with a semicolon alone, also in capitals.</summary>
    public static string UnescapeStrictly(string text) => text.Contains('&', StringComparison.Ordinal)
        ? Strict().Replace(text, match =>
        {
            var name = match.Value[1..];
            if (name[0] == '#')
            {
                var plain = Unescape(match.Value);
                return plain.Contains(';', StringComparison.Ordinal) ? match.Value : plain;
            }
            return Names.GetValueOrDefault(name) ?? Capitals.GetValueOrDefault(name) ?? match.Value;
        })
        : text;

    private static string Replace(string name)
    {
        if (name[0] == '#')
        {
            return OfNumber(name[1..].TrimEnd(';'));
        }
        if (Names.TryGetValue(name, out var whole))
        {
            return whole;
        }
        for (var length = name.Length - 1; length > 1; length--)
        {
            if (Names.TryGetValue(name[..length], out var part))
            {
                return part + name[length..];
            }
        }
        return "&" + name;
    }

    private static string OfNumber(string digits)
    {
        var isHex = digits[0] is 'x' or 'X';
        var value = 0L;
        foreach (var digit in isHex ? digits[1..] : digits)
        {
            value = Math.Min(value * (isHex ? 16 : 10) + Convert.ToInt32(digit.ToString(), 16), 0x110000);
        }
        var number = (int)value;
        return Windows.TryGetValue(number, out var known) ? known
            : number is (>= 0xD800 and <= 0xDFFF) or > 0x10FFFF ? "\uFFFD"
            : IsNone(number) ? ""
            : char.ConvertFromUtf32(number);
    }

    /// <summary>Control characters, and code points that are no characters.</summary>
    private static bool IsNone(int number) =>
        number is (>= 1 and <= 8) or 0xB or (>= 0xE and <= 0x1F) or (>= 0x7F and <= 0x9F) or (>= 0xFDD0 and <= 0xFDEF)
        || (number & 0xFFFE) == 0xFFFE;

    private static Dictionary<int, string> Numbers()
    {
        var numbers = new Dictionary<int, string> { [0] = "\uFFFD", [0xD] = "\r" };
        for (var code = 0x80; code < 0xA0; code++)
        {
            numbers[code] = WindowsLetters.Of((char)code).ToString();
        }
        return numbers;
    }

    [GeneratedRegex(@"&(?:#[0-9]+;?|#[xX][0-9a-fA-F]+;?|[^\t\n\f <&#;]{1,32};?)", RegexOptions.CultureInvariant, 10_000)]
    private static partial Regex Any();

    [GeneratedRegex("&#?[0-9A-Za-z]{1,24};", RegexOptions.CultureInvariant, 10_000)]
    private static partial Regex Strict();
}

/// <summary>Control characters 80 to 9F, which are nearly always meant as those of Windows-1252.</summary>
internal static class WindowsLetters
{
    /// <summary>From 80 on; where Windows-1252 has no character the control character itself.</summary>
    private const string Letters =
        "\u20AC\u0081\u201A\u0192\u201E\u2026\u2020\u2021\u02C6\u2030\u0160\u2039\u0152\u008D\u017D\u008F"
        + "\u0090\u2018\u2019\u201C\u201D\u2022\u2013\u2014\u02DC\u2122\u0161\u203A\u0153\u009D\u017E\u0178";

    /// <summary>The character that a control character is meant as; others are themselves.</summary>
    public static char Of(char letter) => letter is >= '\u0080' and < '\u00A0' ? Letters[letter - 0x80] : letter;
}

/// <summary>Tables that are part of the library.</summary>
internal static class TextResource
{
    /// <summary>The lines of a table without its comments.</summary>
    public static IEnumerable<string> Lines(string name)
    {
        using var stream = typeof(TextResource).Assembly.GetManifestResourceStream(name)!;
        using var reader = new StreamReader(stream, Encoding.UTF8);
        while (reader.ReadLine() is { } line)
        {
            if (line.Length > 0 && line[0] != '#')
            {
                yield return line;
            }
        }
    }
}
