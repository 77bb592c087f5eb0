using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Layers;

/// <summary>
/// Learned positions at another grid, by one of the <see cref="PositionRule"/>s; the class token's row, where there is one, stays. Rows are
/// in row-major order.
/// </summary>
internal static class PositionTable
{
    /// <summary>
    /// The table for a grid of <paramref name="rows"/> x <paramref name="columns"/>: <paramref name="table"/> [C + grid * grid, W] itself
    /// where the grid is the native one, else [C + rows * columns, W]; C = 1 with a class token, 0 without. Differentiable.
    /// </summary>
    public static Tensor For(
        Tensor table, int grid, long rows, long columns, bool classToken = true, PositionRule rule = PositionRule.Bicubic)
    {
        if (rows == grid && columns == grid)
        {
            return table;
        }
        using var scope = NewDisposeScope();
        var (vertical, horizontal) = (Weights(grid, (int)rows, rule), Weights(grid, (int)columns, rule));
        var weights = new float[rows * columns * grid * grid]; // [rows * columns, grid * grid]
        var at = 0;
        for (var y = 0; y < rows; y++)
        {
            for (var x = 0; x < columns; x++)
            {
                for (var i = 0; i < grid; i++)
                {
                    for (var j = 0; j < grid; j++)
                    {
                        weights[at++] = (float)(vertical[y, i] * horizontal[x, j]);
                    }
                }
            }
        }
        var map = tensor(weights, [rows * columns, (long)grid * grid], device: table.device);
        var patches = map.matmul(classToken ? table.narrow(0, 1, (long)grid * grid) : table);
        return (classToken ? cat([table.narrow(0, 0, 1), patches], 0) : patches).MoveToOuterDisposeScope();
    }

    /// <summary>Cubic weights [to, from] of torch's <c>interpolate(mode="bicubic")</c> along one side.</summary>
    private static double[,] Weights(int from, int to, PositionRule rule) => rule switch
    {
        PositionRule.BicubicAntialias => Antialiased(from, to),
        PositionRule.BicubicAlignCorners => Clamped(from, to, i => to == 1 ? 0 : (double)i * (from - 1) / (to - 1)),
        _ => Clamped(from, to, i => (i + 0.5) * from / to - 0.5),
    };

    private static double[,] Clamped(int from, int to, Func<int, double> place)
    {
        var weights = new double[to, from];
        for (var i = 0; i < to; i++)
        {
            var position = place(i);
            var first = (int)Math.Floor(position);
            for (var tap = -1; tap <= 2; tap++)
            {
                weights[i, Math.Clamp(first + tap, 0, from - 1)] += Kernel(position - (first + tap), -0.75);
            }
        }
        return weights;
    }

    /// <summary>As torch's <c>_upsample_bicubic2d_aa</c>, which computes what Pillow does.</summary>
    private static double[,] Antialiased(int from, int to)
    {
        var weights = new double[to, from];
        var scale = (double)from / to;
        var width = Math.Max(1, scale);
        for (var i = 0; i < to; i++)
        {
            var center = scale * (i + 0.5);
            var first = Math.Max(0, (int)(center - 2 * width + 0.5));
            var end = Math.Min(from, (int)(center + 2 * width + 0.5));
            var sum = 0.0;
            for (var j = first; j < end; j++)
            {
                sum += weights[i, j] = Kernel((j - center + 0.5) / width, -0.5);
            }
            for (var j = first; j < end; j++)
            {
                weights[i, j] /= sum;
            }
        }
        return weights;
    }

    private static double Kernel(double distance, double a)
    {
        var d = Math.Abs(distance);
        return d <= 1 ? ((a + 2) * d - (a + 3)) * d * d + 1
            : d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a
            : 0;
    }
}
