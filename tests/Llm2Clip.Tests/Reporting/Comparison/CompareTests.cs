using System.Xml.Linq;
using Llm2Clip.Images;
using Llm2Clip.Pipeline;
using Llm2Clip.Reporting.Comparison;
using Llm2Clip.Tests.Cli;

namespace Llm2Clip.Tests.Reporting.Comparison;

/// <summary><c>compare</c> on folders of runs whose ranks are known.</summary>
public sealed class CompareTests : IDisposable
{
    private readonly ComparedRuns _runs = new();

    public void Dispose() => _runs.Dispose();

    private ComparisonReport Compare(params string[] runs) =>
        Llm2Clip.Pipeline.Compare.Run(new RunConfig { Compare = new CompareConfig { Runs = runs } }, SilentLog.Instance);

    private static string Settings(double rate, int seed) => FormattableString.Invariant(
        $"data:\n  train: train-*.tar\nclip_train:\n  learning_rate: {rate}\n  seed: {seed}\neval:\n  seed: 1");

    private static ResultTable Table(ComparisonReport report, string name) => Assert.Single(report.Tables, table => table.Name == name);

    private static string Line(IReadOnlyList<ResultCell> row) =>
        string.Join('|', row.Select(cell => cell.Spread is { } spread ? $"{cell.Text}±{spread}" : cell.Text));

    /// <summary>R@1 of seeds 0 and 1 is 2/3 and 1/3: mean 50 %, deviation 1/3 / sqrt(2) = 23.6 points.</summary>
    [Fact]
    public void RunsThatDifferInTheirSeedAreTakenTogether()
    {
        var report = Compare(
            _runs.Add("one-0", Settings(0.1, 0), [1, 1, 7]), _runs.Add("two-0", Settings(0.2, 0), [1, 1, 1]),
            _runs.Add("one-1", Settings(0.1, 1), [1, 2, 7]));
        Assert.Equal(
            [$"learning_rate=0.1|{_runs.Path("one-0")}, {_runs.Path("one-1")}|0, 1", $"learning_rate=0.2|{_runs.Path("two-0")}|"],
            Table(report, "runs").Rows.Select(Line));
        Assert.Equal(["search", "captions", "mean", "run", "R@1", "R@5", "R@10", "median rank"], Table(report, "retrieval").Columns);
        Assert.Equal(
            [
                "T2I|en|training|learning_rate=0.1|50.0±23.6|66.7±0.0|100.0±0.0|1.5±0.7",
                "T2I|en|training|learning_rate=0.2|100.0|100.0|100.0|1.0",
            ],
            Table(report, "retrieval").Rows.Take(2).Select(Line));
        Assert.Equal(["clip_train.learning_rate|0.1|0.2"], Table(report, "settings").Rows.Select(Line));
    }

    /// <summary>Each image gains the mean of both seeds: 0, 1/2 and 1 at R@1. A draw of b and c alone cannot be without a gain.</summary>
    [Fact]
    public void DifferencesAreThoseOfTheSameQueries()
    {
        var report = Compare(
            _runs.Add("one-0", Settings(0.1, 0), [1, 1, 7]), _runs.Add("one-1", Settings(0.1, 1), [1, 2, 7]),
            _runs.Add("two-0", Settings(0.2, 0), [1, 1, 1]));
        var row = Table(report, "differences").Rows[0];
        Assert.Equal("T2I|en|training|learning_rate=0.2|R@1|+50.0|0.0|+100.0", Line([.. row.Take(8)]));
        // All three draws are image a, without a gain, with probability 1/27: p is twice that.
        Assert.InRange(double.Parse(row[8].Text, System.Globalization.CultureInfo.InvariantCulture), 0.05, 0.1);
    }

    [Fact]
    public void RunsOfOtherDataAreNamedAndNotTakenTogether()
    {
        var report = Compare(
            _runs.Add("one-0", Settings(0.1, 0), [1, 1, 7]), _runs.Add("one-1", Settings(0.1, 1), [1, 2, 7], data: "test-*.tar"),
            _runs.Add("old", Settings(0.1, 0), [1, 1, 1], keepRanks: false));
        Assert.Equal(["one-0", "one-1", "old"], Table(report, "runs").Rows.Select(row => row[0].Text));
        Assert.Contains("were not measured on the same data", Table(report, "retrieval").Notes[0], StringComparison.Ordinal);
        Assert.Contains(
            Table(report, "differences").Notes, note => note == $"old: no paired bootstrap, as {_runs.Path("old")} has no ranks.parquet, "
                + "which `llm2clip eval retrieval` writes.");
    }

    [Fact]
    public void OtherQueriesAreNotPaired()
    {
        var report = Compare(_runs.Add("one", Settings(0.1, 0), [1, 1, 7]), _runs.Add("two", Settings(0.2, 0), [1, 1]));
        var table = Table(report, "differences");
        Assert.Empty(table.Rows);
        Assert.Equal(["learning_rate=0.2: no paired bootstrap, as they were not asked the same en queries."], table.Notes);
    }

    [Fact]
    public void TheFolderOfAModelIsTheSameRun()
    {
        var run = _runs.Add("one", Settings(0.1, 0), [1, 1, 7]);
        var (whole, model) = (ComparedRun.Open(run), ComparedRun.Open(run + "/student/model"));
        Assert.Equal(whole.Settings!.Values, model.Settings!.Values);
        Assert.Equal(whole.Metrics.Keys, model.Metrics.Keys);
        Assert.Equal("(run)", whole.Settings.Values["output"]);
    }

    [Fact]
    public void FiguresAreDrawingsWithAxesAndTheSamePixels()
    {
        var figures = _runs.Path("figures");
        var runs = new[] { _runs.Add("one-0", Settings(0.1, 0), [1, 2, 7]), _runs.Add("one-1", Settings(0.1, 1), [1, 1, 7]),
            _runs.Add("two", Settings(0.2, 0), [1, 1, 12]) };
        var report = Llm2Clip.Pipeline.Compare.Run(
            new RunConfig { Compare = new CompareConfig { Runs = runs, Figures = figures, Depth = 1 } }, SilentLog.Instance);
        Assert.Equal(
            new[] { "recall", "loss", "recall-by-length-en" }
                .SelectMany(name => new[] { $"{figures}/{name}.svg", $"{figures}/{name}.png" }),
            report.Files);
        var texts = report.Files.Where(file => file.EndsWith(".svg", StringComparison.Ordinal))
            .Select(file => XDocument.Load(file).Descendants().Where(node => node.Name.LocalName == "text").Select(node => node.Value))
            .ToList();
        Assert.All(["R@1, percent of the captions", "language of the captions", "en", "learning_rate=0.2"], text =>
            Assert.Contains(text, texts[0]));
        Assert.All(["step", "loss"], text => Assert.Contains(text, texts[1]));
        Assert.Contains("words of the caption (characters in scripts without spaces)", texts[2]);
        var pixels = ImageCodec.Decode(File.ReadAllBytes($"{figures}/recall.png"), "recall.png");
        Assert.Equal(1500, pixels.Width);
        // White ground, and at least the bars' two colors and the ink of the labels.
        Assert.Equal(255, pixels.Pixels[0]);
        Assert.True(pixels.Pixels.Chunk(3).Select(color => (color[0], color[1], color[2])).Distinct().Count() > 20);
    }

    [Theory]
    [InlineData("t.md", "### Runs\n\n| run | folders | seeds |\n| --- | --- | --- |\n")]
    [InlineData("t.tex", "% needs \\usepackage{booktabs}\n\\begin{table}\n\\centering\n\\caption{Runs}\n\\begin{tabular}{lll}\n\\toprule\n")]
    public void TablesGoToAFile(string name, string begin)
    {
        var file = _runs.Path(name);
        var (code, output, error) = CommandLineTests.Run(
            "compare", _runs.Add("one", Settings(0.1, 0), [1, 1, 7]), _runs.Add("two", Settings(0.2, 0), [1, 1, 1]), "--out", file);
        Assert.True(code == 0, error);
        Assert.Equal(file + "\n", output);
        Assert.StartsWith(begin, File.ReadAllText(file));
    }

    [Fact]
    public void EachTableOfCsvHasAFile()
    {
        var (code, output, error) = CommandLineTests.Run(
            "compare", _runs.Add("one", Settings(0.1, 0), [1, 1, 7]), _runs.Add("two", Settings(0.1, 1), [1, 2, 7]), "--out",
            _runs.Path("t.csv"));
        Assert.True(code == 0, error);
        Assert.Equal($"{_runs.Path("t.runs.csv")}\n{_runs.Path("t.retrieval.csv")}\n", output);
        Assert.StartsWith(
            "search,captions,mean,run,R@1,R@1 deviation,R@5,R@5 deviation,R@10,R@10 deviation,median rank,median rank deviation\n"
            + $"T2I,en,training,{_runs.Path("one")},50.0,23.6,66.7,0.0,100.0,0.0,1.5,0.7\n",
            File.ReadAllText(_runs.Path("t.retrieval.csv")));
    }

    [Fact]
    public void MistakesHaveTheirExitCodes()
    {
        var run = _runs.Add("one", Settings(0.1, 0), [1, 1, 7]);
        Failure(2, "compare.runs is empty");
        Failure(2, "compare.runs names", run, run);
        Failure(2, "compare.depth is 3; it must be one of 1, 5, 10", run, "--set", "compare.depth=3");
        Failure(2, "and text is for a terminal", run, "--out", _runs.Path("t.txt"));
        Failure(3, "absent is not there.", _runs.Path("absent"));
        Directory.CreateDirectory(_runs.Path("empty"));
        Failure(3, "holds no result: neither retrieval.json", _runs.Path("empty"));
        File.WriteAllText(_runs.Path("empty") + "/retrieval.json", "{\"rows\": 3, \"data\": \"d\", \"images\": 1}");
        Failure(3, "retrieval.json is not what `llm2clip eval` writes", _runs.Path("empty"));
        File.WriteAllText(run + "/student/model/ranks.parquet", "PAR1");
        Failure(3, "ranks.parquet cannot be read as Parquet", run);

        static void Failure(int expected, string part, params string[] call)
        {
            var (code, _, error) = CommandLineTests.Run(["compare", .. call]);
            Assert.True(code == expected, $"{code}: {error}");
            Assert.Contains(part, error, StringComparison.Ordinal);
        }
    }
}
