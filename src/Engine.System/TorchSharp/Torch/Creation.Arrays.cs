namespace TorchSharp;

public static partial class torch
{
    /// <summary>A copy of an array of any rank.</summary>
    public static Tensor from_array(Array rawArray, ScalarType? dtype, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.CopyAny(rawArray, dtype, device, requires_grad);

    /// <summary>A copy of an array of any rank.</summary>
    public static Tensor from_array(Array rawArray, Device device = null) => Creation.CopyAny(rawArray, null, device, false);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(bool[,,,] rawArray, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.CopyAny(rawArray, dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(bool[,,] rawArray, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.CopyAny(rawArray, dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(bool[,] rawArray, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.CopyAny(rawArray, dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(bool[] rawArray, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Copy(rawArray, [rawArray.Length], dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(bool[] rawArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Copy(rawArray, dimensions, dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(byte[,,,] rawArray, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.CopyAny(rawArray, dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(byte[,,] rawArray, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.CopyAny(rawArray, dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(byte[,] rawArray, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.CopyAny(rawArray, dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(byte[] rawArray, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Copy(rawArray, [rawArray.Length], dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(byte[] rawArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Copy(rawArray, dimensions, dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(double[,,,] rawArray, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.CopyAny(rawArray, dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(double[,,] rawArray, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.CopyAny(rawArray, dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(double[,] rawArray, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.CopyAny(rawArray, dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(double[] rawArray, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Copy(rawArray, [rawArray.Length], dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(double[] rawArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Copy(rawArray, dimensions, dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(Half[,,,] rawArray, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.CopyAny(rawArray, dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(Half[,,] rawArray, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.CopyAny(rawArray, dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(Half[,] rawArray, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.CopyAny(rawArray, dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(Half[] rawArray, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Copy(rawArray, [rawArray.Length], dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(Half[] rawArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Copy(rawArray, dimensions, dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(short[,,,] rawArray, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.CopyAny(rawArray, dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(short[,,] rawArray, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.CopyAny(rawArray, dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(short[,] rawArray, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.CopyAny(rawArray, dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(short[] rawArray, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Copy(rawArray, [rawArray.Length], dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(short[] rawArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Copy(rawArray, dimensions, dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(int[,,,] rawArray, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.CopyAny(rawArray, dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(int[,,] rawArray, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.CopyAny(rawArray, dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(int[,] rawArray, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.CopyAny(rawArray, dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(int[] rawArray, long dim0, long dim1, long dim2, long dim3, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Copy(rawArray, [dim0, dim1, dim2, dim3], dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(int[] rawArray, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Copy(rawArray, [rawArray.Length], dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(int[] rawArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Copy(rawArray, dimensions, dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(long[,,,] rawArray, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.CopyAny(rawArray, dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(long[,,] rawArray, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.CopyAny(rawArray, dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(long[,] rawArray, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.CopyAny(rawArray, dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(long[] dataArray, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Copy(dataArray, [dataArray.Length], dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(long[] dataArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Copy(dataArray, dimensions, dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(Memory<byte> rawArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Copy(rawArray.Span, dimensions, dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(Memory<double> rawArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Copy(rawArray.Span, dimensions, dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(Memory<Half> rawArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Copy(rawArray.Span, dimensions, dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(Memory<short> rawArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Copy(rawArray.Span, dimensions, dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(Memory<int> rawArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Copy(rawArray.Span, dimensions, dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(Memory<long> rawArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Copy(rawArray.Span, dimensions, dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(Memory<float> rawArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Copy(rawArray.Span, dimensions, dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(Memory<BFloat16> rawArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Copy(rawArray.Span, dimensions, dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(sbyte[] rawArray, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Copy(rawArray, [rawArray.Length], dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(sbyte[] rawArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Copy(rawArray, dimensions, dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(float[,,,] rawArray, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.CopyAny(rawArray, dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(float[,,] rawArray, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.CopyAny(rawArray, dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(float[,] rawArray, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.CopyAny(rawArray, dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(float[] rawArray, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Copy(rawArray, [rawArray.Length], dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(float[] rawArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Copy(rawArray, dimensions, dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(BFloat16[,,,] rawArray, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.CopyAny(rawArray, dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(BFloat16[,,] rawArray, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.CopyAny(rawArray, dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(BFloat16[,] rawArray, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.CopyAny(rawArray, dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(BFloat16[] rawArray, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Copy(rawArray, [rawArray.Length], dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(BFloat16[] rawArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Copy(rawArray, dimensions, dtype, device, requires_grad);
}
