using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using Llm2Clip.Configuration;

namespace Llm2Clip.Search;

/// <summary>The shape of images.</summary>
public enum ImageShape
{
    /// <summary>Whatever it is.</summary>
    Any,

    /// <summary>Wider than high.</summary>
    Landscape,

    /// <summary>Higher than wide.</summary>
    Portrait,

    /// <summary>As wide as high.</summary>
    Square,
}

/// <summary>The <c>search</c> section of a run file: a query, and which images of an index may answer it.</summary>
public sealed record SearchConfig : ICheckedConfig
{
    [Description("Folder of the index; empty = the one that index of this run file writes.")]
    public string Index { get; init; } = "";

    [Description("Sentences to search by, in any language, each with a weight behind it if it is not 1: \"a dog^2\". Several count "
        + "together.")]
    public IReadOnlyList<string> Texts { get; init; } = [];

    [Description("Images to search by, files, with weights as texts have them.")]
    public IReadOnlyList<string> Images { get; init; } = [];

    [Description("Sentences that the images found should not show, with weights as texts have them; without one, 0.5.")]
    public IReadOnlyList<string> Not { get; init; } = [];

    [Description("Language of the sentences, such as de; empty = detected.")]
    public string Language { get; init; } = "";

    [Description("Images to find.")]
    [Range(1, 100_000)]
    public int Top { get; init; } = 20;

    [Description("First day, such as 2024-07-01 (or 2024-07, 2024): by the EXIF date of the photo, else by the date of its file.")]
    public string From { get; init; } = "";

    [Description("Last day, written the same way; a month or a year counts to its end.")]
    public string To { get; init; } = "";

    [Description("Only images below this folder.")]
    public string Folder { get; init; } = "";

    [Description("any | landscape | portrait | square.")]
    public ImageShape Shape { get; init; } = ImageShape.Any;

    [Description("Show images that look alike once, with the others named below it.")]
    public bool Fold { get; init; } = true;

    [Description("Score every image, also where the index has a graph of neighbors.")]
    public bool Exact { get; init; }

    [Description("File for a page with the images found, which needs no other file; empty = none.")]
    public string Html { get; init; } = "";

    [Description("Open the page in the browser; without html, one in the folder for temporary files.")]
    public bool Open { get; init; }

    [Description("auto | cpu | cuda:N.")]
    public string Device { get; init; } = "auto";

    /// <summary>The first moment that counts, and the first one after the last; null where there is no bound.</summary>
    internal (DateTime? From, DateTime? Before) Dates => (Days(From)?.First, Days(To)?.After);

    /// <inheritdoc/>
    public IEnumerable<(string Key, string Problem)> Check()
    {
        foreach (var (key, value) in new[] { ("from", From), ("to", To) })
        {
            if (value.Length > 0 && Days(value) is null)
            {
                yield return (key, $"is '{value}'; it must be a day, a month or a year, such as 2024-07-01, 2024-07 or 2024");
            }
        }
        if (Dates is { From: { } first, Before: { } after } && first >= after)
        {
            yield return ("from", $"is {From}, after search.to, {To}: no day is left");
        }
    }

    /// <summary>The days that a text means: one, or those of a month or a year.</summary>
    private static (DateTime First, DateTime After)? Days(string text)
    {
        const DateTimeStyles Style = DateTimeStyles.None;
        return DateTime.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, Style, out var day) ? (day, day.AddDays(1))
            : DateTime.TryParseExact(text, "yyyy-MM", CultureInfo.InvariantCulture, Style, out var month) ? (month, month.AddMonths(1))
            : DateTime.TryParseExact(text, "yyyy", CultureInfo.InvariantCulture, Style, out var year) ? (year, year.AddYears(1))
            : null;
    }
}
