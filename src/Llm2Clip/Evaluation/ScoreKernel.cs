using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Llm2Clip.Evaluation;

/// <summary>
/// Dot products of fp32 vectors in tiles. Unlike a blocked matrix product, the sum of a pair is taken in one order wherever
/// the pair is in a tile, so equal vectors have exactly equal scores, which the tie rule needs.
/// </summary>
internal static class ScoreKernel
{
    private const int TileQueries = 4;
    private const int TileCandidates = 4;

    /// <summary>
    /// scores[i, j] = queries[firstQuery + i] . candidates[firstCandidate + j], written with <paramref name="stride"/> values per row.
    /// </summary>
    public static void Score(
        VectorSet queries, int firstQuery, int queryCount, VectorSet candidates, int firstCandidate, int candidateCount, Span<float> scores,
        int stride)
    {
        var i = 0;
        for (; i + TileQueries <= queryCount; i += TileQueries)
        {
            var j = 0;
            for (; j + TileCandidates <= candidateCount; j += TileCandidates)
            {
                Tile(queries, firstQuery + i, candidates, firstCandidate + j, scores[((i * stride) + j)..], stride);
            }
            for (; j < candidateCount; j++)
            {
                for (var k = i; k < i + TileQueries; k++)
                {
                    scores[(k * stride) + j] = Dot(queries[firstQuery + k], candidates[firstCandidate + j]);
                }
            }
        }
        for (; i < queryCount; i++)
        {
            for (var j = 0; j < candidateCount; j++)
            {
                scores[(i * stride) + j] = Dot(queries[firstQuery + i], candidates[firstCandidate + j]);
            }
        }
    }

    /// <summary>One pair: sixteen running sums, added up at the end, then the rest of the dimensions.</summary>
    internal static float Dot(ReadOnlySpan<float> x, ReadOnlySpan<float> y)
    {
        var sum = Vector512<float>.Zero;
        var d = 0;
        for (; d + Vector512<float>.Count <= x.Length; d += Vector512<float>.Count)
        {
            sum = Vector512.FusedMultiplyAdd(Vector512.Create(x[d..]), Vector512.Create(y[d..]), sum);
        }
        return Finish(sum, x, y, d);
    }

    private static void Tile(VectorSet queries, int query, VectorSet candidates, int candidate, Span<float> scores, int stride)
    {
        var dimension = queries.Dimension;
        var whole = dimension - (dimension % Vector512<float>.Count);
        ref var q0 = ref MemoryMarshal.GetReference(queries[query]);
        ref var c0 = ref MemoryMarshal.GetReference(candidates[candidate]);
        for (var half = 0; half < TileQueries; half += 2)
        {
            Vector512<float> s00 = default, s01 = default, s02 = default, s03 = default;
            Vector512<float> s10 = default, s11 = default, s12 = default, s13 = default;
            for (var d = 0; d < whole; d += Vector512<float>.Count)
            {
                var a = Vector512.LoadUnsafe(ref q0, (nuint)((half * dimension) + d));
                var b = Vector512.LoadUnsafe(ref q0, (nuint)(((half + 1) * dimension) + d));
                var c = Vector512.LoadUnsafe(ref c0, (nuint)d);
                s00 = Vector512.FusedMultiplyAdd(a, c, s00);
                s10 = Vector512.FusedMultiplyAdd(b, c, s10);
                c = Vector512.LoadUnsafe(ref c0, (nuint)(dimension + d));
                s01 = Vector512.FusedMultiplyAdd(a, c, s01);
                s11 = Vector512.FusedMultiplyAdd(b, c, s11);
                c = Vector512.LoadUnsafe(ref c0, (nuint)((2 * dimension) + d));
                s02 = Vector512.FusedMultiplyAdd(a, c, s02);
                s12 = Vector512.FusedMultiplyAdd(b, c, s12);
                c = Vector512.LoadUnsafe(ref c0, (nuint)((3 * dimension) + d));
                s03 = Vector512.FusedMultiplyAdd(a, c, s03);
                s13 = Vector512.FusedMultiplyAdd(b, c, s13);
            }
            var x = queries[query + half];
            var row = scores[(half * stride)..];
            row[0] = Finish(s00, x, candidates[candidate], whole);
            row[1] = Finish(s01, x, candidates[candidate + 1], whole);
            row[2] = Finish(s02, x, candidates[candidate + 2], whole);
            row[3] = Finish(s03, x, candidates[candidate + 3], whole);
            x = queries[query + half + 1];
            row = scores[((half + 1) * stride)..];
            row[0] = Finish(s10, x, candidates[candidate], whole);
            row[1] = Finish(s11, x, candidates[candidate + 1], whole);
            row[2] = Finish(s12, x, candidates[candidate + 2], whole);
            row[3] = Finish(s13, x, candidates[candidate + 3], whole);
        }
    }

    private static float Finish(Vector512<float> sums, ReadOnlySpan<float> x, ReadOnlySpan<float> y, int from)
    {
        var sum = Vector512.Sum(sums);
        for (var d = from; d < x.Length; d++)
        {
            sum = MathF.FusedMultiplyAdd(x[d], y[d], sum);
        }
        return sum;
    }
}
