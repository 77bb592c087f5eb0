using System.Text.Json;
using Llm2Clip.Evaluation.Classification;
using static TorchSharp.torch;

namespace Llm2Clip.Tests.Evaluation.Classification;

/// <summary>Against numbers of PyTorch (<c>Reference/make_logistic.py</c>), and against minima that are known.</summary>
public class LogisticRegressionTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private static readonly JsonElement Reference = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(
        SharedData.RepositoryRoot(), "tests", "Llm2Clip.Tests", "Evaluation", "Classification", "Reference", "logistic.json"))).RootElement;

    private static LabeledRows Rows => new(
        [.. Numbers(Reference, "features").Select(value => (float)value)], [.. Numbers(Reference, "labels").Select(value => (int)value)]);

    /// <summary>Value and gradient are sums of 30 terms in double: 1e-13 is some hundred roundings.</summary>
    [Fact]
    public void LossAndGradientAreAutograds()
    {
        var point = Reference.GetProperty("point");
        using var regression = new LogisticRegression(Rows, 3, CPU);
        var gradient = new double[regression.WeightCount];
        var loss = regression.Loss([.. Numbers(point, "w"), .. Numbers(point, "b")], point.GetProperty("penalty").GetDouble(), gradient);
        Assert.Equal(point.GetProperty("loss").GetDouble(), loss, 1e-13);
        AssertNear([.. Numbers(point, "w_gradient"), .. Numbers(point, "b_gradient")], gradient, 1e-13);
    }

    /// <summary>
    /// The gradient at the end is at most 1e-6. What that leaves of the weights depends on the curvature, which is least along W with the
    /// smallest penalty: penalty / images, 0.01 / 30, would allow 3e-3 there, had all else none. The loss is off by the square of it.
    /// </summary>
    [Theory]
    [InlineData(0, 3e-3)]
    [InlineData(1, 3e-5)]
    [InlineData(2, 1e-6)]
    public void TheMinimumIsTheOneThatNewtonsStepsFind(int fit, double tolerance)
    {
        var expected = Reference.GetProperty("fits")[fit];
        using var regression = new LogisticRegression(Rows, 3, CPU);
        var minimum = regression.Fit(expected.GetProperty("penalty").GetDouble(), 1000, null, Stop);
        Assert.InRange(minimum.LargestGradient, 0, LogisticRegression.Tolerance);
        Assert.Equal(expected.GetProperty("loss").GetDouble(), minimum.Value, 1e-8);
        var mean = minimum.Point[12..].Average();
        AssertNear(
            [.. Numbers(expected, "w"), .. Numbers(expected, "b")], [.. minimum.Point[..12], .. minimum.Point[12..].Select(b => b - mean)],
            tolerance);
    }

    /// <summary>Without features that tell anything, b is the logarithm of the classes' shares, but for a number added to all.</summary>
    [Fact]
    public void OfFeaturesThatAreZeroTheSharesRemain()
    {
        using var regression = new LogisticRegression(new LabeledRows(new float[8], [0, 0, 0, 0, 0, 0, 1, 1]), 2, CPU);
        var minimum = regression.Fit(1, 1000, null, Stop);
        Assert.Equal(Math.Log(6.0 / 2.0), minimum.Point[2] - minimum.Point[3], 3e-5);
        Assert.Equal(0, minimum.Point[0], 1e-12);
    }

    /// <summary>More images than are computed at a time count like few: here each image 1,000 times.</summary>
    [Fact]
    public void BlocksAddUp()
    {
        var many = new LabeledRows(
            [.. Enumerable.Repeat(Rows.Features, 1000).SelectMany(x => x)], [.. Enumerable.Repeat(Rows.Labels, 1000).SelectMany(x => x)]);
        using var few = new LogisticRegression(Rows, 3, CPU);
        using var all = new LogisticRegression(many, 3, CPU);
        double[] at = [.. Enumerable.Range(0, 15).Select(i => 0.1 * i - 0.7)];
        var (one, other) = (new double[15], new double[15]);
        // The penalty is shared by the images, so that a thousand times as many need a thousand times as much.
        Assert.Equal(few.Loss(at, 2, one), all.Loss(at, 2000, other), 1e-12);
        AssertNear(one, other, 1e-12);
        var logits = few.Logits(at, Rows);
        Assert.Equal(logits, all.Logits(at, many)[^logits.Length..]);
    }

    /// <summary>Rosenbrock's function, whose minimum is at (1, 1) at the end of a bent valley.</summary>
    [Fact]
    public void LbfgsFollowsABentValley()
    {
        var calls = 0;
        double Rosenbrock(double[] at, double[] gradient)
        {
            calls++;
            var (x, y) = (at[0], at[1]);
            gradient[0] = -2 * (1 - x) - 400 * x * (y - x * x);
            gradient[1] = 200 * (y - x * x);
            return (1 - x) * (1 - x) + 100 * (y - x * x) * (y - x * x);
        }
        var minimum = Lbfgs.Minimize(Rosenbrock, [-1.2, 1], 1e-8, 1000, Stop);
        AssertNear([1, 1], minimum.Point, 1e-7);
        Assert.InRange(minimum.LargestGradient, 0, 1e-8);
        Assert.InRange(calls, 10, 150); // steepest descent needs thousands

        // The number of steps is a limit, and cancelling ends it.
        Assert.Equal(3, Lbfgs.Minimize(Rosenbrock, [-1.2, 1], 1e-8, 3, Stop).Iterations);
        Assert.Throws<OperationCanceledException>(() => Lbfgs.Minimize(Rosenbrock, [-1.2, 1], 1e-8, 9, new CancellationToken(true)));
    }

    /// <summary>Sum of c_i (x_i - i)^2 with curvatures from 1 to 10,000: the minimum is at x_i = i.</summary>
    [Fact]
    public void LbfgsOfAQuadratic()
    {
        double Quadratic(double[] at, double[] gradient)
        {
            var sum = 0.0;
            for (var i = 0; i < at.Length; i++)
            {
                var curvature = Math.Pow(10, 4.0 * i / (at.Length - 1));
                gradient[i] = 2 * curvature * (at[i] - i);
                sum += curvature * (at[i] - i) * (at[i] - i);
            }
            return sum;
        }
        var minimum = Lbfgs.Minimize(Quadratic, new double[20], 1e-7, 1000, Stop);
        AssertNear([.. Enumerable.Range(0, 20).Select(i => (double)i)], minimum.Point, 1e-7);
    }

    private static double[] Numbers(JsonElement json, string name) =>
        [.. json.GetProperty(name).EnumerateArray().Select(each => each.GetDouble())];

    private static void AssertNear(IReadOnlyList<double> expected, IReadOnlyList<double> actual, double tolerance)
    {
        Assert.Equal(expected.Count, actual.Count);
        for (var i = 0; i < expected.Count; i++)
        {
            Assert.True(Math.Abs(expected[i] - actual[i]) <= tolerance, $"{i}: {actual[i]:R} instead of {expected[i]:R}");
        }
    }
}
