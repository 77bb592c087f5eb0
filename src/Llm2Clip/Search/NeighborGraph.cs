using System.Diagnostics;
using System.IO.Hashing;
using System.Numerics.Tensors;
using System.Text.RegularExpressions;
using Cloud.Unum.USearch;
using Llm2Clip.Evaluation;
using Llm2Clip.Files;
using Llm2Clip.Teachers.Store;

namespace Llm2Clip.Search;

/// <summary>Rows of a segment that a graph has, from the first on.</summary>
internal sealed record CoveredSegment(int Number, int Rows);

/// <summary>The graph of an index, as the manifest names it.</summary>
/// <param name="File">Its file.</param>
/// <param name="Bytes">Length of it.</param>
/// <param name="Checksum">XxHash128 of it.</param>
/// <param name="Images">Images in it.</param>
/// <param name="Recall">Share of the exact ten nearest images of an image that the graph found, when it was built.</param>
/// <param name="Covered">Rows that were looked at; later ones are searched exactly.</param>
internal sealed record NeighborsEntry(
    string File, long Bytes, string Checksum, long Images, double Recall, IReadOnlyList<CoveredSegment> Covered);

/// <summary>
/// A graph of nearest neighbors (HNSW, https://arxiv.org/abs/1603.09320, by USearch) over an index's vectors, in fp16 and memory-mapped:
/// it finds near images without scoring all of them, and may miss some.
/// </summary>
internal sealed partial class NeighborGraph : IDisposable
{
    /// <summary>Images from which on a graph is built unasked: below, scoring them all takes less than half a second.</summary>
    public const long AutoFrom = 1_000_000;

    /// <summary>Neighbors of an image in the graph: recall@10 of 0.975 on 30,000 vectors of 512 elements (DESIGN 8).</summary>
    private const ulong Connectivity = 16;

    /// <summary>Images that are looked at for each that is added, and for each query.</summary>
    private const ulong ExpansionAdd = 128;
    private const ulong ExpansionSearch = 128;

    private const int RecallDepth = 10;
    private const int RecallQueries = 200;

    private readonly USearchIndex _graph;
    private readonly Lock _gate = new();

    private NeighborGraph(USearchIndex graph) => _graph = graph;

    /// <summary>Maps the graph of an index. Throws <see cref="InputException"/> where its file is cut, or USearch refuses it.</summary>
    public static NeighborGraph Open(string folder, NeighborsEntry entry)
    {
        var path = Path.Combine(folder, entry.File);
        var length = MappedFile.LengthOf(path);
        if (length != entry.Bytes)
        {
            throw new InputException($"{path} is damaged: {length} bytes, expected {entry.Bytes}. {Remedy(folder)}");
        }
        try
        {
            return new NeighborGraph(new USearchIndex(path, view: true));
        }
        catch (USearchException error)
        {
            throw new InputException($"{path} is damaged: {error.Message}. {Remedy(folder)}", error);
        }
    }

    /// <summary>
    /// Builds the graph of all images of an index, measures its recall, and writes its file, whole or not at all. The whole graph is in
    /// memory meanwhile.
    /// </summary>
    public static NeighborsEntry Build(ImageIndex index, int number, IRunLog log, CancellationToken cancellation)
    {
        using var graph = new USearchIndex(
            MetricKind.Ip, ScalarKind.Float16, (ulong)index.Model.Dimension, Connectivity, ExpansionAdd, ExpansionSearch, multi: false);
        var vector = new float[index.Model.Dimension];
        var images = 0L;
        using (var progress = log.Start("Build graph", index.Count, "images"))
        {
            foreach (var locator in index.Locators())
            {
                cancellation.ThrowIfCancellationRequested();
                TensorPrimitives.ConvertToSingle(index.Vector(locator), vector);
                graph.Add((ulong)locator, vector); // one thread: adding from several ends the process
                images++;
                progress.Advance(1);
            }
        }
        var recall = RecallOf(index, new NeighborGraph(graph), cancellation);
        var (file, bytes, checksum) = Save(graph, index.Folder, number);
        return new NeighborsEntry(
            file, bytes, checksum, images, recall, [.. index.Segments.Select(one => new CoveredSegment(one.Entry.Number, one.Rows))]);
    }

    /// <summary>Locators of images near to a query, the nearest first; removed ones may be among them.</summary>
    public IReadOnlyList<long> Nearest(float[] query, int count)
    {
        lock (_gate)
        {
            var found = _graph.Search(query, count, out var keys, out _);
            return [.. keys.Take(found).Select(key => (long)key)];
        }
    }

    /// <summary>Whether a name is that of a graph; no other file is opened or deleted.</summary>
    public static bool IsName(string name) => Name().IsMatch(name);

    /// <summary>Number in a name; -1 where there is none.</summary>
    public static int NumberOf(string? name) => name is not null && IsName(name) ? int.Parse(name.AsSpan(10, 6)) : -1;

    public void Dispose() => _graph.Dispose();

    private static string Remedy(string folder) =>
        $"`llm2clip index compact {folder}` takes it away; `llm2clip index` builds it again. Meanwhile `--set search.exact=true` searches "
        + "without it.";

    /// <summary>
    /// Some images search for their neighbors. Sentences lie elsewhere in the space, and their recall may differ; no index has sentences.
    /// </summary>
    private static double RecallOf(ImageIndex index, NeighborGraph graph, CancellationToken cancellation)
    {
        var all = index.Locators().ToList();
        if (all.Count == 0)
        {
            return 1;
        }
        var query = new float[index.Model.Dimension];
        var (found, exact) = (0, 0);
        foreach (var locator in all.Where((_, i) => i % Math.Max(1, all.Count / RecallQueries) == 0))
        {
            TensorPrimitives.ConvertToSingle(index.Vector(locator), query);
            var nearest = VectorSearch.Top(index, query, RecallDepth, _ => true, cancellation);
            found += nearest.Select(one => one.Locator).Intersect(graph.Nearest(query, RecallDepth)).Count();
            exact += nearest.Count;
        }
        return (double)found / exact;
    }

    /// <summary>USearch writes by name: what it wrote is taken over as every file that must not be torn.</summary>
    private static (string File, long Bytes, string Checksum) Save(USearchIndex graph, string folder, int number)
    {
        var name = $"neighbors-{number:d6}.usearch";
        var written = Path.Combine(folder, "neighbors" + PendingFile.Suffix);
        try
        {
            graph.Save(written);
            using var from = File.OpenRead(written);
            using var to = new PendingFile(Path.Combine(folder, name));
            from.CopyTo(to.Stream);
            to.Complete();
            return (name, from.Length, StoreFiles.Checksum(Path.Combine(folder, name), from.Length)!);
        }
        catch (USearchException error)
        {
            throw new RunException($"{Path.Combine(folder, name)} cannot be written: {error.Message}. Check the free space.", error);
        }
        finally
        {
            File.Delete(written);
        }
    }

    [GeneratedRegex(@"^neighbors-\d{6}\.usearch$")]
    private static partial Regex Name();
}
