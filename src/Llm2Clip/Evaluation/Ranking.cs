namespace Llm2Clip.Evaluation;

/// <summary>
/// The rank of a query's best own candidate among all candidates (DESIGN 6): with b the best score of its own candidates,
/// rank = 1 + number of candidates that are not its own with a score >= b. Ties count against the query, own candidates never do.
/// </summary>
internal static class Ranking
{
    /// <summary>Candidates whose vectors are scored against a block of queries while they stay in the cache.</summary>
    private const int CandidateTile = 256;

    private const int QueryBlock = 64;

    /// <summary>
    /// Rank of one query from its scores. <paramref name="own"/> holds the candidates that are its own, in ascending order.
    /// A score that is not a number ranks as minus infinity. Throws where the query has no own candidate.
    /// </summary>
    public static int FromScores(ReadOnlySpan<float> scores, ReadOnlySpan<int> own)
    {
        if (own.IsEmpty)
        {
            throw new ArgumentException("A query without an own candidate has no rank.", nameof(own));
        }
        var best = float.NegativeInfinity;
        foreach (var candidate in own)
        {
            best = Math.Max(best, float.IsNaN(scores[candidate]) ? float.NegativeInfinity : scores[candidate]);
        }
        var rank = 1;
        foreach (var score in scores)
        {
            rank += score >= best ? 1 : 0;
        }
        foreach (var candidate in own)
        {
            rank -= scores[candidate] >= best ? 1 : 0;
        }
        return rank;
    }

    /// <summary>
    /// Ranks of all queries: exact fp32 cosine scores in blocks, so that memory grows with queries x 64 and not with the
    /// product. Each score is a function of its two vectors alone (no blocked matrix product), so that equal vectors tie exactly.
    /// </summary>
    /// <param name="queries">Normalized query vectors.</param>
    /// <param name="candidates">Normalized candidate vectors of the same dimension.</param>
    /// <param name="ownOf">Own candidates of each query, ascending.</param>
    /// <param name="visit">Called with query and scores, for readers that need more than the rank; may be called from several
    /// threads.</param>
    /// <param name="bank">Changes each query's scores before it is ranked, after <paramref name="visit"/>; null = not.</param>
    public static int[] Rank(
        VectorSet queries, VectorSet candidates, IReadOnlyList<int[]> ownOf, Action<int, ReadOnlySpan<float>>? visit = null,
        Querybank? bank = null)
    {
        if (queries.Dimension != candidates.Dimension)
        {
            throw new ArgumentException($"Queries have {queries.Dimension} dimensions and candidates {candidates.Dimension}.");
        }
        if (ownOf.Count != queries.Count)
        {
            throw new ArgumentException($"{queries.Count} queries, but own candidates for {ownOf.Count}.", nameof(ownOf));
        }
        var ranks = new int[queries.Count];
        var blocks = (queries.Count + QueryBlock - 1) / QueryBlock;
        Parallel.For(
            0, blocks,
            () => new float[QueryBlock * candidates.Count],
            (block, _, scores) =>
            {
                var first = block * QueryBlock;
                var count = Math.Min(QueryBlock, queries.Count - first);
                ScoreBlock(queries, first, count, candidates, scores);
                for (var i = 0; i < count; i++)
                {
                    var row = scores.AsSpan(i * candidates.Count, candidates.Count);
                    visit?.Invoke(first + i, row);
                    bank?.Normalize(row);
                    ranks[first + i] = FromScores(row, ownOf[first + i]);
                }
                return scores;
            },
            _ => { });
        return ranks;
    }

    private static void ScoreBlock(VectorSet queries, int first, int count, VectorSet candidates, float[] scores)
    {
        for (var tile = 0; tile < candidates.Count; tile += CandidateTile)
        {
            var width = Math.Min(CandidateTile, candidates.Count - tile);
            ScoreKernel.Score(queries, first, count, candidates, tile, width, scores.AsSpan(tile), candidates.Count);
        }
    }
}
