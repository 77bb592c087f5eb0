using Llm2Clip.Evaluation;

namespace Llm2Clip.Reporting.Comparison;

/// <summary>Ranks of the same queries by two groups of runs.</summary>
/// <param name="Row">Language and mean.</param>
/// <param name="Side">Which side asks.</param>
/// <param name="Images">The image of each query.</param>
/// <param name="First">Ranks of each run of the first group, a query per element.</param>
/// <param name="Second">The same of the second.</param>
internal sealed record RankPairs(
    RankedRow Row, SearchSide Side, IReadOnlyList<string> Images, IReadOnlyList<IReadOnlyList<int>> First,
    IReadOnlyList<IReadOnlyList<int>> Second)
{
    /// <summary>
    /// The rows that both groups have, each with the ranks of all runs; null, with the reason, where they cannot be paired. A row of which
    /// one group lacks, such as another language, is left out.
    /// </summary>
    public static IReadOnlyList<RankPairs>? Of(RunGroup first, RunGroup second, out string problem)
    {
        List<ComparedRun> runs = [.. first.Runs, .. second.Runs];
        problem = "";
        if (runs.Find(run => run.Ranks.Count == 0) is { } without)
        {
            problem = $"{without.Folder} has no {QueryRanks.FileName}, which `llm2clip eval retrieval` writes";
            return null;
        }
        var pairs = new List<RankPairs>();
        foreach (var row in runs[0].Ranks.Keys.Where(row => runs.TrueForAll(run => run.Ranks.ContainsKey(row))))
        {
            foreach (var side in row.Querybank > 0 ? [SearchSide.TextToImage] : Enum.GetValues<SearchSide>())
            {
                var queries = runs.ConvertAll(run => run.Ranks[row].Where(query => query.Side == side).ToList());
                if (queries.Find(other => !IsSame(queries[0], other)) is not null)
                {
                    problem = $"they were not asked the same {row.Language} queries";
                    return null;
                }
                var ranks = queries.ConvertAll(of => (IReadOnlyList<int>)of.ConvertAll(query => query.Rank));
                var images = queries[0].ConvertAll(query => query.Image);
                pairs.Add(new(row, side, images, ranks[..first.Runs.Count], ranks[first.Runs.Count..]));
            }
        }
        problem = pairs.Count == 0 ? "they have no row in common" : "";
        return pairs.Count == 0 ? null : [.. pairs.OrderBy(pair => pair.Side)];
    }

    private static bool IsSame(List<QueryRank> first, List<QueryRank> second) =>
        first.Count == second.Count
        && first.Zip(second).All(pair => (pair.First.Image, pair.First.Caption, pair.First.Words)
            == (pair.Second.Image, pair.Second.Caption, pair.Second.Words));
}
