using Llm2Clip.Evaluation;
using Llm2Clip.Evaluation.Classification;

namespace Llm2Clip.Tests.Evaluation.Classification;

public class ClassMeanProbeTests
{
    /// <summary>
    /// By hand: a at 0 and 30 degrees, b at 90 and 50. Without itself, the class of the image at 0 is at 30, b at 70: right. 30: a at 0,
    /// 30 degrees away, b at 70, 40 away: right. 90: b at 50, 40 away, a at 15, 75 away: right. 50: b at 90, 40 away, a at 15, 35 away:
    /// wrong, though it is nearer to the mean of all of b, 70.
    /// </summary>
    [Fact]
    public void EachImageIsComparedWithTheMeansOfOthers() =>
        Assert.Equal(0.75, Top1([0, 30, 90, 50], "a", "a", "b", "b"));

    [Fact]
    public void ImagesOfClassesWithOneImageDoNotCount() =>
        Assert.Equal(0.75, Top1([0, 30, 49, 90, 50], "a", "a", "single", "b", "b"));

    /// <summary>Where all features are alike nothing can be told, however many images there are.</summary>
    [Fact]
    public void TiesCountAgainstTheClass() => Assert.Equal(0, Top1([40, 40, 40, 40], "a", "a", "b", "b"));

    [Fact]
    public void LengthsDoNotCount() => Assert.Equal(0.75, Top1([0, 30, 90, 50], [9, 1, 0.1, 3], "a", "a", "b", "b"));

    [Fact]
    public void OneClassIsNotEnough()
    {
        var error = Assert.Throws<InputException>(() => Top1([0, 30, 90], "a", "a", "b"));
        Assert.StartsWith("photos: 1 of 2 classes have two images", error.Message, StringComparison.Ordinal);
    }

    private static double Top1(double[] degrees, params string[] labels) => Top1(degrees, [.. degrees.Select(_ => 1.0)], labels);

    private static double Top1(double[] degrees, double[] lengths, params string[] labels) => ClassMeanProbe.Top1(
        new VectorSet(
            [.. degrees.Zip(lengths, (angle, length) => new[]
            {
                (float)(length * Math.Cos(angle * Math.PI / 180)), (float)(length * Math.Sin(angle * Math.PI / 180)),
            }).SelectMany(row => row)],
            2),
        labels, "photos");
}
