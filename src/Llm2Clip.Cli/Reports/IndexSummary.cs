using System.Globalization;
using Llm2Clip.Pipeline;

namespace Llm2Clip.Cli.Reports;

/// <summary>The outcome of <c>index</c>, and what is known of an index.</summary>
internal static class IndexSummary
{
    public static void Print(IndexReport report, Screen output)
    {
        var counts = report.Counts;
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{report.Index}: {report.Images:N0} images."));
        output.Paragraph(string.Create(
            CultureInfo.InvariantCulture,
            $"{counts.Encoded:N0} encoded, {counts.Taken:N0} known by their bytes, {counts.Unchanged:N0} unchanged, {counts.Removed:N0} "
            + $"removed, {counts.Bad:N0} not readable; {report.Seconds:0.0} s."));
        output.Paragraph(report.Teacher.Length > 0 ? $"Teacher: {report.Teacher}" : "Teacher: not known; name it (--teacher).");
        if (report.Graph is { } graph)
        {
            output.Paragraph(string.Create(
                CultureInfo.InvariantCulture,
                $"Graph of neighbors: {graph.Images:N0} images in {graph.Seconds:0.0} s; recall@10 against exact {graph.Recall:0.000}."));
        }
        output.WriteLine($"Search it: llm2clip search \"...\" --index {report.Index}");
    }

    public static void Print(IndexStatus status, Screen output)
    {
        List<Cell[]> lines =
        [
            ["index", status.Index],
            ["images", status.Images.ToString("N0", CultureInfo.InvariantCulture)],
            ["removed rows", status.Removed.ToString("N0", CultureInfo.InvariantCulture)],
            ["size", string.Create(CultureInfo.InvariantCulture, $"{status.Bytes / 1e6:N1} MB")],
            ["changed", status.Updated.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture)],
            ["student", status.Model.Model],
            ["teacher", status.Model.Teacher.Length > 0 ? status.Model.Teacher : "not known"],
            .. status.Sources.Select(source => new Cell[] { "made of", source }),
        ];
        output.Table(lines, labels: 2, headings: false);
    }
}
