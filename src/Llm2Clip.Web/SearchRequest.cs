using System.Globalization;
using Llm2Clip.Configuration;
using Llm2Clip.Search;
using Microsoft.AspNetCore.Http;

namespace Llm2Clip.Web;

/// <summary>A query as a URL has it.</summary>
/// <param name="Config">The query, and which images may answer; images to search by are ids.</param>
/// <param name="Terms">Its terms; empty where an image alone is searched by.</param>
internal sealed record SearchRequest(SearchConfig Config, IReadOnlyList<QueryTerm> Terms)
{
    /// <summary>Longest sentence: more than any teacher reads.</summary>
    public const int MostCharacters = 2000;

    /// <summary>Stands for the image in the body of a request.</summary>
    public const string Upload = "upload";

    private const int MostTerms = 16;
    private const int MostImages = 1000;
    private const int StandardImages = 60;

    private static readonly string[] Lists = ["q", "not", "like"];
    private static readonly string[] Names =
        [.. Lists, "language", "top", "from", "to", "folder", "shape", "fold", "exact"];

    /// <summary>
    /// Reads a query string. Throws <see cref="ProblemException"/> or <see cref="ConfigException"/> (400) for what cannot be understood.
    /// </summary>
    /// <param name="query">The query string.</param>
    /// <param name="hasUpload">Whether the body is an image to search by.</param>
    /// <param name="hasTerms">Whether the query needs terms: not where the path names an image.</param>
    public static SearchRequest Of(IQueryCollection query, bool hasUpload, bool hasTerms = true)
    {
        foreach (var (name, values) in query)
        {
            var isKnown = Names.Contains(name) && (hasTerms || !Lists.Contains(name));
            if (!isKnown || (values.Count > 1 && !Lists.Contains(name)))
            {
                throw Bad(isKnown ? $"{name} is given {values.Count} times."
                    : NearestKey.Nearest(name, Names) is { } near ? $"{name} is not known; did you mean {near}?"
                    : $"{name} is not known; there are {string.Join(", ", Names)}.");
            }
        }
        var config = new SearchConfig
        {
            Texts = Texts("q"),
            Not = Texts("not"),
            Images = [.. Texts("like"), .. hasUpload ? [Upload] : Array.Empty<string>()],
            Language = Text("language"),
            Top = Number("top", StandardImages, MostImages),
            From = Text("from"),
            To = Text("to"),
            Folder = Text("folder"),
            Shape = Shape(Text("shape")),
            Fold = Flag("fold", true),
            Exact = Flag("exact", false),
        };
        Checked.Require(config);
        if (config.Texts.Count + config.Not.Count + config.Images.Count > MostTerms)
        {
            throw Bad($"There are more than {MostTerms} terms.");
        }
        if (hasTerms && config.Texts.Count + config.Images.Count == 0)
        {
            throw Bad("There is nothing to search for: give a sentence as q=, an image of the index as like=, or an image in the body.");
        }
        return new SearchRequest(config, hasTerms ? QueryTerm.Of(config) : []);

        IReadOnlyList<string> Texts(string name)
        {
            var texts = query[name].OfType<string>().Where(text => text.Trim().Length > 0).ToList();
            return texts.Find(text => text.Length > MostCharacters) is { } tooLong
                ? throw Bad($"{name} has {tooLong.Length:N0} characters; {MostCharacters:N0} are read at most.")
                : texts;
        }

        string Text(string name) => query[name].ToString() is { Length: <= MostCharacters } text
            ? text.Trim()
            : throw Bad($"{name} is longer than {MostCharacters:N0} characters.");

        int Number(string name, int standard, int most) => Text(name) is not { Length: > 0 } text ? standard
            : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= 1 && number <= most ? number
            : throw Bad($"{name} is '{text}'; it must be a whole number from 1 to {most:N0}.");

        bool Flag(string name, bool standard) => Text(name) switch
        {
            "" => standard,
            "true" => true,
            "false" => false,
            var text => throw Bad($"{name} is '{text}'; it must be true or false."),
        };
    }

    private static ImageShape Shape(string text) => text.Length == 0 ? ImageShape.Any
        : Enum.TryParse<ImageShape>(text, ignoreCase: true, out var shape) && !char.IsAsciiDigit(text[0]) ? shape
        : throw Bad($"shape is '{text}'; it must be any, landscape, portrait or square.");

    private static ProblemException Bad(string detail) => new(StatusCodes.Status400BadRequest, detail);
}
