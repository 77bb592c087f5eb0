using System.Runtime.InteropServices;

namespace Llm2Clip.Runtime;

/// <summary>
/// One matrix product through TorchSharp's native functions, compared with fp64. It goes by the functions themselves, as it runs while
/// TorchSharp is still starting.
/// <para>
/// Its size is that of a small layer. What decides between the kernels of oneDNN is the instruction set and the permission to round, not
/// how large the matrices are, with one exception: the AMX kernels decline very narrow ones (an inner dimension of 8 stays exact, 17 is
/// rounded). So the trial is wide in every dimension: if this product is exact, so are smaller ones.
/// </para>
/// </summary>
internal static unsafe class TrialProduct
{
    private const int Rows = 256;
    private const int Inner = 384;
    private const int Columns = 512;
    private const int Stride = 17;

    // TorchSharp.ScalarType.Float32 and TorchSharp.DeviceType.CPU.
    private const sbyte Float32 = 6;
    private const int Cpu = 0;

    /// <summary>
    /// The error of every 17th row and column's entries, relative to their norm; null where libtorch refuses a step, with its reason
    /// cleared.
    /// </summary>
    public static double? Error(nint native)
    {
        var matmul = (delegate* unmanaged<nint, nint, nint>)NativeLibrary.GetExport(native, "THSTensor_matmul");
        var data = (delegate* unmanaged<nint, nint>)NativeLibrary.GetExport(native, "THSTensor_data");
        var dispose = (delegate* unmanaged<nint, void>)NativeLibrary.GetExport(native, "THSTensor_dispose");
        nint left = 0, right = 0, product = 0;
        try
        {
            left = Empty(native, Rows, Inner);
            right = Empty(native, Inner, Columns);
            if (left == 0 || right == 0)
            {
                return null;
            }
            var a = new Span<float>((void*)data(left), Rows * Inner);
            var b = new Span<float>((void*)data(right), Inner * Columns);
            Fill(b, Fill(a, 1));
            product = matmul(left, right);
            return product == 0 ? null : Distance(a, b, new Span<float>((void*)data(product), Rows * Columns));
        }
        finally
        {
            foreach (var tensor in new[] { left, right, product }.Where(handle => handle != 0))
            {
                dispose(tensor);
            }
            // A message that stayed would be thrown by the program's next call.
            ((delegate* unmanaged<nint>)NativeLibrary.GetExport(native, "THSTorch_get_and_reset_last_err"))();
        }
    }

    private static nint Empty(nint native, long rows, long columns)
    {
        var empty = (delegate* unmanaged<long*, int, sbyte, int, int, byte, nint>)NativeLibrary.GetExport(native, "THSTensor_empty");
        var sizes = stackalloc long[] { rows, columns };
        return empty(sizes, 2, Float32, Cpu, -1, 0);
    }

    /// <summary>
    /// Numbers in [-1, 1) with all 24 bits in use, the same in every run (linear congruential, constants of Numerical Recipes).
    /// </summary>
    private static uint Fill(Span<float> values, uint state)
    {
        foreach (ref var value in values)
        {
            state = (state * 1664525) + 1013904223;
            value = (int)state / 2147483648f;
        }
        return state;
    }

    private static double Distance(ReadOnlySpan<float> a, ReadOnlySpan<float> b, ReadOnlySpan<float> product)
    {
        double difference = 0, norm = 0;
        for (var row = 0; row < Rows; row += Stride)
        {
            for (var column = 0; column < Columns; column += Stride)
            {
                double exact = 0;
                for (var k = 0; k < Inner; k++)
                {
                    exact += (double)a[(row * Inner) + k] * b[(k * Columns) + column];
                }
                difference += Math.Pow(product[(row * Columns) + column] - exact, 2);
                norm += exact * exact;
            }
        }
        return Math.Sqrt(difference / norm);
    }
}
