using System.Globalization;
using Llm2Clip.Evaluation;

namespace Llm2Clip.Reporting;

/// <summary>
/// The self-contained page of a retrieval report: its tables and queries, the curves of the runs that made teacher and student, and what
/// was run with which settings.
/// </summary>
internal static class RetrievalPage
{
    /// <summary>The effective settings that clip-train leaves beside its model.</summary>
    private const string TrainingSettings = "config.yaml";

    /// <summary>
    /// Builds the page. The curves come from the metrics of the student's training and of its teacher.
    /// </summary>
    /// <param name="report">The numbers.</param>
    /// <param name="settings">The run file of the evaluation, as text.</param>
    /// <param name="training">The folder of the student's training.</param>
    public static HtmlReport Of(RetrievalReport report, string settings, string training)
    {
        var page = new HtmlReport("Retrieval: " + report.Model).Recall(report);
        if (report.Lengths is { } lengths)
        {
            AddLengths(page, lengths);
        }
        page.Heading("What was measured").Facts(Facts(report));
        if (report.Queries.Count > 0)
        {
            page.Heading("Queries and the images they found")
                .Paragraph("The queries are drawn at random, not chosen by success. A query's own image has a green frame. "
                    + "Below each image are its key and its score, the cosine.")
                .Gallery(report.Queries);
        }
        if (report.HasTeacher)
        {
            AddCurves(page, "How the teacher was trained (cc-finetune)", report.Teacher, RunCurves.OfTeacher(report.Teacher));
            AddCurves(page, "How the student was trained (clip-train)", training, RunCurves.OfStudent(training));
        }
        else if (RunCurves.OfStudent(training) is { Count: > 0 } curves)
        {
            page.Heading("How the model was trained (longclip train)").Charts(curves);
        }
        page.Heading("Settings").Details("The run file of this evaluation, with the defaults", settings);
        var trainedWith = Path.Combine(training, TrainingSettings);
        if (File.Exists(trainedWith))
        {
            page.Details(
                $"The run file of the {(report.HasTeacher ? "student" : "model")}'s training, with the defaults",
                File.ReadAllText(trainedWith));
        }
        return page;
    }

    private static void AddLengths(HtmlReport page, IReadOnlyList<LengthRow> lengths)
    {
        page.Heading("Recall against the length of captions").Charts(
        [
            Chart("Images found by captions", row => row.TextToImage), Chart("Captions found by images", row => row.ImageToText),
        ]);
        page.Table(
        [
            ["captions", "mean", "words", "shortened %", "text to image R@1", "R@5", "R@10", "image to text R@1", "R@5", "R@10"],
            .. lengths.Select(row => (IReadOnlyList<string>)
            [
                row.Language, row.Mean, row.Words.ToString(CultureInfo.InvariantCulture), RetrievalReport.Percent(row.Shortened),
                .. row.TextToImage.Recalls.Concat(row.ImageToText.Recalls).Select(RetrievalReport.Percent),
            ]),
        ], labels: 2).Note(RetrievalReport.LengthsNote);

        string Chart(string title, Func<LengthRow, RecallNumbers> numbers) => LineChart.Render(
            title, "words of a caption", "R@1 %",
            [
                .. lengths.GroupBy(row => row.Language).Select(language => new ChartSeries(
                    language.Key, [.. language.Select(row => new MetricPoint(row.Words, 100 * numbers(row).RecallAt1))])),
            ]);
    }

    private static IEnumerable<(string Name, string Text)> Facts(RetrievalReport report) =>
    [
        ("date", report.Date.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture)),
        ("version", "Llm2Clip " + report.Version),
        ("device", report.Device),
        ("data", $"{report.Data}, {report.Images} images"),
        (report.HasTeacher ? "student" : "model", report.Model),
        .. report.HasTeacher ? TeacherFacts(report) : [],
    ];

    private static IEnumerable<(string Name, string Text)> TeacherFacts(RetrievalReport report) =>
    [
        ("teacher", $"{report.Teacher}, fingerprint {report.TeacherFingerprint[..Math.Min(12, report.TeacherFingerprint.Length)]}"),
        ("teacher's settings", string.Join(
            "; ", report.TeacherSettings.Where(setting => setting.Value is not "''").Select(setting => $"{setting.Key} {setting.Value}"))),
    ];

    private static void AddCurves(HtmlReport page, string heading, string folder, IReadOnlyList<string> charts)
    {
        page.Heading(heading);
        if (charts.Count > 0)
        {
            page.Charts(charts);
        }
        else
        {
            page.Note($"{Path.Combine(folder, MetricsLog.FileName)} has no metrics to draw.");
        }
    }
}
