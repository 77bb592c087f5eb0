using Llm2Clip.Evaluation;
using Llm2Clip.Randomness;

namespace Llm2Clip.Reporting.Comparison;

/// <summary>What a paired bootstrap says of a difference of recalls. All but <paramref name="PValue"/> are shares, second minus first.
/// </summary>
/// <param name="Difference">The difference over all queries.</param>
/// <param name="Interval">Its 95 % percentile interval.</param>
/// <param name="PValue">
/// Twice the share of draws whose difference has the other sign or is 0, at most 1; never below 2 / (draws + 1).
/// </param>
internal readonly record struct PairedDifference(double Difference, Interval Interval, double PValue);

/// <summary>
/// Paired bootstrap (Koehn 2004, "Statistical significance tests for machine translation evaluation"): both sides answered the same
/// queries, so that each draw takes the same queries of both, and what makes a query easy or hard for both falls out of the difference.
/// As for the intervals of one side, the unit that is drawn is the image with all its captions.
/// </summary>
internal static class PairedBootstrap
{
    /// <summary>
    /// The difference of recall at a depth between two sides. A side of several runs (seeds) counts by the mean of its runs: the interval
    /// says how far the choice of queries matters, not how far the seeds do.
    /// </summary>
    /// <param name="first">Ranks of each run of the first side, a query per element.</param>
    /// <param name="second">The same of the second, of the same queries in the same order.</param>
    /// <param name="images">The image of each query.</param>
    /// <param name="depth">A query is right where its rank is at most this.</param>
    /// <param name="draws">How often queries are drawn.</param>
    /// <param name="seed">The same seed draws the same.</param>
    public static PairedDifference Of(
        IReadOnlyList<IReadOnlyList<int>> first, IReadOnlyList<IReadOnlyList<int>> second, IReadOnlyList<string> images, int depth,
        int draws, int seed)
    {
        if (first.Concat(second).Any(ranks => ranks.Count != images.Count))
        {
            throw new ArgumentException("The sides have not answered the same number of queries.", nameof(first));
        }
        var groups = new Dictionary<string, int>(StringComparer.Ordinal);
        var (gains, sizes) = (new List<double>(), new List<int>());
        for (var query = 0; query < images.Count; query++)
        {
            if (groups.TryAdd(images[query], gains.Count))
            {
                gains.Add(0);
                sizes.Add(0);
            }
            var group = groups[images[query]];
            gains[group] += Share(second, query, depth) - Share(first, query, depth);
            sizes[group]++;
        }
        var random = SeededRandom.For(seed, "paired bootstrap");
        var differences = new double[draws];
        for (var draw = 0; draw < draws; draw++)
        {
            var (gain, size) = (0.0, 0L);
            for (var i = 0; i < sizes.Count; i++)
            {
                var group = random.NextInt32(sizes.Count);
                gain += gains[group];
                size += sizes[group];
            }
            differences[draw] = gain / size;
        }
        var least = Math.Min(differences.Count(value => value <= 0), differences.Count(value => value >= 0));
        return new PairedDifference(
            gains.Sum() / images.Count, Bootstrap.Percentiles(differences), Math.Min(1, 2.0 * (least + 1) / (draws + 1)));
    }

    private static double Share(IReadOnlyList<IReadOnlyList<int>> runs, int query, int depth) =>
        runs.Count(ranks => ranks[query] <= depth) / (double)runs.Count;
}
