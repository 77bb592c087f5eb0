using static TorchSharp.NativeMethods;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>Zeros.</summary>
    public static Tensor zeros(int dim0, int dim1, int dim2, int dim3, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Grad(l2c_zeros([dim0, dim1, dim2, dim3], 4, Creation.Code(dtype), Creation.Type(device), Creation.Index(device)), requires_grad);

    /// <summary>Zeros.</summary>
    public static Tensor zeros(int dim0, int dim1, int dim2, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Grad(l2c_zeros([dim0, dim1, dim2], 3, Creation.Code(dtype), Creation.Type(device), Creation.Index(device)), requires_grad);

    /// <summary>Zeros.</summary>
    public static Tensor zeros(int rows, int columns, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Grad(l2c_zeros([rows, columns], 2, Creation.Code(dtype), Creation.Type(device), Creation.Index(device)), requires_grad);

    /// <summary>Zeros.</summary>
    public static Tensor zeros(int size, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Grad(l2c_zeros([size], 1, Creation.Code(dtype), Creation.Type(device), Creation.Index(device)), requires_grad);

    /// <summary>Zeros.</summary>
    public static Tensor zeros(long dim0, long dim1, long dim2, long dim3, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Grad(l2c_zeros([dim0, dim1, dim2, dim3], 4, Creation.Code(dtype), Creation.Type(device), Creation.Index(device)), requires_grad);

    /// <summary>Zeros.</summary>
    public static Tensor zeros(long dim0, long dim1, long dim2, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Grad(l2c_zeros([dim0, dim1, dim2], 3, Creation.Code(dtype), Creation.Type(device), Creation.Index(device)), requires_grad);

    /// <summary>Zeros.</summary>
    public static Tensor zeros(long rows, long columns, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Grad(l2c_zeros([rows, columns], 2, Creation.Code(dtype), Creation.Type(device), Creation.Index(device)), requires_grad);

    /// <summary>Zeros.</summary>
    public static Tensor zeros(long size, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Grad(l2c_zeros([size], 1, Creation.Code(dtype), Creation.Type(device), Creation.Index(device)), requires_grad);

    /// <summary>Zeros.</summary>
    public static Tensor zeros(long[] size, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Grad(l2c_zeros(size, size.Length, Creation.Code(dtype), Creation.Type(device), Creation.Index(device)), requires_grad);

    /// <summary>Zeros.</summary>
    public static Tensor zeros(ReadOnlySpan<long> size, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Grad(l2c_zeros(size, size.Length, Creation.Code(dtype), Creation.Type(device), Creation.Index(device)), requires_grad);

    /// <summary>Ones.</summary>
    public static Tensor ones(int dim0, int dim1, int dim2, int dim3, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Grad(l2c_ones([dim0, dim1, dim2, dim3], 4, Creation.Code(dtype), Creation.Type(device), Creation.Index(device)), requires_grad);

    /// <summary>Ones.</summary>
    public static Tensor ones(int dim0, int dim1, int dim2, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Grad(l2c_ones([dim0, dim1, dim2], 3, Creation.Code(dtype), Creation.Type(device), Creation.Index(device)), requires_grad);

    /// <summary>Ones.</summary>
    public static Tensor ones(int rows, int columns, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Grad(l2c_ones([rows, columns], 2, Creation.Code(dtype), Creation.Type(device), Creation.Index(device)), requires_grad);

    /// <summary>Ones.</summary>
    public static Tensor ones(int size, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Grad(l2c_ones([size], 1, Creation.Code(dtype), Creation.Type(device), Creation.Index(device)), requires_grad);

    /// <summary>Ones.</summary>
    public static Tensor ones(long dim0, long dim1, long dim2, long dim3, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Grad(l2c_ones([dim0, dim1, dim2, dim3], 4, Creation.Code(dtype), Creation.Type(device), Creation.Index(device)), requires_grad);

    /// <summary>Ones.</summary>
    public static Tensor ones(long dim0, long dim1, long dim2, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Grad(l2c_ones([dim0, dim1, dim2], 3, Creation.Code(dtype), Creation.Type(device), Creation.Index(device)), requires_grad);

    /// <summary>Ones.</summary>
    public static Tensor ones(long rows, long columns, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Grad(l2c_ones([rows, columns], 2, Creation.Code(dtype), Creation.Type(device), Creation.Index(device)), requires_grad);

    /// <summary>Ones.</summary>
    public static Tensor ones(long size, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Grad(l2c_ones([size], 1, Creation.Code(dtype), Creation.Type(device), Creation.Index(device)), requires_grad);

    /// <summary>Ones.</summary>
    public static Tensor ones(long[] size, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Grad(l2c_ones(size, size.Length, Creation.Code(dtype), Creation.Type(device), Creation.Index(device)), requires_grad);

    /// <summary>Ones.</summary>
    public static Tensor ones(ReadOnlySpan<long> size, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Grad(l2c_ones(size, size.Length, Creation.Code(dtype), Creation.Type(device), Creation.Index(device)), requires_grad);

    /// <summary>Uninitialised memory.</summary>
    public static Tensor empty(int dim0, int dim1, int dim2, int dim3, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Grad(l2c_empty([dim0, dim1, dim2, dim3], 4, Creation.Code(dtype), Creation.Type(device), Creation.Index(device)), requires_grad);

    /// <summary>Uninitialised memory.</summary>
    public static Tensor empty(int dim0, int dim1, int dim2, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Grad(l2c_empty([dim0, dim1, dim2], 3, Creation.Code(dtype), Creation.Type(device), Creation.Index(device)), requires_grad);

    /// <summary>Uninitialised memory.</summary>
    public static Tensor empty(int rows, int columns, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Grad(l2c_empty([rows, columns], 2, Creation.Code(dtype), Creation.Type(device), Creation.Index(device)), requires_grad);

    /// <summary>Uninitialised memory.</summary>
    public static Tensor empty(int size, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Grad(l2c_empty([size], 1, Creation.Code(dtype), Creation.Type(device), Creation.Index(device)), requires_grad);

    /// <summary>Uninitialised memory.</summary>
    public static Tensor empty(long dim0, long dim1, long dim2, long dim3, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Grad(l2c_empty([dim0, dim1, dim2, dim3], 4, Creation.Code(dtype), Creation.Type(device), Creation.Index(device)), requires_grad);

    /// <summary>Uninitialised memory.</summary>
    public static Tensor empty(long dim0, long dim1, long dim2, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Grad(l2c_empty([dim0, dim1, dim2], 3, Creation.Code(dtype), Creation.Type(device), Creation.Index(device)), requires_grad);

    /// <summary>Uninitialised memory.</summary>
    public static Tensor empty(long rows, long columns, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Grad(l2c_empty([rows, columns], 2, Creation.Code(dtype), Creation.Type(device), Creation.Index(device)), requires_grad);

    /// <summary>Uninitialised memory.</summary>
    public static Tensor empty(long size, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Grad(l2c_empty([size], 1, Creation.Code(dtype), Creation.Type(device), Creation.Index(device)), requires_grad);

    /// <summary>Uninitialised memory.</summary>
    public static Tensor empty(long[] size, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Grad(l2c_empty(size, size.Length, Creation.Code(dtype), Creation.Type(device), Creation.Index(device)), requires_grad);

    /// <summary>Uninitialised memory.</summary>
    public static Tensor empty(ReadOnlySpan<long> size, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Grad(l2c_empty(size, size.Length, Creation.Code(dtype), Creation.Type(device), Creation.Index(device)), requires_grad);

    /// <summary>One value throughout.</summary>
    public static Tensor full(int dim0, int dim1, int dim2, int dim3, Scalar value, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Grad(l2c_full([dim0, dim1, dim2, dim3], 4, value, Creation.Code(dtype, value), Creation.Type(device), Creation.Index(device)), requires_grad);

    /// <summary>One value throughout.</summary>
    public static Tensor full(int dim0, int dim1, int dim2, Scalar value, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Grad(l2c_full([dim0, dim1, dim2], 3, value, Creation.Code(dtype, value), Creation.Type(device), Creation.Index(device)), requires_grad);

    /// <summary>One value throughout.</summary>
    public static Tensor full(int rows, int columns, Scalar value, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Grad(l2c_full([rows, columns], 2, value, Creation.Code(dtype, value), Creation.Type(device), Creation.Index(device)), requires_grad);

    /// <summary>One value throughout.</summary>
    public static Tensor full(int size, Scalar value, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Grad(l2c_full([size], 1, value, Creation.Code(dtype, value), Creation.Type(device), Creation.Index(device)), requires_grad);

    /// <summary>One value throughout.</summary>
    public static Tensor full(long dim0, long dim1, long dim2, long dim3, Scalar value, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Grad(l2c_full([dim0, dim1, dim2, dim3], 4, value, Creation.Code(dtype, value), Creation.Type(device), Creation.Index(device)), requires_grad);

    /// <summary>One value throughout.</summary>
    public static Tensor full(long dim0, long dim1, long dim2, Scalar value, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Grad(l2c_full([dim0, dim1, dim2], 3, value, Creation.Code(dtype, value), Creation.Type(device), Creation.Index(device)), requires_grad);

    /// <summary>One value throughout.</summary>
    public static Tensor full(long rows, long columns, Scalar value, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Grad(l2c_full([rows, columns], 2, value, Creation.Code(dtype, value), Creation.Type(device), Creation.Index(device)), requires_grad);

    /// <summary>One value throughout.</summary>
    public static Tensor full(long size, Scalar value, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Grad(l2c_full([size], 1, value, Creation.Code(dtype, value), Creation.Type(device), Creation.Index(device)), requires_grad);

    /// <summary>One value throughout.</summary>
    public static Tensor full(long[] size, Scalar value, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Grad(l2c_full(size, size.Length, value, Creation.Code(dtype, value), Creation.Type(device), Creation.Index(device)), requires_grad);

    /// <summary>One value throughout.</summary>
    public static Tensor full(ReadOnlySpan<long> size, Scalar value, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Grad(l2c_full(size, size.Length, value, Creation.Code(dtype, value), Creation.Type(device), Creation.Index(device)), requires_grad);

    /// <summary>A matrix with ones on the diagonal.</summary>
    public static Tensor eye(long rows, long columns = -1, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Grad(l2c_eye(rows, columns < 0 ? rows : columns, Creation.Code(dtype), Creation.Type(device), Creation.Index(device)), requires_grad);

    /// <summary>Uninitialised memory by shape and strides.</summary>
    public static Tensor empty_strided(long[] size, long[] strides, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null) =>
        Creation.Grad(l2c_empty_strided(size, size.Length, strides, strides.Length, Creation.Code(dtype), Creation.Type(device), Creation.Index(device)), requires_grad);

    /// <summary>Numbers from start (0) to before stop, step (1) apart; integers where all three are.</summary>
    public static Tensor arange(Scalar start, Scalar stop, ScalarType? dtype = null, Device device = null, bool requires_grad = false) =>
        Creation.Grad(l2c_arange(start, stop, 1, Code(dtype), Creation.Type(device), Creation.Index(device)), requires_grad);

    /// <summary>Numbers from start (0) to before stop, step (1) apart; integers where all three are.</summary>
    public static Tensor arange(Scalar start, Scalar stop, Scalar step, ScalarType? dtype = null, Device device = null, bool requires_grad = false) =>
        Creation.Grad(l2c_arange(start, stop, step, Code(dtype), Creation.Type(device), Creation.Index(device)), requires_grad);

    /// <summary>Numbers from start (0) to before stop, step (1) apart; integers where all three are.</summary>
    public static Tensor arange(Scalar stop, ScalarType? dtype = null, Device device = null, bool requires_grad = false) =>
        Creation.Grad(l2c_arange(0, stop, 1, Code(dtype), Creation.Type(device), Creation.Index(device)), requires_grad);

    /// <summary>Evenly spaced numbers from start to end, both included.</summary>
    public static Tensor linspace(double start, double end, long steps, ScalarType? dtype = null, Device device = null, bool requires_grad = false) =>
        Creation.Grad(l2c_linspace(start, end, steps, Creation.Code(dtype), Creation.Type(device), Creation.Index(device)), requires_grad);

    /// <summary>Powers of the base, exponents evenly spaced from start to end.</summary>
    public static Tensor logspace(double start, double end, long steps, double @base = 10, ScalarType? dtype = null, Device device = null, bool requires_grad = false) =>
        Creation.Grad(l2c_logspace(start, end, steps, @base, Creation.Code(dtype), Creation.Type(device), Creation.Index(device)), requires_grad);

    /// <summary>Complex numbers of two parts.</summary>
    public static Tensor complex(Tensor real, Tensor imag) => l2c_complex(real, imag);
}
