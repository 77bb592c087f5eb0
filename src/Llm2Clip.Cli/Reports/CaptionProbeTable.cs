using System.Globalization;
using Llm2Clip.Evaluation;

namespace Llm2Clip.Cli.Reports;

/// <summary>The outcome of <c>eval captions</c>: for each pair of languages a line for each kind of vectors.</summary>
internal static class CaptionProbeTable
{
    /// <summary>What was measured, and the table.</summary>
    public static void Print(CaptionProbeResult result, Screen output)
    {
        var intervals = Recalls.IntervalNote(result.Rows.SelectMany(row => row.Scores).Select(score => score.Recall), output);
        output.Paragraph($"{result.Pictures} images of {result.Data}; recall in percent{intervals}. Protocol: {result.Protocol}.");
        Table(result, output);
    }

    /// <summary>The table and where its means come from.</summary>
    public static void Table(CaptionProbeResult result, Screen output)
    {
        List<Cell[]> lines = [["captions", "vectors", .. Recalls.Headings, "candidates"]];
        var scores = result.Rows.SelectMany(row => row.Scores, (row, score) => (row.Name, Score: score));
        foreach (var (name, score) in scores.GroupBy(one => (one.Score.From, one.Score.To)).SelectMany(pair => pair))
        {
            var candidates = score.Recall.Candidates.ToString(CultureInfo.InvariantCulture);
            lines.Add([$"{score.From}->{score.To}", name, .. Recalls.Cells(score.Recall), candidates]);
        }
        output.Table(lines, labels: 2);
        foreach (var row in result.Rows.Where(row => row.OwnMeans.Count > 0))
        {
            output.Paragraph($"{row.Name}: used {string.Join("; ", row.OwnMeans)}.");
        }
    }
}
