using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Layers;

/// <summary>
/// Learned positions at another grid by Hugging Face's rule (<c>interpolate_pos_encoding</c>): bicubic with a = -0.75, align_corners
/// false, no antialiasing, samples beyond the edge clamped; the class token's row, where there is one, stays. Rows are in row-major order.
/// </summary>
internal static class PositionTable
{
    private const double A = -0.75;

    /// <summary>
    /// The table for a grid of <paramref name="rows"/> x <paramref name="columns"/>: <paramref name="table"/> [C + grid * grid, W] itself
    /// where the grid is the native one, else [C + rows * columns, W]; C = 1 with a class token, 0 without. Differentiable.
    /// </summary>
    public static Tensor For(Tensor table, int grid, long rows, long columns, bool classToken = true)
    {
        if (rows == grid && columns == grid)
        {
            return table;
        }
        using var scope = NewDisposeScope();
        var (vertical, horizontal) = (Weights(grid, (int)rows), Weights(grid, (int)columns));
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

    /// <summary>Cubic weights [to, from] of torch's <c>interpolate(mode="bicubic", align_corners=False)</c> along one side.</summary>
    private static double[,] Weights(int from, int to)
    {
        var weights = new double[to, from];
        for (var i = 0; i < to; i++)
        {
            var position = (i + 0.5) * from / to - 0.5;
            var first = (int)Math.Floor(position);
            for (var tap = -1; tap <= 2; tap++)
            {
                weights[i, Math.Clamp(first + tap, 0, from - 1)] += Kernel(position - (first + tap));
            }
        }
        return weights;
    }

    private static double Kernel(double distance)
    {
        var d = Math.Abs(distance);
        return d <= 1 ? ((A + 2) * d - (A + 3)) * d * d + 1
            : d < 2 ? ((A * d - 5 * A) * d + 8 * A) * d - 4 * A
            : 0;
    }
}
