namespace TorchSharp;

public static partial class torch
{
    /// <summary>A copy of an array as a tensor.</summary>
    public static Tensor as_tensor(Array data, ScalarType? dtype = null, Device device = null) =>
        Creation.CopyAny(data, dtype, device, false);

    /// <summary>A copy of an array as a tensor.</summary>
    public static Tensor as_tensor(bool[] rawArray, ScalarType? dtype = null, Device device = null) =>
        Creation.Copy(rawArray, [rawArray.Length], dtype, device, false);

    /// <summary>A copy of an array as a tensor.</summary>
    public static Tensor as_tensor(byte[] rawArray, ScalarType? dtype = null, Device device = null) =>
        Creation.Copy(rawArray, [rawArray.Length], dtype, device, false);

    /// <summary>A copy of an array as a tensor.</summary>
    public static Tensor as_tensor(double[] rawArray, ScalarType? dtype = null, Device device = null) =>
        Creation.Copy(rawArray, [rawArray.Length], dtype, device, false);

    /// <summary>A copy of an array as a tensor.</summary>
    public static Tensor as_tensor(short[] rawArray, ScalarType? dtype = null, Device device = null) =>
        Creation.Copy(rawArray, [rawArray.Length], dtype, device, false);

    /// <summary>A copy of an array as a tensor.</summary>
    public static Tensor as_tensor(int[] rawArray, ScalarType? dtype = null, Device device = null) =>
        Creation.Copy(rawArray, [rawArray.Length], dtype, device, false);

    /// <summary>A copy of an array as a tensor.</summary>
    public static Tensor as_tensor(long[] rawArray, ScalarType? dtype = null, Device device = null) =>
        Creation.Copy(rawArray, [rawArray.Length], dtype, device, false);

    /// <summary>A copy of an array as a tensor.</summary>
    public static Tensor as_tensor(sbyte[] rawArray, ScalarType? dtype = null, Device device = null) =>
        Creation.Copy(rawArray, [rawArray.Length], dtype, device, false);

    /// <summary>A copy of an array as a tensor.</summary>
    public static Tensor as_tensor(float[] rawArray, ScalarType? dtype = null, Device device = null) =>
        Creation.Copy(rawArray, [rawArray.Length], dtype, device, false);

    /// <summary>A copy of an array as a tensor.</summary>
    public static Tensor as_tensor(IList<bool> rawArray, ScalarType? dtype = null, Device device = null) =>
        Creation.Copy(Creation.Span(rawArray), [rawArray.Count], dtype, device, false);

    /// <summary>A copy of an array as a tensor.</summary>
    public static Tensor as_tensor(IList<byte> rawArray, ScalarType? dtype = null, Device device = null) =>
        Creation.Copy(Creation.Span(rawArray), [rawArray.Count], dtype, device, false);

    /// <summary>A copy of an array as a tensor.</summary>
    public static Tensor as_tensor(IList<double> rawArray, ScalarType? dtype = null, Device device = null) =>
        Creation.Copy(Creation.Span(rawArray), [rawArray.Count], dtype, device, false);

    /// <summary>A copy of an array as a tensor.</summary>
    public static Tensor as_tensor(IList<short> rawArray, ScalarType? dtype = null, Device device = null) =>
        Creation.Copy(Creation.Span(rawArray), [rawArray.Count], dtype, device, false);

    /// <summary>A copy of an array as a tensor.</summary>
    public static Tensor as_tensor(IList<int> rawArray, ScalarType? dtype = null, Device device = null) =>
        Creation.Copy(Creation.Span(rawArray), [rawArray.Count], dtype, device, false);

    /// <summary>A copy of an array as a tensor.</summary>
    public static Tensor as_tensor(IList<long> rawArray, ScalarType? dtype = null, Device device = null) =>
        Creation.Copy(Creation.Span(rawArray), [rawArray.Count], dtype, device, false);

    /// <summary>A copy of an array as a tensor.</summary>
    public static Tensor as_tensor(IList<float> rawArray, ScalarType? dtype = null, Device device = null) =>
        Creation.Copy(Creation.Span(rawArray), [rawArray.Count], dtype, device, false);

    /// <summary>A copy of an array as a tensor.</summary>
    public static Tensor as_tensor(IList<BFloat16> rawArray, ScalarType? dtype = null, Device device = null) =>
        Creation.Copy(Creation.Span(rawArray), [rawArray.Count], dtype, device, false);

    /// <summary>A copy of an array as a tensor.</summary>
    public static Tensor as_tensor(BFloat16[] rawArray, ScalarType? dtype = null, Device device = null) =>
        Creation.Copy(rawArray, [rawArray.Length], dtype, device, false);

    /// <summary>A copy of an array as a tensor.</summary>
    public static Tensor as_tensor(Tensor data, ScalarType? dtype = null, Device device = null) =>
        data.to(dtype ?? data.dtype, device ?? data.device);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(IList<bool> rawArray, long dim0, long dim1, long dim2, long dim3, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Copy(Creation.Span(rawArray), [dim0, dim1, dim2, dim3], dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(IList<bool> rawArray, long dim0, long dim1, long dim2, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Copy(Creation.Span(rawArray), [dim0, dim1, dim2], dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(IList<bool> rawArray, long rows, long columns, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Copy(Creation.Span(rawArray), [rows, columns], dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(IList<bool> rawArray, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Copy(Creation.Span(rawArray), [rawArray.Count], dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(IList<bool> rawArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Copy(Creation.Span(rawArray), dimensions, dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(IList<byte> rawArray, long dim0, long dim1, long dim2, long dim3, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Copy(Creation.Span(rawArray), [dim0, dim1, dim2, dim3], dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(IList<byte> rawArray, long dim0, long dim1, long dim2, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Copy(Creation.Span(rawArray), [dim0, dim1, dim2], dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(IList<byte> rawArray, long rows, long columns, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Copy(Creation.Span(rawArray), [rows, columns], dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(IList<byte> rawArray, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Copy(Creation.Span(rawArray), [rawArray.Count], dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(IList<byte> rawArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Copy(Creation.Span(rawArray), dimensions, dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(IList<double> rawArray, long dim0, long dim1, long dim2, long dim3, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Copy(Creation.Span(rawArray), [dim0, dim1, dim2, dim3], dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(IList<double> rawArray, long dim0, long dim1, long dim2, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Copy(Creation.Span(rawArray), [dim0, dim1, dim2], dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(IList<double> rawArray, long rows, long columns, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Copy(Creation.Span(rawArray), [rows, columns], dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(IList<double> rawArray, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Copy(Creation.Span(rawArray), [rawArray.Count], dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(IList<Half> rawArray, long dim0, long dim1, long dim2, long dim3, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Copy(Creation.Span(rawArray), [dim0, dim1, dim2, dim3], dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(IList<Half> rawArray, long dim0, long dim1, long dim2, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Copy(Creation.Span(rawArray), [dim0, dim1, dim2], dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(IList<Half> rawArray, long rows, long columns, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Copy(Creation.Span(rawArray), [rows, columns], dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(IList<Half> rawArray, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Copy(Creation.Span(rawArray), [rawArray.Count], dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(IList<Half> rawArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Copy(Creation.Span(rawArray), dimensions, dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(IList<short> rawArray, long dim0, long dim1, long dim2, long dim3, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Copy(Creation.Span(rawArray), [dim0, dim1, dim2, dim3], dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(IList<short> rawArray, long dim0, long dim1, long dim2, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Copy(Creation.Span(rawArray), [dim0, dim1, dim2], dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(IList<short> rawArray, long rows, long columns, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Copy(Creation.Span(rawArray), [rows, columns], dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(IList<short> rawArray, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Copy(Creation.Span(rawArray), [rawArray.Count], dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(IList<short> rawArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Copy(Creation.Span(rawArray), dimensions, dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(IList<int> rawArray, long dim0, long dim1, long dim2, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Copy(Creation.Span(rawArray), [dim0, dim1, dim2], dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(IList<int> rawArray, long rows, long columns, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Copy(Creation.Span(rawArray), [rows, columns], dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(IList<int> rawArray, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Copy(Creation.Span(rawArray), [rawArray.Count], dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(IList<int> rawArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Copy(Creation.Span(rawArray), dimensions, dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(IList<long> rawArray, long dim0, long dim1, long dim2, long dim3, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Copy(Creation.Span(rawArray), [dim0, dim1, dim2, dim3], dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(IList<long> rawArray, long dim0, long dim1, long dim2, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Copy(Creation.Span(rawArray), [dim0, dim1, dim2], dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(IList<long> rawArray, long rows, long columns, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Copy(Creation.Span(rawArray), [rows, columns], dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(IList<long> rawArray, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Copy(Creation.Span(rawArray), [rawArray.Count], dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(IList<long> rawArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Copy(Creation.Span(rawArray), dimensions, dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(IList<float> rawArray, long dim0, long dim1, long dim2, long dim3, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Copy(Creation.Span(rawArray), [dim0, dim1, dim2, dim3], dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(IList<float> rawArray, long dim0, long dim1, long dim2, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Copy(Creation.Span(rawArray), [dim0, dim1, dim2], dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(IList<float> rawArray, long rows, long columns, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Copy(Creation.Span(rawArray), [rows, columns], dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(IList<float> rawArray, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Copy(Creation.Span(rawArray), [rawArray.Count], dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(IList<float> rawArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Copy(Creation.Span(rawArray), dimensions, dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(IList<BFloat16> rawArray, long dim0, long dim1, long dim2, long dim3, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Copy(Creation.Span(rawArray), [dim0, dim1, dim2, dim3], dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(IList<BFloat16> rawArray, long dim0, long dim1, long dim2, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Copy(Creation.Span(rawArray), [dim0, dim1, dim2], dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(IList<BFloat16> rawArray, long rows, long columns, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Copy(Creation.Span(rawArray), [rows, columns], dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(IList<BFloat16> rawArray, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Copy(Creation.Span(rawArray), [rawArray.Count], dtype, device, requires_grad);

    /// <summary>A number, or a copy of an array, as a tensor.</summary>
    public static Tensor tensor(IList<BFloat16> rawArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Copy(Creation.Span(rawArray), dimensions, dtype, device, requires_grad);
}
