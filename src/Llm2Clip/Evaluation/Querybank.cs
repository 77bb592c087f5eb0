using System.Numerics.Tensors;

namespace Llm2Clip.Evaluation;

/// <summary>
/// Querybank normalization with the dynamic inverted softmax (QB-Norm, https://arxiv.org/abs/2112.12777, sections 3.2 and 3.3). In a space
/// of many dimensions a few candidates are near to almost every query (hubs); a bank of other queries shows which. With cosines s and bank
/// queries b, a query q whose best candidate is the best of some b ranks candidates c by
/// exp(beta s(q, c)) / sum over b of exp(beta s(b, c)); any other query by s(q, c) as it is.
/// </summary>
/// <remarks>
/// The paper's inverse temperature beta is 20; 10 served the languages that were not trained on here. The scores are the quotient's
/// logarithm, which orders alike. The activation set is that of the paper's published numbers: the single best candidate of each bank
/// query. Of equal best candidates the first counts.
/// </remarks>
public sealed class Querybank
{
    /// <summary>Candidates, and bank queries, that are scored at a time.</summary>
    private const int CandidateTile = 256;

    private const int BankBlock = 64;

    private readonly double _beta;
    private readonly double[] _logSums; // per candidate: log of the sum over the bank of exp(beta s)
    private readonly bool[] _isFound; // per candidate: whether it is the best of some bank query

    private Querybank(double beta, double[] logSums, bool[] isFound, int size)
    {
        (_beta, _logSums, _isFound, Size) = (beta, logSums, isFound, size);
    }

    /// <summary>Queries in the bank.</summary>
    public int Size { get; }

    /// <summary>Candidates that are the best of some query in the bank: the activation set.</summary>
    public int Found => _isFound.Count(found => found);

    /// <summary>
    /// Scores the bank against the candidates in blocks: memory grows with the candidates plus the bank, and not with their product.
    /// </summary>
    /// <param name="bank">Normalized vectors of queries, none of which is evaluated.</param>
    /// <param name="candidates">Normalized vectors of what is searched.</param>
    /// <param name="beta">Factor on cosines, above 0 and at most 500, so that no sum overflows a double.</param>
    /// <exception cref="ArgumentException">The bank is empty, lengths differ, or the factor is out of range.</exception>
    public static Querybank Of(VectorSet bank, VectorSet candidates, double beta)
    {
        if (bank.Count == 0 || bank.Dimension != candidates.Dimension)
        {
            throw new ArgumentException(
                $"A bank of {bank.Count} vectors of {bank.Dimension} elements does not fit candidates of {candidates.Dimension}.",
                nameof(bank));
        }
        if (!(beta > 0 && beta <= 500))
        {
            throw new ArgumentException($"The factor on cosines is {beta}; it must be above 0 and at most 500.", nameof(beta));
        }
        var logSums = new double[candidates.Count];
        var (best, bestOf) = (new float[bank.Count], new int[bank.Count]);
        Array.Fill(best, float.NegativeInfinity);
        var tiles = (candidates.Count + CandidateTile - 1) / CandidateTile;
        Parallel.For(0, tiles, tile =>
        {
            var first = tile * CandidateTile;
            var width = Math.Min(CandidateTile, candidates.Count - first);
            var (sums, tileBest, tileBestOf) = (new double[width], new float[bank.Count], new int[bank.Count]);
            ScoreTile(bank, candidates, first, beta, sums, tileBest, tileBestOf);
            for (var c = 0; c < width; c++)
            {
                logSums[first + c] = Math.Log(sums[c]);
            }
            lock (best)
            {
                for (var b = 0; b < best.Length; b++)
                {
                    // Whichever tile comes first, the first of equal candidates wins.
                    if (tileBest[b] > best[b] || (tileBest[b] == best[b] && tileBestOf[b] < bestOf[b]))
                    {
                        (best[b], bestOf[b]) = (tileBest[b], tileBestOf[b]);
                    }
                }
            }
        });
        var isFound = new bool[candidates.Count];
        foreach (var candidate in bestOf)
        {
            isFound[candidate] = true;
        }
        return new Querybank(beta, logSums, isFound, bank.Count);
    }

    /// <summary>
    /// Replaces one query's cosines with all candidates by their normalized scores, where its best candidate is one that the bank finds;
    /// leaves them else. Safe from several threads.
    /// </summary>
    public void Normalize(Span<float> scores)
    {
        if (scores.Length != _logSums.Length)
        {
            throw new ArgumentException($"{scores.Length} scores, but {_logSums.Length} candidates.", nameof(scores));
        }
        if (!_isFound[TensorPrimitives.IndexOfMax<float>(scores)])
        {
            return;
        }
        for (var c = 0; c < scores.Length; c++)
        {
            scores[c] = (float)((_beta * scores[c]) - _logSums[c]);
        }
    }

    /// <summary>The bank against some candidates: sums of exponentials, in the bank's order, and each bank query's best of them.</summary>
    private static void ScoreTile(
        VectorSet bank, VectorSet candidates, int first, double beta, double[] sums, float[] best, int[] bestOf)
    {
        var width = sums.Length;
        var scores = new float[BankBlock * width];
        for (var block = 0; block < bank.Count; block += BankBlock)
        {
            var count = Math.Min(BankBlock, bank.Count - block);
            ScoreKernel.Score(bank, block, count, candidates, first, width, scores, width);
            for (var b = 0; b < count; b++)
            {
                var row = scores.AsSpan(b * width, width);
                for (var c = 0; c < width; c++)
                {
                    sums[c] += Math.Exp(beta * row[c]);
                }
                var top = TensorPrimitives.IndexOfMax<float>(row);
                (best[block + b], bestOf[block + b]) = (row[top], first + top);
            }
        }
    }
}
