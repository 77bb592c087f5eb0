using Llm2Clip.Evaluation;

namespace Llm2Clip.Reporting;

/// <summary>
/// The self-contained page of a retrieval report: its tables and queries, and the curves of the runs that made student and teacher.
/// </summary>
internal static class RetrievalPage
{
    /// <summary>Builds the page. The curves come from the metrics beside the report's model and in its teacher's folder.</summary>
    public static HtmlReport Of(RetrievalReport report)
    {
        var page = new HtmlReport("Retrieval: " + report.Model).Recall(report);
        page.Heading("Queries and the images they found")
            .Paragraph("Queries are drawn by the seed, not chosen by success. The query's own image is framed.")
            .Gallery(report.Queries);
        var training = Path.GetDirectoryName(Path.GetFullPath(report.Model))!;
        page.Heading("Student: training (clip-train)").Curves(MetricsLog.Read(training));
        page.Heading("Teacher: caption-contrastive training (cc-finetune)").Curves(MetricsLog.Read(report.Teacher));
        return page;
    }
}
