using Llm2Clip.Evaluation;
using Llm2Clip.Reporting;

namespace Llm2Clip.Tests.Reporting;

public class HtmlReportTests
{
    private static RetrievalReport Report()
    {
        var numbers = RecallNumbers.From([1, 1, 6, 40], 100, [1, 1, 1, 1]);
        var weaker = RecallNumbers.From([9, 20, 60, 40], 100, [1, 1, 1, 1]);
        return new RetrievalReport
        {
            Model = "runs/student",
            Teacher = "runs/teacher",
            TeacherFingerprint = "abc",
            Data = "val-*.tar",
            Images = 100,
            ReferenceLanguage = "en",
            Rows = RetrievalReport.WithShares(
                [new RetrievalRow("en", "as is", numbers, numbers), new RetrievalRow("zh", "own mean", weaker, weaker)], "en"),
            Queries = [new ShownQuery("zh", "两只狗 <b>", 2, [new ShownHit("a", 0.5f, false, [1, 2]), new ShownHit("b", 0.4f, true, [3])])],
        };
    }

    [Fact]
    public void JsonNamesWhatWasMeasured()
    {
        var json = Report().ToJson();
        Assert.Contains("\"recall_at10\": 0.25", json, StringComparison.Ordinal);
        Assert.Contains("\"protocol\"", json, StringComparison.Ordinal);
        Assert.Contains("两只狗", json, StringComparison.Ordinal);
        Assert.DoesNotContain("jpeg", json, StringComparison.Ordinal);
    }

    [Fact]
    public void PageHoldsEverythingAndAsksForNothing()
    {
        var metrics = new Dictionary<string, IReadOnlyList<MetricPoint>>
        {
            ["train/loss"] = [new(1, 3.5), new(2, double.NaN), new(3, 2.5)],
            ["train/lr"] = [new(1, 0.001)],
            ["eval/t2i/en"] = [new(1, 0.1), new(2, 0.2)],
            ["eval/t2i/zh"] = [new(2, 0.05)],
        };
        var page = new HtmlReport("Run <1>").Recall(Report()).Curves(metrics).Gallery(Report().Queries).Render();
        Assert.Contains("Run &lt;1&gt;", page, StringComparison.Ordinal);
        Assert.Contains("&lt;b&gt;", page, StringComparison.Ordinal);
        Assert.Contains("data:image/jpeg;base64,AQI=", page, StringComparison.Ordinal);
        Assert.Equal(2, page.Split("<svg").Length - 1);
        Assert.Single(page.Split("class=\"own\"")[1..]);
        Assert.DoesNotContain("http", page, StringComparison.Ordinal);
        Assert.DoesNotContain("NaN", page, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1e-7)]
    [InlineData(123456)]
    public void AChartOfOneOrEqualPointsDraws(double value) =>
        Assert.Contains("<polyline", LineChart.Render("x", "step", [new ChartSeries("s", [new(0, value), new(10, value)])]), StringComparison.Ordinal);
}
