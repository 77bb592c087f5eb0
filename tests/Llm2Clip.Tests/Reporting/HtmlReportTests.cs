using System.Text.RegularExpressions;
using System.Xml.Linq;
using Llm2Clip.Evaluation;
using Llm2Clip.Models;
using Llm2Clip.Reporting;

namespace Llm2Clip.Tests.Reporting;

public sealed class HtmlReportTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("llm2clip-page").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Training => Path.Combine(_folder, "student");

    private RetrievalReport Report()
    {
        var numbers = RecallNumbers.From([1, 1, 6, 40], 100,
            [1, 1, 1, 1]) with
        { Intervals = [new(0.25, 0.75), new(0.25, 0.75), new(0.5, 1)] };
        var weaker = RecallNumbers.From([9, 20, 60, 40], 100, [1, 1, 1, 1]);
        var file = Path.Combine(_folder, "photos [1]", "b ß.jpg");
        return new RetrievalReport
        {
            Model = Path.Combine(_folder, "student", "model"),
            Teacher = Path.Combine(_folder, "teacher"),
            TeacherFingerprint = "0123456789abcdef",
            TeacherSettings = new Dictionary<string, string> { ["pooling"] = "mean" },
            Data = "val-*.tar",
            Images = 100,
            ReferenceLanguage = "en",
            Date = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero),
            Rows = RetrievalReport.WithShares(
                [new RetrievalRow("en", "training", numbers, numbers), new RetrievalRow("zh", "own", weaker, weaker)], "en"),
            Queries =
            [
                new ShownQuery("zh", "两只狗 <b>", 2,
                    [new ShownHit("a", 0.5f, false, [1, 2], "val-0.tar: a.jpg"), new ShownHit("b ß", 0.4f, true, [3], file, file)]),
            ],
        };
    }

    [Fact]
    public void JsonNamesWhatWasMeasuredAndItsUnit()
    {
        var json = Report().ToJson();
        Assert.Contains("\"unit\": \"percent\"", json, StringComparison.Ordinal);
        Assert.Contains("\"recall_at10\": 25", json, StringComparison.Ordinal);
        Assert.Contains("\"low\": 25", json, StringComparison.Ordinal);
        Assert.Contains("\"mean\": \"own\"", json, StringComparison.Ordinal);
        Assert.Contains("\"protocol\"", json, StringComparison.Ordinal);
        Assert.Contains("\"date\": \"2026-01-02T03:04:05+00:00\"", json, StringComparison.Ordinal);
        Assert.Contains("两只狗", json, StringComparison.Ordinal);
        Assert.DoesNotContain("jpeg", json, StringComparison.Ordinal);
    }

    [Fact]
    public void ThePageSaysWhatWasRunWhenAndWithWhat()
    {
        var page = RetrievalPage.Of(Report(), "eval:\n  seed: 1 <x>\n", Training).Render();
        Assert.Contains("2026-01-02 03:04 UTC", page, StringComparison.Ordinal);
        Assert.Contains($"Llm2Clip {Product.Version}", page, StringComparison.Ordinal);
        Assert.Contains("fingerprint 0123456789ab<", page, StringComparison.Ordinal);
        Assert.Contains(">pooling mean<", page, StringComparison.Ordinal);
        Assert.Contains("seed: 1 &lt;x&gt;", page, StringComparison.Ordinal);
        Assert.Contains("<small>25.0–75.0</small>", page, StringComparison.Ordinal);
    }

    [Fact]
    public void ImagesHaveTheirNamesAndOpenWhereTheyAreFiles()
    {
        var page = new HtmlReport("x").Gallery(Report().Queries).Render();
        Assert.Contains("&lt;b&gt;", page, StringComparison.Ordinal);
        Assert.Contains("title=\"val-0.tar: a.jpg\"", page, StringComparison.Ordinal);
        Assert.Contains("data:image/jpeg;base64,AQI=", page, StringComparison.Ordinal);
        var link = Assert.Single(Regex.Matches(page, "href=\"(file://[^\"]+)\"")).Groups[1].Value;
        Assert.Equal(Path.Combine(_folder, "photos [1]", "b ß.jpg"), new Uri(link).LocalPath);
        Assert.Single(page.Split("class=\"own\"")[1..]);
        Assert.Contains("✓ b &#223;<br>0.400", page, StringComparison.Ordinal);
    }

    [Fact]
    public void ChartsComeInTheOrderOfTheStory()
    {
        using (var metrics = new MetricsLog(Path.Combine(_folder, "teacher")))
        {
            foreach (var tag in new[] { "cc/gradient_norm", "cc/loss", "cc/en->zh own mean/R@10 %", "cc/en->zh/R@10 %" })
            {
                metrics.Scalar(tag, 1, 1);
                metrics.Scalar(tag, 2, 2);
            }
        }
        using (var metrics = new MetricsLog(Path.Combine(_folder, "student")))
        {
            foreach (var tag in new[] { "train/data_wait_share", "train/lr", "val/en text to image/R@10 %", "train/loss" })
            {
                metrics.Scalar(tag, 1, 3.5);
                metrics.Scalar(tag, 2, double.NaN);
                metrics.Scalar(tag, 3, 2.5);
            }
        }
        var page = RetrievalPage.Of(Report(), "", Training).Render();
        Assert.Equal(
            [
                "Loss", "Captions found by captions, training mean", "Captions found by captions, own mean", "Gradient norm", "Loss",
                "Images found by captions (val)", "Learning rate", "Waiting for images",
            ],
            Regex.Matches(page, "<figcaption>([^<]+)</figcaption><svg").Select(match => match.Groups[1].Value));
        Assert.DoesNotContain("NaN", page, StringComparison.Ordinal);
    }

    [Fact]
    public void AChartIsAFileOfItsOwnWithNamesAtBothAxes()
    {
        var line = LineChart.Render(
            "Title <1>", "step", "R@10 in percent", [new("zh", [new(0, 1), new(10, 5)]), new("de", [new(0, 2), new(10, 3)])]);
        var bars = BarChart.Render("Width", "pixels", "images", [new("100", 3), new("200", 5)]);
        foreach (var (chart, names) in new[] { (line, new[] { "step", "R@10 in percent", "zh", "de" }), (bars, ["pixels", "images", "5"]) })
        {
            var svg = XDocument.Parse(Regex.Match(chart, "<svg.*</svg>").Value).Root!;
            Assert.Equal("http://www.w3.org/2000/svg", svg.Name.NamespaceName);
            Assert.DoesNotContain(svg.DescendantsAndSelf(), element => element.Attribute("class") is not null);
            Assert.Subset(svg.Descendants(svg.Name.Namespace + "text").Select(text => text.Value).ToHashSet(), names.ToHashSet());
        }
    }

    /// <summary>A phone is 400 px wide or less: no column of the page may ask for more.</summary>
    [Fact]
    public void NoGridIsWiderThanANarrowScreen()
    {
        var page = new HtmlReport("x").Render();
        Assert.All(Regex.Matches(page, @"minmax\(([^()]*(\([^)]*\))?[^()]*)\)"), grid =>
            Assert.StartsWith("min(100%,", grid.Groups[1].Value));
    }

    [Theory]
    [InlineData("")]
    [InlineData("student")]
    [InlineData("student/model")]
    [InlineData("student/checkpoints/last")]
    public void TheStudentsCurvesAreFoundFromWhateverIsEvaluated(string model)
    {
        using (var metrics = new MetricsLog(Path.Combine(_folder, "student")))
        {
            metrics.Scalar("train/lr", 1, 1.5e-4);
            metrics.Scalar("train/lr", 2, 3e-4);
        }
        string[] files =
        [
            "model/text_adapter.json", "checkpoints/last/weights.safetensors", "checkpoints/last/model/text_adapter.json",
        ];
        foreach (var file in files)
        {
            var path = Path.Combine(Training, file);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, "");
        }
        var training = StudentFolder.Find(Path.Combine(_folder, model)).Training;
        var page = RetrievalPage.Of(Report() with { Model = Path.Combine(_folder, model) }, "", training).Render();
        Assert.Contains("<figcaption>Learning rate</figcaption><svg", page, StringComparison.Ordinal);
        Assert.Matches(">(2|2.5)e-4<", page);
    }

    [Fact]
    public void ThePageAsksForNothingFromElsewhere()
    {
        var page = RetrievalPage.Of(Report(), "", Training).Render();
        Assert.DoesNotMatch("(src|href)=\"(?!data:|file:)", page);
        Assert.DoesNotContain("@import", page, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1e-7)]
    [InlineData(123456)]
    public void AChartOfOneOrEqualPointsDraws(double value) =>
        Assert.Contains("<polyline", LineChart.Render("x", "step", "y", [new ChartSeries("s", [new(0, value), new(10, value)])]),
            StringComparison.Ordinal);
}
