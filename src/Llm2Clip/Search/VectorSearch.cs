using System.Numerics.Tensors;
using Llm2Clip.Evaluation;

namespace Llm2Clip.Search;

/// <summary>An image that was found.</summary>
/// <param name="Locator">Its row.</param>
/// <param name="Score">Product of its vector and the query's.</param>
internal readonly record struct Found(long Locator, float Score);

/// <summary>
/// Exact search over an index's vectors as they lie in the memory map: each is widened to fp32 in a few cache lines and multiplied by
/// <see cref="ScoreKernel"/>. Memory grows with what is found alone.
/// </summary>
internal static class VectorSearch
{
    private const int BlockRows = 4096;

    /// <summary>
    /// The images with the highest scores, the best first; of equal ones, those that came first. Fewer where fewer are accepted.
    /// </summary>
    /// <param name="index">The index.</param>
    /// <param name="query">[D].</param>
    /// <param name="top">Images to find.</param>
    /// <param name="accepts">Which images may be found; asked of those alone that would be among the best so far. Called by several
    /// threads.</param>
    /// <param name="cancellation">Ends the search.</param>
    public static IReadOnlyList<Found> Top(
        ImageIndex index, ReadOnlyMemory<float> query, int top, Func<long, bool> accepts, CancellationToken cancellation) =>
        Top(index, query, top, accepts, covered: [], cancellation);

    /// <summary>
    /// The same by a graph: near images by the graph, and all that came after it was built, each with its exact score.
    /// </summary>
    public static IReadOnlyList<Found> Top(
        ImageIndex index, NeighborGraph graph, float[] query, int top, CancellationToken cancellation)
    {
        var near = graph.Nearest(query, top).Where(locator => !index.IsRemoved(locator)).Select(locator => Score(index, query, locator));
        var later = Top(index, query, top, _ => true, index.Manifest.Neighbors!.Covered, cancellation);
        return [.. near.Concat(later).OrderByDescending(found => found.Score).ThenBy(found => found.Locator).Take(top)];
    }

    private static Found Score(ImageIndex index, ReadOnlySpan<float> query, long locator)
    {
        var vector = new float[query.Length];
        TensorPrimitives.ConvertToSingle(index.Vector(locator), vector);
        return new Found(locator, ScoreKernel.Dot(query, vector));
    }

    private static IReadOnlyList<Found> Top(
        ImageIndex index, ReadOnlyMemory<float> query, int top, Func<long, bool> accepts, IReadOnlyList<CoveredSegment> covered,
        CancellationToken cancellation)
    {
        var rows = covered.ToDictionary(one => one.Number, one => one.Rows);
        var blocks = (
            from segment in index.Segments
            let start = rows.GetValueOrDefault(segment.Entry.Number)
            from block in Enumerable.Range(0, (segment.Rows - start + BlockRows - 1) / BlockRows)
            select (segment, First: start + (block * BlockRows))).ToArray();
        var all = new List<Found>();
        Parallel.ForEach(
            blocks, new ParallelOptions { CancellationToken = cancellation },
            () => new Best(top),
            (block, _, best) =>
            {
                Scan(index, block.segment, block.First, query.Span, accepts, best);
                return best;
            },
            best =>
            {
                lock (all)
                {
                    all.AddRange(best.Found);
                }
            });
        return [.. all.OrderByDescending(found => found.Score).ThenBy(found => found.Locator).Take(top)];
    }

    private static void Scan(
        ImageIndex index, IndexSegment segment, int first, ReadOnlySpan<float> query, Func<long, bool> accepts, Best best)
    {
        var vector = new float[query.Length];
        var end = Math.Min(first + BlockRows, segment.Rows);
        for (var row = first; row < end; row++)
        {
            TensorPrimitives.ConvertToSingle(segment.Vector(row), vector);
            var found = new Found(RemovedRows.Locator(segment.Entry.Number, row), ScoreKernel.Dot(query, vector));
            if (best.Wants(found) && !index.IsRemoved(found.Locator) && accepts(found.Locator))
            {
                best.Add(found);
            }
        }
    }

    /// <summary>The best that one thread has found.</summary>
    private sealed class Best(int most)
    {
        // The worst is at the front: the lowest score and, of equal ones, the last row.
        private readonly PriorityQueue<Found, (float Score, long Before)> _found = new();

        public IEnumerable<Found> Found => _found.UnorderedItems.Select(item => item.Element);

        public bool Wants(Found one) => _found.Count < most || Order(one).CompareTo(Order(_found.Peek())) > 0;

        public void Add(Found one)
        {
            _found.Enqueue(one, Order(one));
            if (_found.Count > most)
            {
                _found.Dequeue();
            }
        }

        private static (float Score, long Before) Order(Found one) => (one.Score, -one.Locator);
    }
}
