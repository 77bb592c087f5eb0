using System.Globalization;

namespace Llm2Clip.Search;

/// <summary>
/// Finds images of one state of an index by the vector of a query, by score or by the index's graph. Safe to call from several threads.
/// </summary>
internal sealed class IndexSearch : IDisposable
{
    private readonly Lazy<NeighborGraph?> _graph;

    /// <param name="index">The images, which this owns.</param>
    public IndexSearch(ImageIndex index)
    {
        Index = index;
        _graph = new Lazy<NeighborGraph?>(() => index.Manifest.Neighbors is { } entry ? NeighborGraph.Open(index.Folder, entry) : null);
    }

    /// <summary>The images.</summary>
    public ImageIndex Index { get; }

    /// <summary>The best images, the best first, with a note on what was applied; alike ones are folded where the query says so.</summary>
    /// <param name="query">[D].</param>
    /// <param name="config">How many, and which images may answer.</param>
    /// <param name="notes">Hears what was applied.</param>
    /// <param name="cancellation">Ends the search.</param>
    public IReadOnlyList<FoundGroup> Find(float[] query, SearchConfig config, List<string> notes, CancellationToken cancellation)
    {
        var filter = new ImageFilter(Index, config);
        // A filter may leave few of the images that a graph finds.
        var graph = config.Exact || filter.Description.Length > 0 ? null : _graph.Value;
        var groups = Find(query, config, filter, graph, cancellation);
        if (graph is not null)
        {
            var entry = Index.Manifest.Neighbors!;
            notes.Add(string.Create(
                CultureInfo.InvariantCulture,
                $"Approximate: by a graph of {entry.Images:N0} images, recall@10 {entry.Recall:0.000} when it was built."));
        }
        if (filter.Description.Length > 0)
        {
            notes.Add($"Only images {filter.Description}.");
        }
        return groups;
    }

    /// <summary>
    /// The newest images, by the date that filters go by; those without one come last. Nothing is searched by, so that there are no scores.
    /// </summary>
    /// <param name="config">How many, and which images count.</param>
    public IReadOnlyList<FoundGroup> Newest(SearchConfig config)
    {
        var filter = new ImageFilter(Index, config);
        return
        [
            .. Index.Locators().Where(filter.Accepts).OrderByDescending(locator => Index.Row(locator).Date).ThenBy(locator => locator)
                .Take(config.Top).Select(locator => new FoundGroup(new Found(locator, float.NaN), [])),
        ];
    }

    /// <summary>Frees the index.</summary>
    public void Dispose()
    {
        if (_graph.IsValueCreated)
        {
            _graph.Value?.Dispose();
        }
        Index.Dispose();
    }

    /// <summary>The best images; where alike ones are folded, so many are looked at that enough remain.</summary>
    private IReadOnlyList<FoundGroup> Find(
        float[] query, SearchConfig config, ImageFilter filter, NeighborGraph? graph, CancellationToken cancellation)
    {
        for (var most = config.Fold ? (4 * config.Top) + 16 : config.Top; ; most *= 2)
        {
            var found = graph is null
                ? VectorSearch.Top(Index, query, most, filter.Accepts, cancellation)
                : VectorSearch.Top(Index, graph, query, most, cancellation);
            if (!config.Fold)
            {
                return [.. found.Select(one => new FoundGroup(one, []))];
            }
            var groups = AlikeImages.Fold(Index, found);
            if (groups.Count >= config.Top || most >= Index.Count)
            {
                return [.. groups.Take(config.Top)];
            }
        }
    }
}
