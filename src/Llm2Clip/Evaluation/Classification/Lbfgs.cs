using System.Numerics.Tensors;

namespace Llm2Clip.Evaluation.Classification;

/// <summary>Value of a function at a point, and its gradient there, which is written.</summary>
internal delegate double Objective(double[] at, double[] gradient);

/// <summary>Where a minimization ended.</summary>
/// <param name="Point">The point.</param>
/// <param name="Value">The function there.</param>
/// <param name="LargestGradient">Largest absolute element of the gradient there.</param>
/// <param name="Iterations">Steps made.</param>
internal sealed record Minimum(double[] Point, double Value, double LargestGradient, int Iterations);

/// <summary>
/// Limited-memory BFGS (Nocedal and Wright, Numerical Optimization, 2nd edition, algorithms 7.4 and 7.5) in double, for smooth functions
/// that are bounded below. The step's length fulfils the weak Wolfe conditions, found by doubling and halving, so that every pair of
/// differences has positive curvature.
/// </summary>
internal static class Lbfgs
{
    /// <summary>Pairs of differences that are kept.</summary>
    private const int Memory = 10;

    private const double Decrease = 1e-4;
    private const double Curvature = 0.9;
    private const int MostTrials = 60;

    /// <summary>
    /// Minimizes from <paramref name="start"/> until no element of the gradient exceeds <paramref name="tolerance"/>, no step makes the
    /// function smaller by a double's precision, or <paramref name="iterations"/> steps were made.
    /// </summary>
    public static Minimum Minimize(Objective function, double[] start, double tolerance, int iterations,
        CancellationToken cancellation = default)
    {
        var (x, gradient) = ((double[])start.Clone(), new double[start.Length]);
        var value = function(x, gradient);
        var pairs = new List<(double[] Step, double[] Change, double Inverse)>();
        var made = 0;
        while (made < iterations && Largest(gradient) > tolerance)
        {
            cancellation.ThrowIfCancellationRequested();
            var direction = Direction(gradient, pairs);
            var first = pairs.Count == 0 ? Math.Min(1, 1 / TensorPrimitives.Norm<double>(gradient)) : 1;
            if (Search(function, x, value, gradient, direction, first) is not var (point, newGradient, newValue))
            {
                break;
            }
            var (step, change) = (new double[x.Length], new double[x.Length]);
            TensorPrimitives.Subtract(point, x, step);
            TensorPrimitives.Subtract(newGradient, gradient, change);
            var curvature = TensorPrimitives.Dot<double>(step, change);
            if (curvature > 0)
            {
                pairs.Add((step, change, 1 / curvature));
                if (pairs.Count > Memory)
                {
                    pairs.RemoveAt(0);
                }
            }
            (x, gradient, value) = (point, newGradient, newValue);
            made++;
        }
        return new Minimum(x, value, Largest(gradient), made);
    }

    /// <summary>Minus the approximate inverse Hessian times the gradient (the two-loop recursion).</summary>
    private static double[] Direction(double[] gradient, List<(double[] Step, double[] Change, double Inverse)> pairs)
    {
        var q = (double[])gradient.Clone();
        var weights = new double[pairs.Count];
        for (var i = pairs.Count - 1; i >= 0; i--)
        {
            weights[i] = pairs[i].Inverse * TensorPrimitives.Dot<double>(pairs[i].Step, q);
            TensorPrimitives.MultiplyAdd(pairs[i].Change, -weights[i], q, q);
        }
        if (pairs.Count > 0)
        {
            var change = pairs[^1].Change;
            TensorPrimitives.Multiply(q, 1 / (pairs[^1].Inverse * TensorPrimitives.Dot<double>(change, change)), q);
        }
        for (var i = 0; i < pairs.Count; i++)
        {
            var weight = weights[i] - (pairs[i].Inverse * TensorPrimitives.Dot<double>(pairs[i].Change, q));
            TensorPrimitives.MultiplyAdd(pairs[i].Step, weight, q, q);
        }
        TensorPrimitives.Negate(q, q);
        return q;
    }

    /// <summary>A point along the direction that fulfils the weak Wolfe conditions; null where rounding leaves none.</summary>
    private static (double[] Point, double[] Gradient, double Value)? Search(
        Objective function, double[] x, double value, double[] gradient, double[] direction, double first)
    {
        var slope = TensorPrimitives.Dot<double>(gradient, direction);
        if (!(slope < 0))
        {
            return null;
        }
        var (low, high, length) = (0.0, double.PositiveInfinity, first);
        for (var trial = 0; trial < MostTrials; trial++)
        {
            var (point, newGradient) = (new double[x.Length], new double[x.Length]);
            TensorPrimitives.MultiplyAdd(direction, length, x, point);
            var found = function(point, newGradient);
            if (!(found <= value + (Decrease * length * slope)))
            {
                high = length;
            }
            else if (TensorPrimitives.Dot<double>(newGradient, direction) < Curvature * slope)
            {
                low = length;
            }
            else
            {
                return (point, newGradient, found);
            }
            length = double.IsPositiveInfinity(high) ? 2 * length : (low + high) / 2;
        }
        return null;
    }

    private static double Largest(double[] gradient) => Math.Abs(gradient[TensorPrimitives.IndexOfMaxMagnitude<double>(gradient)]);
}
