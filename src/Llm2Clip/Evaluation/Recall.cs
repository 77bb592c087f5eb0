using Llm2Clip.Randomness;

namespace Llm2Clip.Evaluation;

/// <summary>What the ranks of one direction say. Shares are in [0, 1].</summary>
public sealed record RecallNumbers
{
    /// <summary>The depths that are reported.</summary>
    public static readonly int[] Depths = [1, 5, 10];

    /// <summary>Number of queries.</summary>
    public required int Queries { get; init; }

    /// <summary>Number of candidates of each query.</summary>
    public required int Candidates { get; init; }

    /// <summary>Share of queries with rank 1.</summary>
    public required double RecallAt1 { get; init; }

    /// <summary>Share of queries with rank at most 5.</summary>
    public required double RecallAt5 { get; init; }

    /// <summary>Share of queries with rank at most 10.</summary>
    public required double RecallAt10 { get; init; }

    /// <summary>The mean of the two middle ones for an even number of queries.</summary>
    public required double MedianRank { get; init; }

    /// <summary>Recall at 1, 5 and 10 that a random order would have.</summary>
    public required double[] Chance { get; init; }

    /// <summary>95 % bootstrap intervals of recall at 1, 5 and 10, resampled by image; empty where not asked for.</summary>
    public Interval[] Intervals { get; init; } = [];

    /// <summary>Recall at 1, 5 and 10.</summary>
    public double[] Recalls => [RecallAt1, RecallAt5, RecallAt10];

    /// <summary>Counts ranks. <paramref name="ownCounts"/> is the number of own candidates of each query, for the chance level.</summary>
    public static RecallNumbers From(IReadOnlyList<int> ranks, int candidates, IReadOnlyList<int> ownCounts)
    {
        if (ranks.Count == 0)
        {
            throw new ArgumentException("There is no query to take a recall of.", nameof(ranks));
        }
        return new RecallNumbers
        {
            Queries = ranks.Count,
            Candidates = candidates,
            RecallAt1 = At(ranks, 1),
            RecallAt5 = At(ranks, 5),
            RecallAt10 = At(ranks, 10),
            MedianRank = Median(ranks),
            Chance =
            [
                .. Depths.Select(depth =>
                    ownCounts.GroupBy(own => own).Sum(group => group.Count() * ChanceOf(candidates, group.Key, depth)) / ranks.Count),
            ],
        };
    }

    /// <summary>Share of ranks that are at most <paramref name="depth"/>.</summary>
    public static double At(IReadOnlyList<int> ranks, int depth) => ranks.Count(rank => rank <= depth) / (double)ranks.Count;

    private static double Median(IReadOnlyList<int> ranks)
    {
        var sorted = ranks.Order().ToArray();
        var middle = sorted.Length / 2;
        return sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2.0;
    }

    /// <summary>
    /// Probability that rank = 1 + (others before the best own) is at most <paramref name="depth"/> in a random order:
    /// 1 - P(the first <paramref name="depth"/> places hold others only) = 1 - C(N - own, depth) / C(N, depth).
    /// </summary>
    internal static double ChanceOf(int candidates, int own, int depth)
    {
        var missed = 1.0;
        for (var place = 0; place < depth; place++)
        {
            var others = candidates - own - place;
            if (others <= 0)
            {
                return 1;
            }
            missed *= others / (double)(candidates - place);
        }
        return 1 - missed;
    }
}

/// <summary>Lower and upper end of a confidence interval.</summary>
public readonly record struct Interval(double Low, double High);

/// <summary>
/// Percentile bootstrap of recall. The unit that is drawn is the image with all its captions, because the captions of one
/// image succeed or fail together: drawing captions one by one would give intervals that are too narrow.
/// </summary>
internal static class Bootstrap
{
    /// <summary>Draws per interval.</summary>
    public const int DefaultDraws = 1000;

    /// <summary>
    /// 95 % intervals of recall at <paramref name="depths"/>. <paramref name="groups"/> names the image of each rank, 0 to
    /// <paramref name="groupCount"/> - 1; groups without a rank are not drawn. The same seed gives the same intervals.
    /// </summary>
    public static Interval[] Intervals(
        IReadOnlyList<int> ranks, IReadOnlyList<int> groups, int groupCount, IReadOnlyList<int> depths, int seed, int draws = DefaultDraws)
    {
        var sizes = new int[groupCount];
        var hits = new int[groupCount, depths.Count];
        for (var i = 0; i < ranks.Count; i++)
        {
            sizes[groups[i]]++;
            for (var d = 0; d < depths.Count; d++)
            {
                hits[groups[i], d] += ranks[i] <= depths[d] ? 1 : 0;
            }
        }
        var present = Enumerable.Range(0, groupCount).Where(group => sizes[group] > 0).ToArray();
        var random = SeededRandom.For(seed, "bootstrap");
        var samples = new double[depths.Count][];
        for (var d = 0; d < depths.Count; d++)
        {
            samples[d] = new double[draws];
        }
        var sums = new long[depths.Count];
        for (var draw = 0; draw < draws; draw++)
        {
            long total = 0;
            Array.Clear(sums);
            for (var i = 0; i < present.Length; i++)
            {
                var group = present[random.NextInt32(present.Length)];
                total += sizes[group];
                for (var d = 0; d < sums.Length; d++)
                {
                    sums[d] += hits[group, d];
                }
            }
            for (var d = 0; d < sums.Length; d++)
            {
                samples[d][draw] = sums[d] / (double)total;
            }
        }
        return [.. samples.Select(Percentiles)];
    }

    /// <summary>The 95 % percentile interval of what was drawn; sorts it.</summary>
    internal static Interval Percentiles(double[] values)
    {
        Array.Sort(values);
        return new Interval(At(values, 0.025), At(values, 0.975));
    }

    private static double At(double[] sorted, double share)
    {
        var position = share * (sorted.Length - 1);
        var below = (int)position;
        var above = Math.Min(below + 1, sorted.Length - 1);
        return sorted[below] + ((position - below) * (sorted[above] - sorted[below]));
    }
}
