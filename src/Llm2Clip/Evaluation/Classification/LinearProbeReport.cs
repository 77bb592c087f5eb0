using System.Text.Json;
using Llm2Clip.Files;

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

    /// <summary>What it was fitted on.</summary>
    public required ProbedFeatures Features { get; init; }

    /// <summary>Length of the features.</summary>
    public required int Dimension { get; init; }

    /// <summary>The penalty that was chosen; scikit-learn's C is 1 / penalty.</summary>
    public required double Penalty { get; init; }

    /// <summary>All penalties that were tried, with the accuracy on the held-out share of the training images.</summary>
    public required IReadOnlyList<TriedPenalty> Tried { get; init; }

    /// <summary>Steps of the last fit.</summary>
    public required int Iterations { get; init; }

    /// <summary>Largest absolute element of the gradient at the end of the last fit.</summary>
    public required double LargestGradient { get; init; }

    /// <summary>What was found.</summary>
    public required ClassScores Scores { get; init; }

    /// <summary>Top-1 that guessing would give, percent.</summary>
    public double Chance => ClassScores.Percent(1.0 / Classes);

    /// <summary>How the numbers were taken.</summary>
    public string Protocol { get; init; } =
        "multinomial logistic regression with an L2 penalty by L-BFGS in fp64, on features as they are; the penalty by the held-out share "
        + "of the training images (arXiv 2103.00020, A.3), then fitted on all of them; " + ClassScores.Counting;

    /// <summary>When it was measured.</summary>
    public DateTimeOffset Date { get; init; }

    /// <summary>Version of the program.</summary>
    public string Version { get; init; } = Product.Version;

    /// <summary>What encoded the images.</summary>
    public string Device { get; init; } = "cpu";

    /// <summary>The report as indented JSON with snake_case keys; shares in percent.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, Json.Report);
}
