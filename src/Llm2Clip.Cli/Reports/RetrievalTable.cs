using System.Globalization;
using Llm2Clip.Evaluation;

namespace Llm2Clip.Cli.Reports;

/// <summary>The outcome of <c>eval retrieval</c>: a line for each direction, language and mean, and what chance would give.</summary>
internal static class RetrievalTable
{
    public static void Print(RetrievalReport report, Screen output)
    {
        List<Cell[]> lines = [["search", "captions", "mean", .. Recalls.Headings, "median", $"of {report.ReferenceLanguage}"]];
        Add("T2I", row => row.TextToImage, row => row.ShareOfReference is { } share ? Recalls.Percent(share) + " %" : "");
        Add("I2T", row => row.ImageToText, _ => "");
        output.Table(lines, labels: 3);
        var intervals = Recalls.IntervalNote(report.Rows.SelectMany(row => new[] { row.TextToImage, row.ImageToText }), output);
        output.Paragraph(
            $"T2I: images found by captions; I2T: captions found by images. {report.Images} images; recall in percent{intervals}. "
            + $"The last column has R@10 as a share of that in {report.ReferenceLanguage}.");
        if (report.HasTeacher)
        {
            output.Paragraph(RetrievalReport.MeansNote);
        }
        if (report.Lengths is { } lengths)
        {
            PrintLengths(lengths, output);
        }
        foreach (var note in report.Notes)
        {
            output.Paragraph($"Note: {note}");
        }
        output.Paragraph($"Protocol: {report.Protocol}.");
        if (report.Page.Length > 0)
        {
            output.WriteLine($"Page: {report.Page}");
        }

        void Add(string search, Func<RetrievalRow, RecallNumbers> numbers, Func<RetrievalRow, string> share)
        {
            // A querybank changes what captions find alone.
            foreach (var row in report.Rows.Where(row => search == "T2I" || row.Querybank == 0))
            {
                var found = numbers(row);
                var median = found.MedianRank.ToString("0.#", CultureInfo.InvariantCulture);
                lines.Add([search, row.Language, row.Name, .. Recalls.Cells(found), median, share(row)]);
            }
            if (report.Rows.Count > 0)
            {
                var chances = numbers(report.Rows[0]).Chance.Select(chance => (Cell)Recalls.Percent(chance));
                lines.Add([search, "chance", "", .. chances, "", ""]);
            }
        }
    }

    private static void PrintLengths(IReadOnlyList<LengthRow> lengths, Screen output)
    {
        List<Cell[]> lines = [["captions", "mean", "words", "shortened", "T2I R@1", "R@5", "R@10", "I2T R@1", "R@5", "R@10"]];
        lines.AddRange(lengths.Select(row => (Cell[])
        [
            row.Language, row.Mean, row.Words.ToString(CultureInfo.InvariantCulture), Recalls.Percent(row.Shortened) + " %",
            .. row.TextToImage.Recalls.Concat(row.ImageToText.Recalls).Select(recall => (Cell)Recalls.Percent(recall)),
        ]));
        output.Table(lines, labels: 2);
        output.Paragraph(RetrievalReport.LengthsNote);
    }
}
