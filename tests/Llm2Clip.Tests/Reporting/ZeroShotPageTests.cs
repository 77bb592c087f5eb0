using System.Text.RegularExpressions;
using System.Xml.Linq;
using Llm2Clip.Evaluation.Classification;
using Llm2Clip.Reporting;

namespace Llm2Clip.Tests.Reporting;

public sealed class ZeroShotPageTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("llm2clip-page").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>Of cats 3 of 4 are right and one is a dog, of dogs 1 of 2, the other a cow; the only cow is right.</summary>
    private static ClassScores Scores => ClassScores.Of(
        [9, 0, 0, 9, 0, 0, 9, 0, 0, 0, 9, 0, 0, 9, 0, 0, 0, 9, 0, 0, 9], [0, 0, 0, 0, 1, 1, 2],
        [("n1", "cat"), ("n2", "dog <b>"), ("n3", "cow")], seed: 1);

    private static string[] Names => ["cat", "dog <b>", "cow"];

    [Fact]
    public void ConfusionsAreCellsWithTheirShareAsStrength()
    {
        var figure = XElement.Parse(ConfusionChart.Render("Confusions", Scores, Names, 10));
        var svg = figure.Descendants().First(e => e.Name.LocalName == "svg");
        var cells = svg.Elements().Where(e => e.Name.LocalName == "rect")
            .ToDictionary(e => e.Value, e => (e.Attribute("fill")!.Value, X: (double)e.Attribute("x")!, Y: (double)e.Attribute("y")!));
        Assert.Equal(
            ["cat taken for dog <b>: 1 of 4 images", "cat: 3 of 4 images", "cow: 1 of 1 images", "dog <b> taken for cow: 1 of 2 images",
                "dog <b>: 1 of 2 images"], cells.Keys.Order(StringComparer.Ordinal));
        // 255 (0.15 + 0.85 share) of 3/4 is 200.8, of 1/4 92.4, of 1 all.
        Assert.Equal("#2563ebc9", cells["cat: 3 of 4 images"].Item1);
        Assert.Equal("#ea580c5c", cells["cat taken for dog <b>: 1 of 4 images"].Item1);
        Assert.Equal("#2563ebff", cells["cow: 1 of 1 images"].Item1);
        Assert.Equal(cells["cat: 3 of 4 images"].Y, cells["cat taken for dog <b>: 1 of 4 images"].Y);
        Assert.Equal(cells["dog <b>: 1 of 2 images"].X, cells["cat taken for dog <b>: 1 of 4 images"].X);
        Assert.Equal(Names, svg.Elements().Where(e => e.Name.LocalName == "text").Select(e => e.Value));
    }

    [Fact]
    public void OfManyClassesThoseWithTheMostMistakesAreShown()
    {
        var chart = ConfusionChart.Render("Confusions", Scores, Names, 2);
        Assert.Contains("Confusions; 2 of 3 classes", chart, StringComparison.Ordinal);
        Assert.Contains("cat taken for dog &lt;b&gt;: 1 of 4 images", chart, StringComparison.Ordinal); // dog has two, cat and cow one each
        Assert.DoesNotContain(">cow<", chart, StringComparison.Ordinal);
    }

    [Fact]
    public void ThePageHasTableChartAndClasses()
    {
        var path = Path.Combine(_folder, "c.yaml");
        File.WriteAllText(path, "templates: {en: \"a {}\"}\nclasses: {n1: {en: cat}, n2: {en: \"dog <b>\"}, n3: {en: cow}}");
        var report = new ZeroShotReport
        {
            Model = "runs/s", Teacher = "t", TeacherFingerprint = "0123456789abcdef", Data = "val-*.tar", ClassFile = path, Classes = 3,
            Images = 7, Rows = [new ZeroShotRow("en", "own", 3, Scores)], Notes = ["a note"],
        };
        var page = ZeroShotPage.Of(report, ClassFile.Read(path), 10, "eval:\n  seed: 1 <x>\n").Render();
        Assert.Matches(@"<td[^>]*>71\.4 \(\d+\.\d–\d+\.\d\)</td>", page); // 5 of 7
        Assert.Contains(">33.3<", page, StringComparison.Ordinal);
        Assert.Contains("a note", page, StringComparison.Ordinal);
        Assert.Contains("<svg", page, StringComparison.Ordinal);
        Assert.Matches(new Regex(@"dog &lt;b&gt;</td>\s*<td>2</td>\s*<td>50\.0</td>\s*<td></td>\s*<td>n3 \(1\)</td>"), page);
        Assert.Contains("seed: 1 &lt;x&gt;", page, StringComparison.Ordinal);
        Assert.Contains("fingerprint 0123456789ab<", page, StringComparison.Ordinal);

        var json = report.ToJson();
        Assert.Contains("\"top1\": 71.428571", json, StringComparison.Ordinal);
        Assert.Contains("\"unit\": \"percent\"", json, StringComparison.Ordinal);
        Assert.Contains("\"taken_for\": \"n3\"", json, StringComparison.Ordinal);
        Assert.DoesNotContain("top5", json, StringComparison.Ordinal);
        Assert.DoesNotContain("confusion", json, StringComparison.Ordinal);
    }
}
