using System.Globalization;
using Llm2Clip.Evaluation;

namespace Llm2Clip.Cli.Reports;

/// <summary>The outcome of <c>eval captions</c>: for each pair of languages a line for each kind of vectors.</summary>
internal static class CaptionProbeTable
{
    public static void Print(CaptionProbeResult result, Screen output)
    {
        var scores = result.Rows.SelectMany(row => row.Scores, (row, score) => (row.Name, Score: score)).ToList();
        var intervals = Recalls.IntervalNote(scores.Select(one => one.Score.Recall), output);
        // A column of its own for the number of candidates only where pairs of languages differ in it.
        var counts = scores.Select(one => one.Score.Recall.Candidates).Distinct().ToList();
        var among = counts.Count == 1 ? $" among {counts[0]} candidates" : "";
        output.Paragraph($"{result.Images} images of {result.Data}; recall{among} in percent{intervals}.");

        Cell[] heading = ["captions", "vectors", .. Recalls.Headings];
        List<Cell[]> lines = [counts.Count == 1 ? heading : [.. heading, "candidates"]];
        foreach (var (name, score) in scores.GroupBy(one => (one.Score.From, one.Score.To)).SelectMany(pair => pair))
        {
            Cell[] line = [$"{score.From}->{score.To}", name, .. Recalls.Cells(score.Recall)];
            lines.Add(counts.Count == 1 ? line : [.. line, score.Recall.Candidates.ToString(CultureInfo.InvariantCulture)]);
        }
        output.Table(lines, labels: 2);
        foreach (var used in result.Rows.SelectMany(row => row.OwnMeans).Distinct())
        {
            output.Paragraph($"Own mean of {used}.");
        }
        if (result.Best is { } best)
        {
            output.Paragraph(string.Create(CultureInfo.InvariantCulture,
                $"Best in {best.Language}: {best.Layer}, by the mean of R@1 and R@10 ({100 * best.Criterion:0.0} %); as a setting, ")
                + $"teacher.layers: {best.Layer}.");
        }
        output.Paragraph($"Protocol: {result.Protocol}.");
    }
}
