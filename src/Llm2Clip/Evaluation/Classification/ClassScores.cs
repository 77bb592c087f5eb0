using System.Text.Json.Serialization;

namespace Llm2Clip.Evaluation.Classification;

/// <summary>What was found for one class. Shares are in percent.</summary>
/// <param name="Id">Id of the class.</param>
/// <param name="Name">Its first name.</param>
/// <param name="Images">Images that have its label.</param>
/// <param name="Top1">Share of them that were taken for it.</param>
public sealed record ClassScore(string Id, string Name, int Images, double Top1)
{
    /// <summary>Share of them for which it is among the five best; null where there are at most five classes.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? Top5 { get; init; }

    /// <summary>Id of the other class that most of them were taken for; null where all were taken for their own.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? TakenFor { get; init; }

    /// <summary>So many were.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int TakenForCount { get; init; }
}

/// <summary>Images of known classes and the classes that they were taken for. Shares are in percent.</summary>
public sealed record ClassScores
{
    /// <summary>How ranks and intervals are taken, for protocols.</summary>
    internal const string Counting =
        "rank of an image's class = 1 + other classes scoring >= it (ties count against it); top-k = share of images whose class has rank "
        + "<= k; intervals: 95 % percentile bootstrap over images";

    /// <summary>The larger of the two depths.</summary>
    private const int Deep = 5;

    /// <summary>Of the shares.</summary>
    public string Unit { get; } = "percent";

    /// <summary>Share of images whose class is the best.</summary>
    public required double Top1 { get; init; }

    /// <summary>Its 95 % interval.</summary>
    public required Interval Top1Interval { get; init; }

    /// <summary>Share of images whose class is among the five best; null where there are at most five classes.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? Top5 { get; init; }

    /// <summary>Its 95 % interval.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Interval? Top5Interval { get; init; }

    /// <summary>Mean of the classes' top-1, each class alike; classes without an image do not count.</summary>
    public required double MeanPerClass { get; init; }

    /// <summary>A line per class that has images, in the order of the classes' numbers.</summary>
    public required IReadOnlyList<ClassScore> Classes { get; init; }

    /// <summary>
    /// Numbers of images by the class of their label and the class that they were taken for; none where there is no image.
    /// </summary>
    [JsonIgnore]
    public IReadOnlyDictionary<(int Label, int Taken), int> Confusion { get; init; } = new Dictionary<(int Label, int Taken), int>();

    /// <summary>Scores images by the cosines with a vector per class.</summary>
    /// <param name="images">Image features.</param>
    /// <param name="classes">A vector per class.</param>
    /// <param name="labels">Number of each image's class.</param>
    /// <param name="names">Id and name of each class.</param>
    /// <param name="seed">Seed of the intervals.</param>
    internal static ClassScores Of(
        VectorSet images, VectorSet classes, IReadOnlyList<int> labels, IReadOnlyList<(string Id, string Name)> names, int seed)
    {
        var taken = new int[images.Count];
        var ranks = Ranking.Rank(
            images, classes, [.. labels.Select(label => new[] { label })],
            (image, scores) => taken[image] = Nearest(scores, labels[image]));
        return Of(ranks, taken, labels, names, seed);
    }

    /// <summary>Scores images by a row of logits each.</summary>
    /// <param name="logits">Row-major [images, classes].</param>
    /// <param name="labels">Number of each image's class.</param>
    /// <param name="names">Id and name of each class.</param>
    /// <param name="seed">Seed of the intervals.</param>
    internal static ClassScores Of(float[] logits, IReadOnlyList<int> labels, IReadOnlyList<(string Id, string Name)> names, int seed)
    {
        var (ranks, taken) = (new int[labels.Count], new int[labels.Count]);
        for (var image = 0; image < labels.Count; image++)
        {
            var row = logits.AsSpan(image * names.Count, names.Count);
            ranks[image] = Ranking.FromScores(row, [labels[image]]);
            taken[image] = Nearest(row, labels[image]);
        }
        return Of(ranks, taken, labels, names, seed);
    }

    /// <summary>Counts what was found.</summary>
    /// <param name="ranks">Rank of each image's class.</param>
    /// <param name="taken">Number of the class that each image was taken for (<see cref="Nearest"/>).</param>
    /// <param name="labels">Number of each image's class.</param>
    /// <param name="names">Id and name of each class.</param>
    /// <param name="seed">Seed of the intervals.</param>
    private static ClassScores Of(
        int[] ranks, int[] taken, IReadOnlyList<int> labels, IReadOnlyList<(string Id, string Name)> names, int seed)
    {
        var confusion = taken.Select((other, image) => (Label: labels[image], Taken: other)).CountBy(pair => pair).ToDictionary();
        var mistakes = confusion.Where(pair => pair.Key.Label != pair.Key.Taken).ToLookup(pair => pair.Key.Label);
        var ranksOf = Enumerable.Range(0, ranks.Length).ToLookup(image => labels[image], image => ranks[image]);
        var isDeep = names.Count > Deep;
        ClassScore[] perClass =
        [
            .. from c in Enumerable.Range(0, names.Count)
               where ranksOf.Contains(c)
               let most = mistakes[c].OrderByDescending(pair => pair.Value).ThenBy(pair => pair.Key.Taken).FirstOrDefault()
               select new ClassScore(names[c].Id, names[c].Name, ranksOf[c].Count(), At([.. ranksOf[c]], 1))
               {
                   Top5 = isDeep ? At([.. ranksOf[c]], Deep) : null,
                   TakenFor = most.Value > 0 ? names[most.Key.Taken].Id : null,
                   TakenForCount = most.Value,
               },
        ];
        var intervals = Bootstrap.Intervals(ranks, [.. Enumerable.Range(0, ranks.Length)], ranks.Length, [1, Deep], seed);
        return new ClassScores
        {
            Top1 = At(ranks, 1),
            Top1Interval = InPercent(intervals[0]),
            Top5 = isDeep ? At(ranks, Deep) : null,
            Top5Interval = isDeep ? InPercent(intervals[1]) : null,
            MeanPerClass = Math.Round(perClass.Average(score => score.Top1), 6),
            Classes = perClass,
            Confusion = confusion,
        };
    }

    /// <summary>A share in percent, rounded far below what any number of images tells apart.</summary>
    internal static double Percent(double share) => Math.Round(100 * share, 6);

    /// <summary>
    /// The class with the best score. Of equal ones the first that is not the image's own, as a tie counts against it.
    /// </summary>
    internal static int Nearest(ReadOnlySpan<float> scores, int own)
    {
        var best = own;
        for (var c = 0; c < scores.Length; c++)
        {
            if (scores[c] > scores[best] || (best == own && c != own && scores[c] == scores[own]))
            {
                best = c;
            }
        }
        return best;
    }

    private static double At(IReadOnlyList<int> ranks, int depth) => Percent(RecallNumbers.At(ranks, depth));

    private static Interval InPercent(Interval shares) => new(Percent(shares.Low), Percent(shares.High));
}
