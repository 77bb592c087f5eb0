using Llm2Clip.Layers;
using Llm2Clip.Training.LongClip;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Bench;

/// <summary>
/// Primary component matching of 2,048 images, forward and backward, against a singular value decomposition that autograd differentiates,
/// as the original has it; where images repeat, the gradient of the latter is not finite.
/// </summary>
internal static class PcmFigure
{
    private const int Rows = 2048;
    private const int Width = 768;
    private const int Components = 32;
    private const int Rounds = 3;

    public static IEnumerable<Figure> Measure()
    {
        random.manual_seed(1);
        using var features = randn([Rows, Width]);
        using var repeated = cat([features.narrow(0, 0, Rows / 2), features.narrow(0, 0, Rows / 2)], 0);
        using var upstream = randn([Rows, Width]);
        var times = Turns.Medians(
            Rounds,
            Turns.Time(() => Gradient(features, upstream, x => PrimaryComponents.Reconstruct(x, Components))),
            Turns.Time(() => Gradient(features, upstream, Decomposed)));
        var (ours, theirs) = (
            Gradient(repeated, upstream, x => PrimaryComponents.Reconstruct(x, Components)), Gradient(repeated, upstream, Decomposed));
        yield return Figure.AtMost(
            "pcm",
            $"primary component matching, {Rows} x {Width}, {Components} components, forward and backward, {get_num_threads()} threads",
            $"{times[0] * 1e3:0} ms; with each image twice {Text(ours)}",
            $"linalg.svd and autograd {times[1] * 1e3:0} ms; {Text(theirs)}", times[0] / times[1], 0.5);
    }

    private static string Text(bool isFinite) => isFinite ? "finite" : "not finite";

    /// <summary>Forward and backward; whether the gradient is finite.</summary>
    private static bool Gradient(Tensor features, Tensor upstream, Func<Tensor, Tensor> reconstruct)
    {
        using var scope = NewDisposeScope();
        var x = features.detach().clone().requires_grad_(true);
        (reconstruct(x) * upstream).sum().backward();
        return x.grad!.isfinite().all().item<bool>();
    }

    private static Tensor Decomposed(Tensor x)
    {
        using var scope = NewDisposeScope();
        var mean = x.mean([0], keepdim: true);
        var centered = x - mean;
        var (_, _, right) = linalg.svd(centered, fullMatrices: false);
        var kept = right.narrow(0, 0, Components);
        return centered.matmul(kept.t()).matmul(kept).Plus(mean).MoveToOuterDisposeScope();
    }
}
