using System.Globalization;
using Llm2Clip.Search;

namespace Llm2Clip.Reporting;

/// <summary>The self-contained page of a search: what was asked, and the thumbnails of what was found, which open their files.</summary>
internal static class SearchPage
{
    public static HtmlReport Of(SearchReport report)
    {
        var page = new HtmlReport(Title(report.Terms));
        foreach (var note in report.Notes)
        {
            page.Note(note);
        }
        return page
            .Note(string.Create(
                CultureInfo.InvariantCulture,
                $"{report.Hits.Count:N0} of {report.Images:N0} images in {report.Index}; the number is the cosine of image and query."))
            .Photos(report.Hits.Select(Photo));
    }

    /// <summary>What was asked, in one line, such as <c>a dog, not people</c>.</summary>
    public static string Title(IReadOnlyList<QueryTerm> terms) => string.Join(", ", terms.Select(term =>
    {
        var usual = term.Weight is 1 or -QueryTerm.AvoidedWeight;
        var weight = usual ? "" : string.Create(CultureInfo.InvariantCulture, $" ^{Math.Abs(term.Weight):0.##}");
        return $"{(term.Weight < 0 ? "not " : "")}{(term.IsImage ? Path.GetFileName(term.Text) : term.Text)}{weight}";
    }));

    private static PagePhoto Photo(SearchHit hit) => new(
        hit.Path, hit.Thumbnail, hit.IsFile && !hit.IsGone ? hit.Path : null,
        [
            string.Create(CultureInfo.InvariantCulture, $"{hit.Rank}. {Path.GetFileName(hit.Path)} ({hit.Score:F3})"),
            .. Facts(hit),
            .. hit.Captions.Take(1).Select(caption => caption.Text),
            .. hit.Alike.Select(path => $"looks like it: {Path.GetFileName(path)}"),
        ]);

    private static IEnumerable<string> Facts(SearchHit hit)
    {
        if (hit.Taken is { } taken)
        {
            yield return taken.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);
        }
        if (hit.Place is { } place)
        {
            yield return place.ToString();
        }
        if (hit.IsGone)
        {
            yield return "the file is not there any more";
        }
    }
}
