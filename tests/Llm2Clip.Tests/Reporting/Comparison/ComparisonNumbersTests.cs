using Llm2Clip.Reporting;
using Llm2Clip.Reporting.Comparison;

namespace Llm2Clip.Tests.Reporting.Comparison;

/// <summary>The numbers of a comparison against formulas worked by hand.</summary>
public sealed class ComparisonNumbersTests
{
    [Fact]
    public void DeviationsAreThoseOfASample()
    {
        Assert.Equal((2.5, Math.Sqrt(5.0 / 3)), RunGroup.Statistics([1, 2, 3, 4]));
        Assert.Equal((7.0, 0.0), RunGroup.Statistics([7]));
        Assert.Equal((double.NaN, double.NaN), RunGroup.Statistics([]));
    }

    /// <summary>
    /// Of 1,000 images 100 are gained and 60 lost. The gain of an image has mean 0.04 and variance 0.16 - 0.04^2, so that the mean of 1,000
    /// has the standard error 0.012586, and the interval is 0.04 -+ 1.96 of it. With 20,000 draws a percentile is within 2 % of that.
    /// </summary>
    [Fact]
    public void TheIntervalIsThatOfThePairedDifferences()
    {
        int[] first = [.. Enumerable.Range(0, 1000).Select(i => i < 60 ? 1 : 9)];
        int[] second = [.. Enumerable.Range(0, 1000).Select(i => i is >= 60 and < 160 ? 1 : 9)];
        string[] images = [.. Enumerable.Range(0, 1000).Select(i => $"{i}")];
        var found = PairedBootstrap.Of([first], [second], images, 5, 20_000, seed: 3);
        Assert.Equal(0.04, found.Difference, 12);
        var error = Math.Sqrt((0.16 - 0.04 * 0.04) / 1000);
        Assert.InRange(found.Interval.Low, 0.04 - 1.96 * error - 0.001, 0.04 - 1.96 * error + 0.001);
        Assert.InRange(found.Interval.High, 0.04 + 1.96 * error - 0.001, 0.04 + 1.96 * error + 0.001);
        // Two-sided p of a normal variable 0.04 / 0.012586 = 3.178 standard errors from 0.
        Assert.InRange(found.PValue, 0.0008, 0.0024);
        Assert.Equal(found, PairedBootstrap.Of([first], [second], images, 5, 20_000, seed: 3));
        Assert.Equal(-found.Difference, PairedBootstrap.Of([second], [first], images, 5, 200, seed: 3).Difference, 12);
    }

    /// <summary>Captions of one image are drawn together: with one image there is nothing to draw.</summary>
    [Fact]
    public void TheImageIsWhatIsDrawn()
    {
        var found = PairedBootstrap.Of([[9, 9, 9, 9]], [[1, 9, 9, 9]], ["a", "a", "a", "a"], 1, 500, seed: 1);
        Assert.Equal((0.25, 0.25, 0.25), (found.Difference, found.Interval.Low, found.Interval.High));
        Assert.Equal(2.0 / 501, found.PValue, 12);
        Assert.Throws<ArgumentException>(() => PairedBootstrap.Of([[1]], [[1, 2]], ["a", "b"], 1, 500, seed: 1));
    }

    [Fact]
    public void SidesThatAreEqualDoNotDiffer()
    {
        var found = PairedBootstrap.Of([[1, 9], [9, 1]], [[9, 1], [1, 9]], ["a", "b"], 1, 500, seed: 1);
        Assert.Equal((0.0, 0.0, 0.0, 1.0), (found.Difference, found.Interval.Low, found.Interval.High, found.PValue));
    }

    /// <summary>16 captions make 8 parts of two; lengths 1 and 2, but three captions of length 4 stay together.</summary>
    [Fact]
    public void CaptionsOfALengthStayTogether()
    {
        (int Words, int Rank)[] queries =
        [
            (1, 1), (2, 20), (4, 1), (4, 1), (4, 20), .. Enumerable.Range(0, 10).Select(i => (10 + i, 20)), (40, 1),
        ];
        Assert.Equal(
            [new(2, 50), new(4, 200.0 / 3), new(10, 0), new(12, 0), new(14, 0), new(16, 0), new(18, 0), new(40, 100)],
            ComparisonFigures.RecallByLength(queries, 10).ToArray());
    }

    [Fact]
    public void TextsOfOtherFormatsAreEscaped()
    {
        var table = new ResultTable(
            "t", "50 % | a_b", ["run", "R@1"], 1, [["x|y_{1}, \"z\"", new ResultCell("1.5", "0.2")], ["<b>", "-2.0"]], ["n_1"]);
        Assert.Equal(
            "### 50 % \\| a_b\n\n| run | R@1 |\n| --- | ---: |\n| x\\|y_{1}, \"z\" | 1.5 ± 0.2 |\n| &lt;b> | -2.0 |\n\nn_1\n",
            TableText.Markdown([table]));
        Assert.Equal(
            "% needs \\usepackage{booktabs}\n\\begin{table}\n\\centering\n\\caption{50 \\% | a\\_b}\n\\begin{tabular}{lr}\n\\toprule\n"
            + "run & R@1 \\\\\n\\midrule\nx|y\\_\\{1\\}, \"z\" & $1.5 \\pm 0.2$ \\\\\n<b> & $-2.0$ \\\\\n\\bottomrule\n\\end{tabular}\n"
            + "\\end{table}\n% n_1\n",
            TableText.Latex([table]));
        Assert.Equal("run,R@1,R@1 deviation\n\"x|y_{1}, \"\"z\"\"\",1.5,0.2\n<b>,-2.0,\n", TableText.Csv(table));
    }
}
