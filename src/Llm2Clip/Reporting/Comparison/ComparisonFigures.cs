using Llm2Clip.Evaluation;

namespace Llm2Clip.Reporting.Comparison;

/// <summary>The figures of a comparison: recall per language, loss curves, recall against the length of the caption.</summary>
internal static class ComparisonFigures
{
    /// <summary>Points of a curve over lengths; each has about as many captions.</summary>
    private const int LengthBins = 8;

    /// <summary>The metric of the loss that the student's training reports.</summary>
    private const string Loss = "train/loss";

    /// <summary>The figures with a name each; one that there is nothing to draw of is left out.</summary>
    public static IReadOnlyList<(string Name, SvgCanvas Chart)> Of(IReadOnlyList<RunGroup> groups, int depth)
    {
        List<(string Name, SvgCanvas? Chart)> all =
        [
            ("recall", Recall(groups, depth)),
            ("loss", LineChart.Draw("Loss of the training", "step", "loss", [.. groups.Select(LossOf).OfType<ChartSeries>()])),
            .. RowsByLanguage(groups).Select(row => (FileName(row.Language), ByLength(groups, row, depth))),
        ];
        return [.. all.Where(one => one.Chart is not null).Select(one => (one.Name, one.Chart!))];
    }

    /// <summary>
    /// Recall of captions of about the same length: the captions are sorted by it, and cut into parts of about equal size, but never
    /// between captions of the same length. A point is at the mean length of its part.
    /// </summary>
    /// <param name="queries">Words and rank of each caption; several runs' one after the other.</param>
    /// <param name="depth">A caption is right where its rank is at most this.</param>
    internal static IReadOnlyList<MetricPoint> RecallByLength(IReadOnlyList<(int Words, int Rank)> queries, int depth)
    {
        var least = Math.Max(1, (queries.Count + LengthBins - 1) / LengthBins);
        var points = new List<MetricPoint>();
        var bin = new List<(int Words, int Rank)>();
        foreach (var length in queries.GroupBy(query => query.Words).OrderBy(group => group.Key))
        {
            bin.AddRange(length);
            if (bin.Count >= least)
            {
                Close();
            }
        }
        if (bin.Count > 0)
        {
            Close();
        }
        return points;

        void Close()
        {
            var recall = 100.0 * bin.Count(query => query.Rank <= depth) / bin.Count;
            points.Add(new MetricPoint((long)Math.Round(bin.Average(query => query.Words)), recall));
            bin.Clear();
        }
    }

    private static SvgCanvas? Recall(IReadOnlyList<RunGroup> groups, int depth)
    {
        List<(string Evaluation, string Captions, string Mean, string Search)> lines =
        [
            .. groups.SelectMany(group => group.Runs).SelectMany(run => run.Scores)
                .Where(score => score.Search == ComparedScore.TextToImage && !ComparedScore.HasQuerybank(score.Mean))
                .GroupBy(score => score.Captions).Select(language => language.Last().Key), // the better-informed mean is the last
        ];
        List<BarSeries> series =
        [
            .. groups.Select(group =>
            {
                var found = lines.ConvertAll(line => RunGroup.Statistics(group.Values(line, ComparedScore.RecallName(depth))));
                return new BarSeries(group.Name, found.ConvertAll(one => one.Mean), found.ConvertAll(one => one.Deviation));
            }),
        ];
        return lines.Count == 0 ? null : GroupedBarChart.Draw(
            "Images found by captions", "language of the captions", RecallAxis(depth),
            lines.ConvertAll(line => line.Mean == RetrievalEvaluation.OwnMean ? $"{line.Captions} (own mean)" : line.Captions), series);
    }

    /// <summary>The loss of a group: at each step that all of its runs have, their mean.</summary>
    private static ChartSeries? LossOf(RunGroup group)
    {
        var runs = group.Runs.Select(run => run.Metrics.GetValueOrDefault(Loss)).OfType<IReadOnlyList<MetricPoint>>().ToList();
        return runs.Count == 0 ? null : new ChartSeries(group.Name,
        [
            .. runs.SelectMany(points => points).GroupBy(point => point.Step).Where(step => step.Count() == runs.Count)
                .OrderBy(step => step.Key).Select(step => new MetricPoint(step.Key, step.Average(point => point.Value))),
        ]);
    }

    private static SvgCanvas? ByLength(IReadOnlyList<RunGroup> groups, RankedRow row, int depth) => LineChart.Draw(
        $"Images found by captions in {row.Language}, by their length", "words of the caption (characters in scripts without spaces)",
        RecallAxis(depth),
        [
            .. groups.Select(group => new ChartSeries(group.Name, RecallByLength(
                [
                    .. group.Runs.SelectMany(run => run.Ranks.GetValueOrDefault(row) ?? [])
                        .Where(query => query.Side == SearchSide.TextToImage).Select(query => (query.Words, query.Rank)),
                ],
                depth))),
        ]);

    /// <summary>Of each language the better-informed row without a querybank.</summary>
    private static IEnumerable<RankedRow> RowsByLanguage(IReadOnlyList<RunGroup> groups) =>
        groups.SelectMany(group => group.Runs).SelectMany(run => run.Ranks.Keys).Where(row => row.Querybank == 0)
            .GroupBy(row => row.Language).Select(language => language.Last());

    private static string RecallAxis(int depth) => $"{ComparedScore.RecallName(depth)}, percent of the captions";

    /// <summary>A language's label may hold any character.</summary>
    private static string FileName(string language) =>
        "recall-by-length-" + string.Concat(language.Select(letter => char.IsLetterOrDigit(letter) || letter is '-' ? letter : '_'));
}
