using Llm2Clip.Layers;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Evaluation.Classification;

/// <summary>Images by their features, with the number of each image's class.</summary>
/// <param name="Features">Row-major [Labels.Length, dim].</param>
/// <param name="Labels">Numbers of classes, from 0.</param>
internal sealed record LabeledRows(float[] Features, int[] Labels)
{
    /// <summary>Length of a row.</summary>
    public int Dimension => Features.Length / Labels.Length;

    /// <summary>The rows of these numbers.</summary>
    public LabeledRows Rows(IReadOnlyList<int> numbers)
    {
        var chosen = new float[numbers.Count * Dimension];
        for (var i = 0; i < numbers.Count; i++)
        {
            Features.AsSpan(numbers[i] * Dimension, Dimension).CopyTo(chosen.AsSpan(i * Dimension));
        }
        return new LabeledRows(chosen, [.. numbers.Select(number => Labels[number])]);
    }
}

/// <summary>
/// Multinomial logistic regression with an L2 penalty: it minimizes the mean over images of -log softmax(W x + b)[label] plus
/// penalty / (2 images) |W|^2, by <see cref="Lbfgs"/>. The minimum is that of scikit-learn's LogisticRegression with C = 1 / penalty; b has
/// no penalty. Computed in double.
/// </summary>
internal sealed class LogisticRegression : IDisposable
{
    /// <summary>No element of the gradient of the mean loss exceeds this at the end.</summary>
    public const double Tolerance = 1e-6;

    /// <summary>Images whose logits are in memory at a time.</summary>
    private const int Block = 8192;

    private readonly Tensor _features; // [N, D], fp32
    private readonly Tensor _labels; // [N]
    private readonly int _classes;

    /// <param name="rows">The images.</param>
    /// <param name="classes">Number of classes.</param>
    /// <param name="device">Where to compute.</param>
    public LogisticRegression(LabeledRows rows, int classes, Device device)
    {
        using var scope = NewDisposeScope();
        _classes = classes;
        _features = tensor(rows.Features, [rows.Labels.Length, rows.Dimension], device: device).DetachFromDisposeScope();
        _labels = tensor(rows.Labels.Select(label => (long)label).ToArray(), device: device).DetachFromDisposeScope();
    }

    private int Dimension => (int)_features.shape[1];

    /// <summary>Number of weights: W [classes, D] row-major, then b.</summary>
    public int WeightCount => _classes * (Dimension + 1);

    /// <summary>Fits from <paramref name="start"/>, all zeros where it is null.</summary>
    /// <param name="penalty">At least 0.</param>
    /// <param name="iterations">Steps at most.</param>
    /// <param name="start">Weights to start from, such as those of a like penalty.</param>
    /// <param name="cancellation">Ends the fit.</param>
    public Minimum Fit(double penalty, int iterations, double[]? start = null, CancellationToken cancellation = default) => Lbfgs.Minimize(
        (at, gradient) => Loss(at, penalty, gradient), start ?? new double[WeightCount], Tolerance, iterations, cancellation);

    /// <summary>Logits [images, classes] of other images, row-major, computed in fp64.</summary>
    public float[] Logits(double[] weights, LabeledRows rows)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var (matrix, bias) = Parts(weights);
        var logits = new float[rows.Labels.Length * _classes];
        var all = tensor(rows.Features, [rows.Labels.Length, rows.Dimension], device: _features.device);
        for (var first = 0; first < rows.Labels.Length; first += Block)
        {
            using var block = NewDisposeScope();
            var count = Math.Min(Block, rows.Labels.Length - first);
            var part = LogitsOf(all.narrow(0, first, count), matrix, bias).to_type(ScalarType.Float32).cpu().contiguous();
            part.data<float>().ToArray().CopyTo(logits, first * _classes);
        }
        return logits;
    }

    /// <summary>The function that is minimized, and its gradient.</summary>
    public double Loss(double[] weights, double penalty, double[] gradient)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var (matrix, bias) = Parts(weights);
        var images = _labels.shape[0];
        var numbers = Scalars.Range(_classes, _features.device).unsqueeze(0); // [1, K]
        var sum = zeros([1], ScalarType.Float64, _features.device);
        var (byMatrix, byBias) = (zeros_like(matrix), zeros_like(bias));
        for (var first = 0L; first < images; first += Block)
        {
            using var block = NewDisposeScope();
            var count = Math.Min(Block, images - first);
            var x = _features.narrow(0, first, count).to_type(ScalarType.Float64);
            var labels = _labels.narrow(0, first, count).unsqueeze(1); // [n, 1]
            var logits = LogitsOf(x, matrix, bias); // [n, K]
            sum.Add((logits.logsumexp(1) - logits.gather(1, labels).squeeze(1)).sum().reshape(1), 1);
            var error = logits.softmax(1) - labels.eq(numbers).to_type(ScalarType.Float64);
            byMatrix.Add(error.t().matmul(x), 1);
            byBias.Add(error.sum(dim: 0), 1);
        }
        var loss = sum.cpu().data<double>()[0] / images;
        Copy(byMatrix, gradient.AsSpan(0, _classes * Dimension));
        Copy(byBias, gradient.AsSpan(_classes * Dimension));
        return loss + Finish(weights, penalty / images, images, gradient);
    }

    /// <summary>Frees the features.</summary>
    public void Dispose()
    {
        _features.Dispose();
        _labels.Dispose();
    }

    /// <summary>Makes means of the gradient's sums, adds the penalty's, and returns the penalty.</summary>
    private double Finish(double[] weights, double penalty, long images, double[] gradient)
    {
        var squares = 0.0;
        for (var i = 0; i < gradient.Length; i++)
        {
            gradient[i] /= images;
            if (i < _classes * Dimension)
            {
                gradient[i] += penalty * weights[i];
                squares += weights[i] * weights[i];
            }
        }
        return penalty / 2 * squares;
    }

    private static Tensor LogitsOf(Tensor x, Tensor matrix, Tensor bias) =>
        x.to_type(ScalarType.Float64).matmul(matrix.t()).Plus(bias);

    private (Tensor Matrix, Tensor Bias) Parts(double[] weights)
    {
        var all = tensor(weights, device: _features.device);
        return (all.narrow(0, 0, _classes * Dimension).view(_classes, Dimension), all.narrow(0, _classes * Dimension, _classes));
    }

    private static void Copy(Tensor from, Span<double> into)
    {
        var here = from.cpu().contiguous();
        here.data<double>().ToArray().CopyTo(into);
    }
}
