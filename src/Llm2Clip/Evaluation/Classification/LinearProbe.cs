using Llm2Clip.Randomness;
using static TorchSharp.torch;

namespace Llm2Clip.Evaluation.Classification;

/// <summary>What a linear probe came to.</summary>
/// <param name="Penalty">The penalty that was chosen.</param>
/// <param name="Tried">All that were tried.</param>
/// <param name="Fit">The last fit.</param>
/// <param name="Scores">The test images.</param>
internal sealed record LinearProbeResult(double Penalty, IReadOnlyList<TriedPenalty> Tried, Minimum Fit, ClassScores Scores);

/// <summary>
/// Labeled images to fit on and to score: the classes are those of the training images, in the order of their names, or, where all are
/// numbers, of these.
/// </summary>
internal sealed record ProbeSets(IReadOnlyList<string> Classes, LabeledRows Train, LabeledRows Test)
{
    /// <summary>Throws <see cref="InputException"/> where there are fewer than two classes, or test images of others.</summary>
    public static ProbeSets Of(
        (float[] Features, IReadOnlyList<string> Labels) train, (float[] Features, IReadOnlyList<string> Labels) test,
        LinearProbeConfig config)
    {
        var found = train.Labels.Distinct().ToList();
        string[] classes = found.TrueForAll(label => int.TryParse(label, out _))
            ? [.. found.OrderBy(int.Parse).ThenBy(label => label, StringComparer.Ordinal)]
            : [.. found.Order(StringComparer.Ordinal)];
        if (classes.Length < 2)
        {
            throw new InputException(
                $"{config.Train}: all {train.Labels.Count} images have the label {classes[0]}, and a probe needs two classes. "
                + "Check eval_linear_probe.train and eval_linear_probe.label_key.");
        }
        var unknown = test.Labels.Except(classes, StringComparer.Ordinal).ToList();
        if (unknown.Count > 0)
        {
            throw new InputException(
                $"{config.Data} has images labeled {string.Join(", ", unknown.Take(5))}, and {config.Train} has none such to fit on. Name "
                + "data of the same classes as eval_linear_probe.train and eval_linear_probe.data.");
        }
        return new ProbeSets(classes, Rows(train), Rows(test));

        LabeledRows Rows((float[] Features, IReadOnlyList<string> Labels) images) =>
            new(images.Features, [.. images.Labels.Select(label => Array.IndexOf(classes, label))]);
    }
}

/// <summary>Fits a linear probe: the penalty on a held-out share, then the weights on all training images.</summary>
internal static class LinearProbe
{
    /// <summary>
    /// Fits on the training images and scores the others. Throws <see cref="InputException"/> where no image can be held out.
    /// </summary>
    public static LinearProbeResult Run(
        ProbeSets sets, LinearProbeConfig config, int seed, Device device, IRunLog log, CancellationToken cancellation)
    {
        var (train, test, classes) = (sets.Train, sets.Test, sets.Classes.Count);
        var (fit, held) = Split(train.Labels, config.HeldOut, seed);
        if (held.Length == 0)
        {
            throw new InputException(
                $"{config.Train}: eval_linear_probe.held_out, {config.HeldOut}, leaves no image of a class to choose the penalty by. "
                + "Raise it, or name more images per class.");
        }
        var tried = Search(train.Rows(fit), train.Rows(held), classes, config, device, log, cancellation);
        var penalty = PenaltySearch.Best(tried).Penalty;
        using var regression = new LogisticRegression(train, classes, device);
        var last = regression.Fit(penalty, config.MaxIterations, null, cancellation);
        (string, string)[] names = [.. sets.Classes.Select(label => (label, label))];
        return new LinearProbeResult(penalty, tried, last, ClassScores.Of(regression.Logits(last.Point, test), test.Labels, names, seed));
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
        using var regression = new LogisticRegression(fit, classes, device);
        using var progress = log.Start("Choose the penalty", PenaltySearch.MostTried, "fits");
        var fitted = new Dictionary<double, double[]>();
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

    /// <summary>Share of images whose class has the largest logit, ties counting against it.</summary>
    private static double Accuracy(float[] logits, int[] labels)
    {
        var classes = logits.Length / labels.Length;
        var right = Enumerable.Range(0, labels.Length)
            .Count(i => Ranking.FromScores(logits.AsSpan(i * classes, classes), [labels[i]]) == 1);
        return (double)right / labels.Length;
    }
}
