using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Layers;

/// <summary>
/// Arithmetic of tensors with plain numbers, and all else that hands libtorch a <see cref="Scalar"/>. Each method computes exactly what
/// the TorchSharp operator or method that its summary names computes; eng/BannedSymbols.txt makes a use of those a build error.
/// </summary>
/// <remarks>
/// Why not TorchSharp's own: <c>x * 2</c> makes a Scalar that nothing refers to once its native handle has been read, so the garbage
/// collector may finalize it, which frees the native object, while the native operation still reads it. A run then computes with another
/// number, throws or dies; ScalarStressTests counts how often. Why this is safe: a <c>using</c> local is disposed after the native call
/// and is alive until then, a static field is alive as long as the program, and libtorch copies a scalar that autograd keeps. The tensors
/// are kept alive here too, so that these methods hold outside a dispose scope as well.
/// </remarks>
internal static class Scalars
{
#pragma warning disable RS0030 // The one place that may convert numbers to Scalars: it keeps each alive through its native call.

    private static readonly Scalar Zero = 0;
    private static readonly Scalar One = 1;
    private static readonly Scalar Two = 2;

    /// <summary><c>x + y</c>, with broadcasting.</summary>
    public static Tensor Plus(this Tensor x, Tensor y)
    {
        var sum = x.add(y, One);
        KeepAlive(x, y);
        return sum;
    }

    /// <summary><c>x + number</c>.</summary>
    public static Tensor Plus(this Tensor x, double number) => With(number, x, static (x, number) => x.add(number, One));

    /// <summary><c>x - number</c>.</summary>
    public static Tensor Minus(this Tensor x, double number) => With(number, x, static (x, number) => x.sub(number));

    /// <summary><c>x * number</c>.</summary>
    public static Tensor Times(this Tensor x, double number) => With(number, x, static (x, number) => x.mul(number));

    /// <summary><c>x / number</c>.</summary>
    public static Tensor DividedBy(this Tensor x, double number) => With(number, x, static (x, number) => x.div(number));

    /// <summary><c>x.square()</c>.</summary>
    public static Tensor Squared(this Tensor x)
    {
        var square = x.pow(Two);
        GC.KeepAlive(x);
        return square;
    }

    /// <summary><c>x.pow(exponent)</c>.</summary>
    public static Tensor ToPower(this Tensor x, double exponent) => With(exponent, x, static (x, exponent) => x.pow(exponent));

    /// <summary><c>x.clamp_min(least)</c>.</summary>
    public static Tensor AtLeast(this Tensor x, double least) => With(least, x, static (x, least) => x.clamp_min(least));

    /// <summary>
    /// <c>x.masked_fill(where, number)</c>: x, but <paramref name="number"/> wherever <paramref name="where"/> (bool, broadcast) is true.
    /// </summary>
    public static Tensor Replaced(this Tensor x, Tensor where, double number)
    {
        using var scalar = (Scalar)number;
        var filled = x.masked_fill(where, scalar);
        KeepAlive(x, where);
        return filled;
    }

    /// <summary><c>x.clamp_(least, most)</c>, in place.</summary>
    public static Tensor ClampTo(this Tensor x, double least, double most)
    {
        using var low = (Scalar)least;
        using var high = (Scalar)most;
        var same = x.clamp_(low, high);
        GC.KeepAlive(x);
        return same;
    }

    /// <summary><c>x.mul_(number)</c>, in place.</summary>
    public static Tensor MultiplyBy(this Tensor x, double number) => With(number, x, static (x, number) => x.mul_(number));

    /// <summary><c>x.div_(number)</c>, in place.</summary>
    public static Tensor DivideBy(this Tensor x, double number) => With(number, x, static (x, number) => x.div_(number));

    /// <summary><c>x.add_(number)</c>, in place.</summary>
    public static Tensor Add(this Tensor x, double number) => With(number, x, static (x, number) => x.add_(number, One));

    /// <summary><c>x.add_(y, factor)</c>: adds y times <paramref name="factor"/> in place.</summary>
    public static Tensor Add(this Tensor x, Tensor y, double factor)
    {
        using var scalar = (Scalar)factor;
        var same = x.add_(y, scalar);
        KeepAlive(x, y);
        return same;
    }

    /// <summary><c>x.addcmul_(y, z, factor)</c>: adds y z times <paramref name="factor"/> in place.</summary>
    public static Tensor AddProduct(this Tensor x, Tensor y, Tensor z, double factor)
    {
        using var scalar = (Scalar)factor;
        var same = x.addcmul_(y, z, scalar);
        KeepAlive(x, y, z);
        return same;
    }

    /// <summary><c>x.addcdiv_(y, z, factor)</c>: adds y / z times <paramref name="factor"/> in place.</summary>
    public static Tensor AddQuotient(this Tensor x, Tensor y, Tensor z, double factor)
    {
        using var scalar = (Scalar)factor;
        var same = x.addcdiv_(y, z, scalar);
        KeepAlive(x, y, z);
        return same;
    }

    /// <summary><c>x.index_add_(0, rows, y, 1)</c>: adds row i of y to row <c>rows[i]</c> of x in place.</summary>
    public static Tensor AddRows(this Tensor x, Tensor rows, Tensor y)
    {
        var same = x.index_add_(0, rows, y, One);
        KeepAlive(x, rows, y);
        return same;
    }

    /// <summary><c>arange(count)</c>: 0 to <paramref name="count"/> - 1, int64.</summary>
    public static Tensor Range(long count, Device? device = null)
    {
        using var end = (Scalar)count;
        return arange(Zero, end, One, device: device);
    }

    /// <summary><c>arange(start, end)</c>: <paramref name="start"/> to <paramref name="end"/> - 1, int64.</summary>
    public static Tensor Range(long start, long end, Device? device = null)
    {
        using var first = (Scalar)start;
        using var last = (Scalar)end;
        return arange(first, last, One, device: device);
    }

    /// <summary><c>full(shape, number, dtype)</c>.</summary>
    public static Tensor Filled(ReadOnlySpan<long> shape, double number, ScalarType dtype = ScalarType.Float32, Device? device = null)
    {
        using var scalar = (Scalar)number;
        return full(shape, scalar, dtype, device);
    }

    private static Tensor With(double number, Tensor x, Func<Tensor, Scalar, Tensor> operation)
    {
        using var scalar = (Scalar)number;
        var result = operation(x, scalar);
        GC.KeepAlive(x);
        return result;
    }

    private static void KeepAlive(Tensor x, Tensor y, Tensor? z = null)
    {
        GC.KeepAlive(x);
        GC.KeepAlive(y);
        GC.KeepAlive(z);
    }
}
