using System.Text.Json;
using Llm2Clip.Files;
using Llm2Clip.Randomness;
using static TorchSharp.torch;

namespace Llm2Clip.Evaluation.Classification;

/// <summary>Outcome of <c>eval linear-probe</c>.</summary>
public sealed record LinearProbeReport
{
    /// <summary>The folder whose encoder was probed.</summary>
    public required string Model { get; init; }

    /// <summary>The images that it was fitted on.</summary>
    public required string Train { get; init; }

    /// <summary>The images that were classified.</summary>
    public required string Data { get; init; }

    /// <summary>Number of images to fit on.</summary>
    public required int TrainImages { get; init; }

    /// <summary>Number of images that were classified.</summary>
    public required int Images { get; init; }

    /// <summary>Number of classes.</summary>
    public required int Classes { get; init; }

    /// <summary>Length of the features.</summary>
    public required int Dimension { get; init; }

    /// <summary>The penalty that was chosen; scikit-learn's C is 1 / penalty.</summary>
    public required double Penalty { get; init; }

    /// <summary>All penalties that were tried, with the accuracy on the held-out share of the training images.</summary>
    public required IReadOnlyList<TriedPenalty> Tried { get; init; }

    /// <summary>Steps of the last fit, and the largest element of the gradient at its end.</summary>
    public required int Iterations { get; init; }

    /// <summary>Largest element of the gradient at the end of the last fit.</summary>
    public required double LargestGradient { get; init; }

    /// <summary>What was found.</summary>
    public required ClassScores Scores { get; init; }

    /// <summary>How the numbers were taken.</summary>
    public string Protocol { get; init; } =
        "multinomial logistic regression with L2 penalty on pooled features (before the projection, not normalized), L-BFGS in double; "
        + "penalty by the held-out share of the training images (arXiv 2103.00020, A.3), then fitted on all of them; ties count against "
        + "the "
        + "image's class; intervals: 95 % percentile bootstrap over images";

    /// <summary>When it was measured.</summary>
    public DateTimeOffset Date { get; init; }

    /// <summary>Version of the program.</summary>
    public string Version { get; init; } = Product.Version;

    /// <summary>What encoded the images.</summary>
    public string Device { get; init; } = "cpu";

    /// <summary>The report as indented JSON with snake_case keys; shares in percent.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, Json.Report);
}

/// <summary>Fits a linear probe: the penalty on a held-out share, then the weights on all training images.</summary>
internal static class LinearProbe
{
    /// <summary>What a probe came to.</summary>
    /// <param name="Penalty">The penalty that was chosen.</param>
    /// <param name="Tried">All that were tried.</param>
    /// <param name="Fit">The last fit.</param>
    /// <param name="Logits">Logits [test images, classes].</param>
    public sealed record Result(double Penalty, IReadOnlyList<TriedPenalty> Tried, Minimum Fit, double[] Logits);

    /// <summary>Fits on <paramref name="train"/> and classifies <paramref name="test"/>.</summary>
    public static Result Run(
        LabeledRows train, LabeledRows test, int classes, LinearProbeConfig config, int seed, Device device, IRunLog log,
        CancellationToken cancellation)
    {
        var (fit, held) = Split(train.Labels, config.HeldOut, seed);
        var tried = Search(train.Rows(fit), train.Rows(held), classes, config, device, log, cancellation);
        var penalty = PenaltySearch.Best(tried).Penalty;
        using var regression = new LogisticRegression(train, classes, device);
        var last = regression.Fit(penalty, config.MaxIterations, null, cancellation);
        return new Result(penalty, tried, last, regression.Logits(last.Point, test));
    }

    /// <summary>Share of images whose class has the largest logit, ties counting against it.</summary>
    public static double Accuracy(double[] logits, int[] labels)
    {
        var classes = logits.Length / labels.Length;
        var right = Enumerable.Range(0, labels.Length).Count(i => Rank(logits.AsSpan(i * classes, classes), labels[i]) == 1);
        return (double)right / labels.Length;
    }

    /// <summary>1 + other classes with a logit at least as large.</summary>
    public static int Rank(ReadOnlySpan<double> logits, int label)
    {
        var rank = 1;
        for (var c = 0; c < logits.Length; c++)
        {
            rank += c != label && logits[c] >= logits[label] ? 1 : 0;
        }
        return rank;
    }

    /// <summary>
    /// Numbers of the images to fit on and of those held out: of each class the share, rounded, but one image at least stays to fit on.
    /// </summary>
    internal static (int[] Fit, int[] Held) Split(int[] labels, double share, int seed)
    {
        var random = SeededRandom.For(seed, "linear probe");
        var (fit, held) = (new List<int>(), new List<int>());
        foreach (var group in Enumerable.Range(0, labels.Length).GroupBy(image => labels[image]).OrderBy(group => group.Key))
        {
            int[] images = [.. group];
            random.Shuffle(images.AsSpan());
            var count = Math.Min(images.Length - 1, (int)Math.Round(share * images.Length));
            held.AddRange(images.Take(count));
            fit.AddRange(images.Skip(count));
        }
        return ([.. fit.Order()], [.. held.Order()]);
    }

    private static IReadOnlyList<TriedPenalty> Search(
        LabeledRows fit, LabeledRows held, int classes, LinearProbeConfig config, Device device, IRunLog log,
        CancellationToken cancellation)
    {
        const int Penalties = 15; // 7 of the first round, 2 in each of the 4 others
        using var regression = new LogisticRegression(fit, classes, device);
        using var progress = log.Start("Choose the penalty", Penalties, "fits");
        var fitted = new SortedDictionary<double, double[]>();
        return PenaltySearch.Run(penalty =>
        {
            // From the weights of the nearest penalty that was fitted: the minimum is one and the same, and nearer.
            var start = fitted.Count == 0 ? null : fitted.MinBy(entry => Math.Abs(Math.Log(entry.Key / penalty))).Value;
            var minimum = regression.Fit(penalty, config.MaxIterations, start, cancellation);
            fitted[penalty] = minimum.Point;
            progress.Advance(1);
            return ClassScores.Percent(Accuracy(regression.Logits(minimum.Point, held), held.Labels));
        });
    }
}
