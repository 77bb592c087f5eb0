using Llm2Clip.Search;
using Llm2Clip.Tests.Teachers;

namespace Llm2Clip.Tests.Search;

/// <summary>Search by a graph: what it finds has its exact score, what came later is found, what left is not.</summary>
public sealed class NeighborGraphTests : IDisposable
{
    private const int Images = 300;

    private readonly TemporaryFolder _root = new();

    public void Dispose() => _root.Dispose();

    private string Folder => _root.File("index");

    [Fact]
    public void FindsWhatExactSearchFindsAlsoAfterChanges()
    {
        using (var writer = IndexCases.Writer(Folder, rowsPerSegment: 64))
        {
            Add(writer, 0, Images);
            var built = writer.BuildGraph(SilentLog.Instance, TestContext.Current.CancellationToken);
            Assert.Equal(Images, built.Images);
            Assert.InRange(built.Recall, 0.95, 1); // 300 vectors, of which 128 are looked at for each query
            Assert.Equal(0, writer.Uncovered);
        }
        Compare();
        using (var writer = IndexCases.Writer(Folder, rowsPerSegment: 64))
        {
            Add(writer, Images, 30);
            writer.Remove(IndexCases.Record(7).Identity);
            writer.Remove(IndexCases.Record(Images + 7).Identity);
            Assert.Equal(29, writer.Uncovered);
        }
        Compare();
        using (var writer = IndexCases.Writer(Folder, rowsPerSegment: 64))
        {
            Assert.Equal(Images + 28, writer.BuildGraph(SilentLog.Instance, TestContext.Current.CancellationToken).Images);
        }
        Assert.Equal("neighbors-000001.usearch", Assert.Single(Directory.GetFiles(Folder, "neighbors*").Select(Path.GetFileName)));
        Compare();
    }

    [Fact]
    public void ADamagedGraphIsNamedAndCompactionTakesItAway()
    {
        using (var writer = IndexCases.Writer(Folder, rowsPerSegment: 64))
        {
            Add(writer, 0, 20);
            writer.BuildGraph(SilentLog.Instance, TestContext.Current.CancellationToken);
        }
        var path = Path.Combine(Folder, "neighbors-000000.usearch");
        using (var damaged = File.OpenWrite(path))
        {
            damaged.Position = damaged.Length - 5;
            damaged.WriteByte(0xA5);
        }
        var problem = Assert.Single(IndexUpkeep.Verify(Folder, TestContext.Current.CancellationToken));
        Assert.Equal("neighbors-000000.usearch, the graph of neighbors, is damaged or missing", problem);
        using (var cut = File.OpenWrite(path))
        {
            cut.SetLength(cut.Length - 1);
        }
        using (var index = ImageIndex.Open(Folder))
        {
            var refused = Assert.Throws<InputException>(() => NeighborGraph.Open(Folder, index.Manifest.Neighbors!));
            Assert.StartsWith($"{path} is damaged: ", refused.Message);
            Assert.Contains("search.exact=true", refused.Message);
        }
        IndexUpkeep.Compact(Folder, TestContext.Current.CancellationToken);
        Assert.False(File.Exists(path));
        Assert.Empty(IndexUpkeep.Verify(Folder, TestContext.Current.CancellationToken));
        Assert.Equal(20, IndexCases.Numbers(Folder).Length);
    }

    private void Compare()
    {
        using var index = ImageIndex.Open(Folder);
        using var graph = NeighborGraph.Open(Folder, index.Manifest.Neighbors!);
        var (found, all) = (0, 0);
        for (var q = 0; q < 20; q++)
        {
            var query = Enumerable.Range(0, IndexCases.Dimension).Select(d => (float)Math.Cos(q + d * (q + 1))).ToArray();
            var exact = VectorSearch.Top(index, query, 10, _ => true, TestContext.Current.CancellationToken);
            var near = VectorSearch.Top(index, graph, query, 10, TestContext.Current.CancellationToken);
            Assert.DoesNotContain(near, one => index.IsRemoved(one.Locator));
            found += exact.Intersect(near).Count(); // with equal scores, to the bit
            all += exact.Count;
        }
        Assert.InRange(found / (double)all, 0.9, 1);
    }

    private static void Add(ImageIndexWriter writer, int first, int count)
    {
        for (var i = first; i < first + count; i++)
        {
            IndexCases.Add(writer, i);
        }
    }
}
