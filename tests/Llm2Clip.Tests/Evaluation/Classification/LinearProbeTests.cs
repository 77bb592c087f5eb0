using Llm2Clip.Evaluation.Classification;
using Llm2Clip.Randomness;
using static TorchSharp.torch;

namespace Llm2Clip.Tests.Evaluation.Classification;

public class LinearProbeTests
{
    private static readonly LinearProbeConfig Config = new() { Train = "train-*.tar", Data = "val-*.tar" };

    /// <summary>
    /// The rounds of appendix A.3 of CLIP's paper by hand, where accuracy falls with the distance from 10^1.4: 100 is the best of the first
    /// seven, 10 of the next nine, then 10^1.5, again, and 10^1.375.
    /// </summary>
    [Fact]
    public void PenaltiesAreHalvedIn()
    {
        var asked = new List<double>();
        var tried = PenaltySearch.Run(penalty =>
        {
            asked.Add(Math.Round(Math.Log10(penalty), 6));
            return 90 - Math.Abs(Math.Log10(penalty) - 1.4);
        });
        Assert.Equal([6, 4, 2, 0, -2, -4, -6, 3, 1, 1.5, 0.5, 1.75, 1.25, 1.625, 1.375], asked);
        Assert.Equal(asked.Order(), tried.Select(each => Math.Round(Math.Log10(each.Penalty), 6)));
        Assert.Equal(1.375, Math.Log10(PenaltySearch.Best(tried).Penalty), 9);
        Assert.Equal(PenaltySearch.MostTried, tried.Count);
    }

    [Fact]
    public void OfEqualAccuraciesTheLargerPenaltyIsTaken()
    {
        var tried = PenaltySearch.Run(penalty => penalty < 11 ? 80 : 0);
        Assert.Equal(1, Math.Log10(PenaltySearch.Best(tried).Penalty), 9);
        // At the end of the range there is nothing beyond.
        Assert.Equal(6, Math.Log10(PenaltySearch.Best(PenaltySearch.Run(_ => 50)).Penalty), 9);
    }

    [Fact]
    public void OfEachClassAShareIsHeldOutAndOneImageStays()
    {
        int[] labels = [.. Enumerable.Repeat(0, 20), .. Enumerable.Repeat(1, 5), 2];
        var (fit, held) = LinearProbe.Split(labels, 0.2, seed: 3);
        Assert.Equal(Enumerable.Range(0, labels.Length), fit.Concat(held).Order());
        Assert.Equal([4, 1, 0], Enumerable.Range(0, 3).Select(c => held.Count(image => labels[image] == c)));
        Assert.Equal(held, LinearProbe.Split(labels, 0.2, seed: 3).Held);
        Assert.NotEqual(held, LinearProbe.Split(labels, 0.2, seed: 4).Held);
        Assert.Equal([19, 4, 0], Enumerable.Range(0, 3).Select(c => LinearProbe.Split(labels, 0.95, 3).Held.Count(i => labels[i] == c)));
    }

    /// <summary>
    /// Two classes that differ in one feature of ten by six standard deviations: the best line errs on 0.13 % of the images.
    /// </summary>
    [Fact]
    public void ClassesThatALineParts()
    {
        var sets = ProbeSets.Of(Draw(200, seed: 1), Draw(100, seed: 2), Config);
        Assert.Equal(["b", "c"], sets.Classes);
        var result = LinearProbe.Run(sets, Config, 1, CPU, SilentLog.Instance, TestContext.Current.CancellationToken);
        Assert.InRange(result.Scores.Top1, 98, 100);
        Assert.Null(result.Scores.Top5);
        Assert.InRange(result.Tried.Count, 11, PenaltySearch.MostTried);
        Assert.Equal(PenaltySearch.Best(result.Tried).Penalty, result.Penalty);
        Assert.InRange(result.Tried.Max(each => each.Accuracy), 95, 100);

        static (float[], IReadOnlyList<string>) Draw(int count, int seed)
        {
            var random = SeededRandom.For(seed);
            var features = new float[count * 10];
            for (var i = 0; i < features.Length; i++)
            {
                features[i] = random.NextGaussian() + (i % 10 == 3 && i / 10 % 2 == 1 ? 6 : 0);
            }
            return (features, [.. Enumerable.Range(0, count).Select(i => i % 2 == 1 ? "b" : "c")]);
        }
    }

    [Fact]
    public void NumbersAreOrderedAsNumbers()
    {
        var sets = ProbeSets.Of((new float[3], ["10", "2", "1"]), (new float[2], ["10", "1"]), Config);
        Assert.Equal(["1", "2", "10"], sets.Classes);
        Assert.Equal([2, 1, 0], sets.Train.Labels);
        Assert.Equal([2, 0], sets.Test.Labels);
    }

    [Fact]
    public void LabelsThatDoNotFitAreNamed()
    {
        var error = Assert.Throws<InputException>(() => ProbeSets.Of((new float[2], ["a", "a"]), (new float[1], ["a"]), Config));
        Assert.StartsWith("train-*.tar: all 2 images have the label a", error.Message, StringComparison.Ordinal);
        error = Assert.Throws<InputException>(() => ProbeSets.Of((new float[2], ["a", "b"]), (new float[2], ["x", "a"]), Config));
        Assert.StartsWith("val-*.tar has images labeled x, and train-*.tar has none such", error.Message, StringComparison.Ordinal);

        var single = ProbeSets.Of((new float[2], ["a", "b"]), (new float[1], ["a"]), Config);
        error = Assert.Throws<InputException>(() => LinearProbe.Run(
            single, Config, 1, CPU, SilentLog.Instance, TestContext.Current.CancellationToken));
        Assert.Contains("eval_linear_probe.held_out, 0.2, leaves no image", error.Message, StringComparison.Ordinal);
    }
}
