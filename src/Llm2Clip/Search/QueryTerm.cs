using System.Globalization;

namespace Llm2Clip.Search;

/// <summary>A part of a query: what is looked for, or to be avoided, and how much it counts.</summary>
/// <param name="Text">A sentence, or the file of an image.</param>
/// <param name="Weight">Factor on its vector of length 1; below 0 where it is to be avoided.</param>
/// <param name="IsImage">Whether it is an image.</param>
public sealed record QueryTerm(string Text, double Weight, bool IsImage)
{
    /// <summary>Weight of what is to be avoided where none is given.</summary>
    internal const double AvoidedWeight = 0.5;

    /// <summary>The terms of a configuration. Throws <see cref="ConfigException"/> where there is none, or one is empty or its weight makes
    /// no sense.</summary>
    internal static IReadOnlyList<QueryTerm> Of(SearchConfig config)
    {
        IReadOnlyList<QueryTerm> terms =
        [
            .. config.Texts.Select(text => Of("search.texts", text, 1, isImage: false)),
            .. config.Images.Select(text => Of("search.images", text, 1, isImage: true)),
            .. config.Not.Select(text => Of("search.not", text, AvoidedWeight, isImage: false))
                .Select(term => term with { Weight = -term.Weight }),
        ];
        return terms.Any(term => term.Weight > 0)
            ? terms
            : throw new ConfigException(
                "There is nothing to search for: give a sentence, as in `llm2clip search \"a dog on the beach\"`, or an image (--image).");
    }

    /// <summary>A term as it is written: the weight follows the last <c>^</c>, as in Lucene's query syntax.</summary>
    private static QueryTerm Of(string key, string written, double weight, bool isImage)
    {
        var text = written;
        var mark = written.LastIndexOf('^');
        if (mark >= 0 && double.TryParse(written.AsSpan(mark + 1), NumberStyles.Float, CultureInfo.InvariantCulture, out var given))
        {
            (text, weight) = (written[..mark], given);
        }
        text = text.Trim();
        if (text.Length == 0 || text.Length > MostCharacters)
        {
            throw new ConfigException(text.Length == 0
                ? $"{key} holds an empty text."
                : $"{key} holds a text of {text.Length:N0} characters; {MostCharacters:N0} are read at most.");
        }
        return weight is > 0 and <= 1000
            ? new QueryTerm(text, weight, isImage)
            : throw new ConfigException($"{key} holds '{written}', with the weight {weight}; it must be above 0 and at most 1000.");
    }

    /// <summary>Far more than any teacher reads.</summary>
    private const int MostCharacters = 100_000;
}
