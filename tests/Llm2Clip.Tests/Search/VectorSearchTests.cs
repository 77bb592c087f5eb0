using Llm2Clip.Search;
using Llm2Clip.Tests.Teachers;

namespace Llm2Clip.Tests.Search;

/// <summary>The search over the memory map against scores that are taken one by one in fp64.</summary>
public sealed class VectorSearchTests : IDisposable
{
    private const int Images = 60;

    private readonly TemporaryFolder _root = new();
    private readonly ImageIndex _index;
    private readonly float[] _query = [.. Enumerable.Range(0, IndexCases.Dimension).Select(d => (float)Math.Cos(d))];

    public VectorSearchTests()
    {
        using (var writer = IndexCases.Writer(_root.File("index"), rowsPerSegment: 7))
        {
            for (var i = 0; i < Images; i++)
            {
                IndexCases.Add(writer, i);
            }
            writer.Remove(IndexCases.Record(11).Identity);
            writer.Remove(IndexCases.Record(Best(number => number != 11)[0]).Identity);
        }
        _index = ImageIndex.Open(_root.File("index"));
    }

    public void Dispose()
    {
        _index.Dispose();
        _root.Dispose();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(10)]
    [InlineData(1000)]
    public void TheBestAreFoundInOrder(int top)
    {
        var best = Best(number => number != 11)[0];
        var expected = Best(number => number != 11 && number != best).Take(top);
        var found = VectorSearch.Top(_index, _query, top, _ => true, TestContext.Current.CancellationToken);
        Assert.Equal(expected, found.Select(one => Number(one.Locator)));
        // 8 products of fp16 values, below 1.0, summed in fp32: 8 roundings of at most 6e-8 of at most 8.
        Assert.All(found, one => Assert.Equal(Score(Number(one.Locator)), one.Score, 4e-6));
    }

    [Fact]
    public void AFilterLeavesOutWhatItDoesNotAccept()
    {
        var best = Best(number => number != 11)[0];
        var expected = Best(number => number != 11 && number != best && number % 3 == 0).Take(5);
        var found = VectorSearch.Top(_index, _query, 5, locator => Number(locator) % 3 == 0, TestContext.Current.CancellationToken);
        Assert.Equal(expected, found.Select(one => Number(one.Locator)));
    }

    /// <summary>Equal scores come in stored order, whichever thread finds them.</summary>
    [Fact]
    public void EqualScoresComeInStoredOrder()
    {
        var found = VectorSearch.Top(_index, new float[IndexCases.Dimension], 9, _ => true, TestContext.Current.CancellationToken);
        Assert.Equal(_index.Locators().Take(9), found.Select(one => one.Locator));
    }

    private int Number(long locator) => int.Parse(_index.Record(locator).Key);

    private List<int> Best(Func<int, bool> accepts) => [.. Enumerable.Range(0, Images).Where(accepts).OrderByDescending(Score)];

    private double Score(int number) => IndexCases.Vector(number).Zip(_query, (x, y) => (double)x * y).Sum();
}
