using System.Globalization;
using Llm2Clip.Evaluation;
using Llm2Clip.Evaluation.Classification;

namespace Llm2Clip.Reporting;

/// <summary>The self-contained page of a zero-shot report: the table, a chart of confusions, and a line per class.</summary>
internal static class ZeroShotPage
{
    /// <summary>Builds the page.</summary>
    /// <param name="report">The numbers.</param>
    /// <param name="file">The classes.</param>
    /// <param name="shownClasses">Classes in a chart of confusions at most.</param>
    /// <param name="settings">The run file of the evaluation, as text.</param>
    public static HtmlReport Of(ZeroShotReport report, ClassFile file, int shownClasses, string settings)
    {
        var page = new HtmlReport("Zero-shot: " + report.Model);
        List<string[]> table = [["prompts", "mean", "top-1", "top-5", "mean per class"]];
        table.AddRange(report.Rows.Select(row => new[]
        {
            row.Language, row.Mean, WithInterval(row.Scores.Top1, row.Scores.Top1Interval),
            WithInterval(row.Scores.Top5, row.Scores.Top5Interval), Percent(row.Scores.MeanPerClass),
        }));
        table.Add(["chance", "", Percent(report.Chance), "", ""]);
        page.Table(table, labels: 2).Note(string.Create(
            CultureInfo.InvariantCulture,
            $"Percent of {report.Images:N0} images of {report.Data}, {report.Classes:N0} classes; in parentheses the 95 % interval."));
        IEnumerable<string> means = report.HasTeacher ? [ZeroShotReport.MeansNote] : [];
        foreach (var note in report.Notes.Concat(means).Append($"Protocol: {report.Protocol}."))
        {
            page.Note(note);
        }
        foreach (var row in report.Rows)
        {
            string[] names = [.. file.Classes.Select(entry => entry.Shown(row.Language))];
            page.Heading($"{row.Language}, {row.Mean} mean")
                .Charts([ConfusionChart.Render(
                    "Classes of the images (rows) and what they were taken for (columns)", row.Scores, names, shownClasses)])
                .Table(Classes(row.Scores), labels: 2);
        }
        return page.Heading("What was measured").Facts(Facts(report))
            .Heading("Settings").Details("The run file of this evaluation, with the defaults", settings);
    }

    private static List<string[]> Classes(ClassScores scores) =>
    [
        ["class", "name", "images", "top-1", "top-5", "most often taken for"],
        .. scores.Classes.Select(score => new[]
        {
            score.Id, score.Name, score.Images.ToString("N0", CultureInfo.InvariantCulture), Percent(score.Top1), Percent(score.Top5),
            score.TakenFor is null ? "" : string.Create(CultureInfo.InvariantCulture, $"{score.TakenFor} ({score.TakenForCount:N0})"),
        }),
    ];

    private static IEnumerable<(string Name, string Text)> Facts(ZeroShotReport report) =>
    [
        ("date", report.Date.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture)),
        ("version", "Llm2Clip " + report.Version),
        ("device", report.Device),
        ("classes", report.ClassFile),
        ("templates", report.TemplateFile.Length > 0 ? report.TemplateFile : report.ClassFile),
        (report.HasTeacher ? "student" : "model", report.Model),
        .. report.HasTeacher
            ? [("teacher", $"{report.Teacher}, fingerprint {report.TeacherFingerprint[..Math.Min(12, report.TeacherFingerprint.Length)]}")]
            : Array.Empty<(string, string)>(),
    ];

    private static string WithInterval(double? percent, Interval? interval) =>
        interval is { } ends ? $"{Percent(percent)} ({Percent(ends.Low)}–{Percent(ends.High)})" : Percent(percent);

    private static string Percent(double? percent) => percent?.ToString("F1", CultureInfo.InvariantCulture) ?? "";
}
