using System.Globalization;
using Llm2Clip.Configuration;
using Llm2Clip.Evaluation;
using Llm2Clip.Evaluation.Classification;

namespace Llm2Clip.Cli.Reports;

/// <summary>The outcomes of <c>eval zeroshot</c>, a line per language and mean, and of <c>eval linear-probe</c>.</summary>
internal static class ClassTables
{
    private static readonly string[] Columns = ["top-1", "top-5", "mean per class"];

    public static void Print(ZeroShotReport report, Screen output)
    {
        List<Cell[]> lines = [["prompts", "mean", .. Columns.Select(column => (Cell)column)]];
        lines.AddRange(report.Rows.Select(row => (Cell[])[row.Language, row.Mean, .. Cells(row.Scores)]));
        lines.Add(["chance", "", Percent(report.Chance), "", ""]);
        output.Table(lines, labels: 2);
        output.Paragraph(string.Create(
            CultureInfo.InvariantCulture, $"{report.Images:N0} images of {report.Data}, {report.Classes:N0} classes; percent")
            + $"{IntervalNote(output)}.");
        if (report.HasTeacher)
        {
            output.Paragraph(ZeroShotReport.MeansNote);
        }
        foreach (var note in report.Notes)
        {
            output.Paragraph($"Note: {note}");
        }
        output.Paragraph($"Protocol: {report.Protocol}.");
        output.WriteLine($"Page: {report.Page}");
    }

    public static void Print(LinearProbeReport report, Screen output)
    {
        List<Cell[]> lines = [["features", .. Columns.Select(column => (Cell)column)]];
        lines.Add([ConfigSchema.SnakeCase(report.Features.ToString()), .. Cells(report.Scores)]);
        lines.Add(["chance", Percent(report.Chance), "", ""]);
        output.Table(lines, labels: 1);
        output.Paragraph(string.Create(
            CultureInfo.InvariantCulture,
            $"{report.Images:N0} images of {report.Data}, {report.Classes:N0} classes; percent{IntervalNote(output)}. ")
            + string.Create(
                CultureInfo.InvariantCulture,
                $"Fitted on {report.TrainImages:N0} images of {report.Train}, {report.Dimension:N0} features each, with the penalty ")
            + string.Create(
                CultureInfo.InvariantCulture,
                $"{report.Penalty:g3} (C = {1 / report.Penalty:g3}) of {report.Tried.Count} that were tried."));
        output.Paragraph($"Protocol: {report.Protocol}.");
    }

    private static IEnumerable<Cell> Cells(ClassScores scores) =>
    [
        new(Percent(scores.Top1), Text(scores.Top1Interval)),
        scores is { Top5: { } top5, Top5Interval: { } interval } ? new Cell(Percent(top5), Text(interval)) : new Cell(""),
        Percent(scores.MeanPerClass),
    ];

    private static string IntervalNote(Screen output) =>
        $", with the 95 % interval {(output.Terminal is null ? "in parentheses" : "below it")}";

    private static string Text(Interval interval) => $"{Percent(interval.Low)}-{Percent(interval.High)}";

    private static string Percent(double percent) => percent.ToString("F1", CultureInfo.InvariantCulture);
}
