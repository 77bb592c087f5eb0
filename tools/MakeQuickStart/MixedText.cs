using System.Text;

namespace Llm2Clip.MakeQuickStart;

/// <summary>Text in which words of several languages stand in for each other.</summary>
public static class MixedText
{
    /// <summary>For each language its forms, the longest first, with the number of their concept.</summary>
    private static readonly Dictionary<string, List<(string Form, int Concept)>> Forms = Grammars.All.ToDictionary(
        grammar => grammar.Language,
        grammar => grammar.Concepts
            .SelectMany((forms, concept) => forms.Select(form => (Form: form, Concept: concept)))
            .OrderByDescending(entry => entry.Form.Length).ThenBy(entry => entry.Form, StringComparer.Ordinal)
            .ToList());

    /// <summary>Replaces about half of the concepts that <paramref name="text"/> names by a form in another language.</summary>
    public static string Mix(string text, string language, SceneRandom random)
    {
        var spaced = language != "zh";
        var mixed = new StringBuilder();
        for (var i = 0; i < text.Length;)
        {
            if (Match(text, i, language, spaced) is not { } match)
            {
                mixed.Append(text[i++]);
                continue;
            }
            i += match.Form.Length;
            var (other, form) = random.Chance(0.5) ? Translate(match.Concept, language, random) : (language, match.Form);
            // Latin words inside Chinese get blanks around them; the other way round the blanks are there.
            mixed.Append(!spaced && other != "zh" ? $" {form} " : form);
        }
        return mixed.ToString().Replace("  ", " ").Trim();
    }

    private static (string Form, int Concept)? Match(string text, int start, string language, bool spaced)
    {
        if (spaced && start > 0 && text[start - 1] != ' ')
        {
            return null;
        }
        foreach (var entry in Forms[language])
        {
            var end = start + entry.Form.Length;
            if (string.CompareOrdinal(text, start, entry.Form, 0, entry.Form.Length) == 0
                && (!spaced || end == text.Length || text[end] is ' ' or '.'))
            {
                return entry;
            }
        }
        return null;
    }

    private static (string Language, string Form) Translate(int concept, string language, SceneRandom random)
    {
        var other = random.Pick([.. Grammars.All.Where(grammar => grammar.Language != language)]);
        return (other.Language, random.Pick(other.Concepts[concept]));
    }
}
