using Llm2Clip.Evaluation;

namespace Llm2Clip.Tests.Evaluation;

public class RankingTests
{
    /// <summary>The rule of DESIGN 6 as a double loop over one score row.</summary>
    private static int NaiveRank(Func<int, float> score, int candidates, HashSet<int> own)
    {
        var best = own.Max(score);
        var rank = 1;
        for (var candidate = 0; candidate < candidates; candidate++)
        {
            if (!own.Contains(candidate) && score(candidate) >= best)
            {
                rank++;
            }
        }
        return rank;
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public void AgreesWithADoubleLoopOnRandomCasesWithTiesAndUnequalCaptions(int seed)
    {
        var random = new Random(seed);
        var images = random.Next(1, 150);
        // Few distinct values in few dimensions: many vectors, and so many scores, are exactly equal.
        var dimension = random.Next(1, 4);
        var imageOfText = Enumerable.Range(0, images).SelectMany(image => Enumerable.Repeat(image, random.Next(image == 0 ? 1 : 0, 6)))
            .ToArray();
        random.Shuffle(imageOfText);
        var imageVectors = Vectors(random, images, dimension);
        var textVectors = Vectors(random, imageOfText.Length, dimension);
        var imageSet = new VectorSet(imageVectors, dimension);
        var textSet = new VectorSet(textVectors, dimension);

        var result = Retrieval.Score(imageSet, textSet, imageOfText);

        float Score(int image, int text) => ScoreKernel.Dot(imageSet[image], textSet[text]);

        var expectedText = imageOfText.Select((own, text) => NaiveRank(image => Score(image, text), images, [own])).ToArray();
        var queried = Enumerable.Range(0, images).Where(imageOfText.Contains).ToArray();
        var expectedImage = queried.Select(image => NaiveRank(
            text => Score(image, text), imageOfText.Length,
            [.. Enumerable.Range(0, imageOfText.Length).Where(text => imageOfText[text] == image)])).ToArray();
        Assert.Equal(expectedText, result.TextToImageRanks);
        Assert.Equal(queried, result.QueriedImages);
        Assert.Equal(expectedImage, result.ImageToTextRanks);
    }

    [Theory]
    [InlineData(7, 5, 3)]
    [InlineData(9, 11, 16)]
    [InlineData(70, 261, 77)]
    public void TilesGiveThePairsOwnProductToTheBit(int queries, int candidates, int dimension)
    {
        var random = new Random(dimension);
        var x = new VectorSet([.. Enumerable.Range(0, queries * dimension).Select(_ => random.NextSingle() - 0.5f)], dimension);
        var y = new VectorSet([.. Enumerable.Range(0, candidates * dimension).Select(_ => random.NextSingle() - 0.5f)], dimension);
        var scores = new float[queries * candidates];
        ScoreKernel.Score(x, 0, queries, y, 0, candidates, scores, candidates);
        for (var i = 0; i < queries; i++)
        {
            for (var j = 0; j < candidates; j++)
            {
                Assert.Equal(ScoreKernel.Dot(x[i], y[j]), scores[(i * candidates) + j]);
                double exact = 0;
                for (var d = 0; d < dimension; d++)
                {
                    exact += (double)x[i][d] * y[j][d];
                }
                Assert.Equal(exact, scores[(i * candidates) + j], 1e-6);
            }
        }
    }

    [Fact]
    public void EqualVectorsTieAgainstTheQueryWhereverTheyStand()
    {
        // 300 equal images: a blocked product could round some of them differently and let one of them win.
        var random = new Random(7);
        var vector = Vectors(random, 1, 515);
        var images = Enumerable.Repeat(vector, 300).SelectMany(value => value).ToArray();
        var text = Vectors(random, 1, 515);
        var result = Retrieval.Score(new VectorSet(images, 515), new VectorSet(text, 515), [137]);
        Assert.Equal([300], result.TextToImageRanks);
    }

    [Fact]
    public void OwnCandidatesNeverCountAgainstEachOther()
    {
        float[] scores = [0.5f, 0.5f, 0.5f, 0.2f];
        Assert.Equal(2, Ranking.FromScores(scores, [0, 1]));
        Assert.Equal(1, Ranking.FromScores(scores, [0, 1, 2]));
        Assert.Equal(4, Ranking.FromScores(scores, [3]));
    }

    [Fact]
    public void AQueryWithoutOwnCandidateIsRefused() =>
        Assert.Throws<ArgumentException>(() => Ranking.FromScores([1f], []));

    [Fact]
    public void NotANumberIsRefusedBeforeScoring() =>
        Assert.Contains("Vector 1", Assert.Throws<ArgumentException>(() => new VectorSet([1f, 0f, float.NaN, 0f], 2)).Message);

    [Theory]
    [InlineData(1000, 1, 10, 0.01)]
    [InlineData(5, 1, 10, 1)]
    [InlineData(10, 2, 1, 0.2)]
    [InlineData(4, 2, 2, 1 - (2.0 / 4 * (1.0 / 3)))]
    public void ChanceIsTheShareOfRandomOrdersWithAnOwnCandidateInTheFirstPlaces(int candidates, int own, int depth, double expected) =>
        Assert.Equal(expected, RecallNumbers.ChanceOf(candidates, own, depth), 12);

    [Fact]
    public void MedianOfAnEvenNumberIsTheMeanOfTheMiddleTwo()
    {
        Assert.Equal(3.5, RecallNumbers.From([1, 2, 5, 9], 10, [1, 1, 1, 1]).MedianRank);
        Assert.Equal(5, RecallNumbers.From([9, 5, 1], 10, [1, 1, 1]).MedianRank);
    }

    [Fact]
    public void BootstrapDrawsImagesAndIsSeeded()
    {
        // 100 images of 5 captions each, all five right or all five wrong: the interval is that of 100 draws, not of 500.
        var ranks = Enumerable.Range(0, 500).Select(i => i / 5 % 2 == 0 ? 1 : 20).ToArray();
        var groups = Enumerable.Range(0, 500).Select(i => i / 5).ToArray();
        var interval = Bootstrap.Intervals(ranks, groups, 100, [1], seed: 3)[0];
        var same = Bootstrap.Intervals(ranks, groups, 100, [1], seed: 3)[0];
        Assert.Equal(interval, same);
        // Standard error sqrt(0.25 / 100) = 0.05, so about 0.40 to 0.60.
        Assert.InRange(interval.Low, 0.37, 0.43);
        Assert.InRange(interval.High, 0.57, 0.63);
    }

    private static float[] Vectors(Random random, int count, int dimension) =>
        [.. Enumerable.Range(0, count * dimension).Select(_ => (float)random.Next(-2, 3))];
}
