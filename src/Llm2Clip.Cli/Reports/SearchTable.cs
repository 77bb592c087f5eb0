using System.Globalization;
using Llm2Clip.Search;

namespace Llm2Clip.Cli.Reports;

/// <summary>The outcome of <c>search</c>: a line for each image, and what was applied.</summary>
internal static class SearchTable
{
    public static void Print(SearchReport report, Screen output)
    {
        var dates = report.Hits.Any(hit => hit.Taken is not null);
        var places = report.Hits.Any(hit => hit.Place is not null);
        List<Cell[]> lines = [Line("", "score", "date", "place", "image")];
        foreach (var hit in report.Hits)
        {
            var taken = hit.Taken?.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture) ?? "";
            lines.Add(Line(
                hit.Rank.ToString(CultureInfo.InvariantCulture), hit.Score.ToString("F3", CultureInfo.InvariantCulture), taken,
                hit.Place?.ToString() ?? "", Name(hit)));
        }
        if (report.Hits.Count == 0)
        {
            output.WriteLine("No image was found.");
        }
        else
        {
            output.Table(lines, labels: lines[0].Length);
        }
        foreach (var note in report.Notes)
        {
            output.Paragraph($"Note: {note}");
        }
        if (report.Page.Length > 0)
        {
            output.WriteLine($"Page: {report.Page}");
        }

        Cell[] Line(string rank, string score, string date, string place, string image) =>
            [rank, score, .. dates ? [date] : Array.Empty<Cell>(), .. places ? [place] : Array.Empty<Cell>(), image];
    }

    private static string Name(SearchHit hit)
    {
        var gone = hit.IsGone ? " (not there any more)" : "";
        var alike = hit.Alike.Count > 0 ? string.Create(CultureInfo.InvariantCulture, $" (and {hit.Alike.Count:N0} alike)") : "";
        return Short(hit) + gone + alike;
    }

    /// <summary>A file below the current directory is named from there.</summary>
    private static string Short(SearchHit hit) =>
        hit.IsFile && Path.GetRelativePath(".", hit.Path) is var relative && !relative.StartsWith("..", StringComparison.Ordinal)
            ? relative
            : hit.Path;
}
