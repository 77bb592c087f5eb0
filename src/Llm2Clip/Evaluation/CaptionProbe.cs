using System.Text.Json.Serialization;

namespace Llm2Clip.Evaluation;

/// <summary>How well captions of one language find captions of another (or the same) that belong to the same image.</summary>
public sealed record ProbeScore(string From, string To, RecallNumbers Recall)
{
    /// <summary>Mean of R@1 and R@10, 0 to 1: by it epochs and layers are chosen.</summary>
    internal double Criterion => (Recall.RecallAt1 + Recall.RecallAt10) / 2;
}

/// <summary>One kind of vectors in the probe's table.</summary>
/// <param name="Name">What was done to the LLM's vectors.</param>
/// <param name="OwnMeans">Languages whose own mean was used, with where it came from; empty where the training captions gave all.</param>
public sealed record ProbeRow(string Name, IReadOnlyList<string> OwnMeans, IReadOnlyList<ProbeScore> Scores);

/// <summary>The probe's result, as it is written to JSON.</summary>
public sealed record CaptionProbeResult(string Protocol, string Teacher, string Data, int Images, IReadOnlyList<ProbeRow> Rows)
{
    /// <summary>Of several layers the best by the training language alone; null where none were compared.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public BestLayer? Best { get; init; }
}

/// <summary>The layer that does best.</summary>
/// <param name="Layer">As <c>teacher.layers</c> takes it.</param>
/// <param name="Language">The training language: its captions find each other.</param>
/// <param name="Criterion">Mean of R@1 and R@10 in it, 0 to 1.</param>
public sealed record BestLayer(string Layer, string Language, double Criterion)
{
    /// <summary>The best of a table's rows; of equal ones the first. The pair of the language with itself must be in it.</summary>
    internal static BestLayer Of(IReadOnlyList<ProbeRow> rows, string language)
    {
        var best = rows.MaxBy(Criterion)!;
        return new BestLayer(best.Name, language, Criterion(best));

        double Criterion(ProbeRow row) => row.Scores.First(score => score.From == language && score.To == language).Criterion;
    }
}

/// <summary>
/// Caption-to-caption retrieval (facts D6): tells what a teacher is worth before days are spent on it. Ranks as everywhere in the project.
/// </summary>
internal static class CaptionProbe
{
    /// <summary>The protocol in one sentence, printed with every number.</summary>
    public const string Protocol =
        "caption to caption: an image's first caption against the second (same language) or against the first of the other language; "
        + "candidates: one caption of every image that has both; cosine similarity in fp32; "
        + "rank = 1 + candidates of other images scoring >= the own one (ties count against it)";

    /// <summary>The same of several layers.</summary>
    public const string LayerProtocol = Protocol + "; vectors without the mean of their language";

    /// <summary>
    /// Scores one direction. <paramref name="embed"/> gives un-normalized vectors of texts of a language, row-major.
    /// </summary>
    /// <param name="seed">Seed of the bootstrap intervals; null leaves them out.</param>
    public static ProbeScore Score(
        ProbeTexts texts, ProbePair pair, int dimension, Func<IReadOnlyList<string>, string, float[]> embed, int? seed = null)
    {
        var (queries, candidates) = texts.Pair(pair);
        var ranks = Ranking.Rank(
            new VectorSet(embed(queries, pair.From), dimension),
            new VectorSet(embed(candidates, pair.To), dimension),
            [.. Enumerable.Range(0, queries.Count).Select(i => new[] { i })]);
        var recall = RecallNumbers.From(ranks, candidates.Count, [.. ranks.Select(_ => 1)]);
        if (seed is { } drawn)
        {
            IReadOnlyList<int> images = [.. Enumerable.Range(0, ranks.Length)];
            recall = recall with { Intervals = Bootstrap.Intervals(ranks, images, ranks.Length, RecallNumbers.Depths, drawn) };
        }
        return new ProbeScore(pair.From, pair.To, recall);
    }
}
