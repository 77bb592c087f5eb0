using System.Text.Json.Serialization;

namespace Llm2Clip.Evaluation.Classification;

/// <summary>What was found for one class. Shares are in percent.</summary>
/// <param name="Id">Id of the class.</param>
/// <param name="Name">Its first name.</param>
/// <param name="Images">Images that have its label.</param>
/// <param name="Top1">Share of them that were taken for it.</param>
/// <param name="Top5">Share of them for which it is among the five best.</param>
public sealed record ClassScore(string Id, string Name, int Images, double Top1, double Top5)
{
    /// <summary>Id of the other class that most of them were taken for; null where all were taken for their own.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? TakenFor { get; init; }

    /// <summary>So many were.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int TakenForCount { get; init; }

    /// <summary>The score with the class that most images were taken for in the place of their own, where there is one.</summary>
    internal ClassScore Mistaken(KeyValuePair<(int Label, int Taken), int> most, IReadOnlyList<(string Id, string Name)> names) =>
        most.Value == 0 ? this : this with { TakenFor = names[most.Key.Taken].Id, TakenForCount = most.Value };
}

/// <summary>Classification by the nearest of some class vectors. Shares are in percent.</summary>
public sealed record ClassScores
{
    /// <summary>The protocol in one sentence.</summary>
    public const string Protocol =
        "cosine similarity in fp32; rank of an image's class = 1 + other classes scoring >= it (ties count against it); top-k = share of "
        + "images whose class has rank <= k; intervals: 95 % percentile bootstrap over images";

    /// <summary>Of the shares.</summary>
    public string Unit { get; } = "percent";

    /// <summary>Share of images whose class is the nearest.</summary>
    public required double Top1 { get; init; }

    /// <summary>Share of images whose class is among the five nearest; 100 with at most five classes.</summary>
    public required double Top5 { get; init; }

    /// <summary>95 % intervals of both.</summary>
    public required Interval[] Intervals { get; init; }

    /// <summary>Mean of the classes' top-1, each class alike; classes without an image do not count.</summary>
    public required double MeanPerClass { get; init; }

    /// <summary>A line per class that has images, in the file's order.</summary>
    public required IReadOnlyList<ClassScore> Classes { get; init; }

    /// <summary>
    /// Numbers of images by the class of their label and the class that they were taken for; none where there is no image.
    /// </summary>
    [JsonIgnore]
    public required IReadOnlyDictionary<(int Label, int Taken), int> Confusion { get; init; }

    /// <summary>Scores images against a vector per class.</summary>
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

    /// <summary>Counts what was found.</summary>
    /// <param name="ranks">Rank of each image's class.</param>
    /// <param name="taken">Number of the class that each image was taken for (<see cref="Nearest"/>).</param>
    /// <param name="labels">Number of each image's class.</param>
    /// <param name="names">Id and name of each class.</param>
    /// <param name="seed">Seed of the intervals.</param>
    internal static ClassScores Of(
        int[] ranks, int[] taken, IReadOnlyList<int> labels, IReadOnlyList<(string Id, string Name)> names, int seed)
    {
        var confusion = new Dictionary<(int Label, int Taken), int>();
        for (var image = 0; image < taken.Length; image++)
        {
            var pair = (labels[image], taken[image]);
            confusion[pair] = confusion.GetValueOrDefault(pair) + 1;
        }
        var others = confusion.Where(pair => pair.Key.Label != pair.Key.Taken).ToLookup(pair => pair.Key.Label);
        var ranksOf = Enumerable.Range(0, ranks.Length).ToLookup(image => labels[image], image => ranks[image]);
        ClassScore[] perClass =
        [
            .. Enumerable.Range(0, names.Count).Where(ranksOf.Contains).Select(c => Class(names[c], [.. ranksOf[c]])
                .Mistaken(others[c].OrderByDescending(pair => pair.Value).ThenBy(pair => pair.Key.Taken).FirstOrDefault(), names)),
        ];
        var intervals = Bootstrap.Intervals(ranks, [.. Enumerable.Range(0, ranks.Length)], ranks.Length, [1, 5], seed);
        return new ClassScores
        {
            Top1 = Percent(RecallNumbers.At(ranks, 1)),
            Top5 = Percent(RecallNumbers.At(ranks, 5)),
            Intervals = [.. intervals.Select(interval => new Interval(Percent(interval.Low), Percent(interval.High)))],
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

    private static ClassScore Class((string Id, string Name) named, int[] ranks) =>
        new(named.Id, named.Name, ranks.Length, Percent(RecallNumbers.At(ranks, 1)), Percent(RecallNumbers.At(ranks, 5)));
}
