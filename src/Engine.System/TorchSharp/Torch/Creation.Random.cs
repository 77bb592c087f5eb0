using static TorchSharp.NativeMethods;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>Uniform numbers of [0, 1).</summary>
    public static Tensor rand(int dim0, int dim1, int dim2, int dim3, ScalarType? dtype = null, Device device = null, bool requires_grad = false, Generator generator = null, string[] names = null) =>
        Creation.Grad(l2c_rand([dim0, dim1, dim2, dim3], 4, generator, Creation.Code(dtype), Creation.Type(device), Creation.Index(device)), requires_grad);

    /// <summary>Uniform numbers of [0, 1).</summary>
    public static Tensor rand(int dim0, int dim1, int dim2, ScalarType? dtype = null, Device device = null, bool requires_grad = false, Generator generator = null, string[] names = null) =>
        Creation.Grad(l2c_rand([dim0, dim1, dim2], 3, generator, Creation.Code(dtype), Creation.Type(device), Creation.Index(device)), requires_grad);

    /// <summary>Uniform numbers of [0, 1).</summary>
    public static Tensor rand(int rows, int columns, ScalarType? dtype = null, Device device = null, bool requires_grad = false, Generator generator = null, string[] names = null) =>
        Creation.Grad(l2c_rand([rows, columns], 2, generator, Creation.Code(dtype), Creation.Type(device), Creation.Index(device)), requires_grad);

    /// <summary>Uniform numbers of [0, 1).</summary>
    public static Tensor rand(int size, ScalarType? dtype = null, Device device = null, bool requires_grad = false, Generator generator = null, string[] names = null) =>
        Creation.Grad(l2c_rand([size], 1, generator, Creation.Code(dtype), Creation.Type(device), Creation.Index(device)), requires_grad);

    /// <summary>Uniform numbers of [0, 1).</summary>
    public static Tensor rand(long dim0, long dim1, long dim2, long dim3, ScalarType? dtype = null, Device device = null, bool requires_grad = false, Generator generator = null, string[] names = null) =>
        Creation.Grad(l2c_rand([dim0, dim1, dim2, dim3], 4, generator, Creation.Code(dtype), Creation.Type(device), Creation.Index(device)), requires_grad);

    /// <summary>Uniform numbers of [0, 1).</summary>
    public static Tensor rand(long dim0, long dim1, long dim2, ScalarType? dtype = null, Device device = null, bool requires_grad = false, Generator generator = null, string[] names = null) =>
        Creation.Grad(l2c_rand([dim0, dim1, dim2], 3, generator, Creation.Code(dtype), Creation.Type(device), Creation.Index(device)), requires_grad);

    /// <summary>Uniform numbers of [0, 1).</summary>
    public static Tensor rand(long rows, long columns, ScalarType? dtype = null, Device device = null, bool requires_grad = false, Generator generator = null, string[] names = null) =>
        Creation.Grad(l2c_rand([rows, columns], 2, generator, Creation.Code(dtype), Creation.Type(device), Creation.Index(device)), requires_grad);

    /// <summary>Uniform numbers of [0, 1).</summary>
    public static Tensor rand(long size, ScalarType? dtype = null, Device device = null, bool requires_grad = false, Generator generator = null, string[] names = null) =>
        Creation.Grad(l2c_rand([size], 1, generator, Creation.Code(dtype), Creation.Type(device), Creation.Index(device)), requires_grad);

    /// <summary>Uniform numbers of [0, 1).</summary>
    public static Tensor rand(long[] size, ScalarType? dtype = null, Device device = null, bool requires_grad = false, Generator generator = null, string[] names = null) =>
        Creation.Grad(l2c_rand(size, size.Length, generator, Creation.Code(dtype), Creation.Type(device), Creation.Index(device)), requires_grad);

    /// <summary>Uniform numbers of [0, 1).</summary>
    public static Tensor rand(ReadOnlySpan<long> size, ScalarType? dtype = null, Device device = null, bool requires_grad = false, Generator generator = null, string[] names = null) =>
        Creation.Grad(l2c_rand(size, size.Length, generator, Creation.Code(dtype), Creation.Type(device), Creation.Index(device)), requires_grad);

    /// <summary>Standard normal numbers.</summary>
    public static Tensor randn(int dim0, int dim1, int dim2, int dim3, ScalarType? dtype = null, Device device = null, bool requires_grad = false, Generator generator = null, string[] names = null) =>
        Creation.Grad(l2c_randn([dim0, dim1, dim2, dim3], 4, generator, Creation.Code(dtype), Creation.Type(device), Creation.Index(device)), requires_grad);

    /// <summary>Standard normal numbers.</summary>
    public static Tensor randn(int dim0, int dim1, int dim2, ScalarType? dtype = null, Device device = null, bool requires_grad = false, Generator generator = null, string[] names = null) =>
        Creation.Grad(l2c_randn([dim0, dim1, dim2], 3, generator, Creation.Code(dtype), Creation.Type(device), Creation.Index(device)), requires_grad);

    /// <summary>Standard normal numbers.</summary>
    public static Tensor randn(int rows, int columns, ScalarType? dtype = null, Device device = null, bool requires_grad = false, Generator generator = null, string[] names = null) =>
        Creation.Grad(l2c_randn([rows, columns], 2, generator, Creation.Code(dtype), Creation.Type(device), Creation.Index(device)), requires_grad);

    /// <summary>Standard normal numbers.</summary>
    public static Tensor randn(int size, ScalarType? dtype = null, Device device = null, bool requires_grad = false, Generator generator = null, string[] names = null) =>
        Creation.Grad(l2c_randn([size], 1, generator, Creation.Code(dtype), Creation.Type(device), Creation.Index(device)), requires_grad);

    /// <summary>Standard normal numbers.</summary>
    public static Tensor randn(long dim0, long dim1, long dim2, long dim3, ScalarType? dtype = null, Device device = null, bool requires_grad = false, Generator generator = null, string[] names = null) =>
        Creation.Grad(l2c_randn([dim0, dim1, dim2, dim3], 4, generator, Creation.Code(dtype), Creation.Type(device), Creation.Index(device)), requires_grad);

    /// <summary>Standard normal numbers.</summary>
    public static Tensor randn(long dim0, long dim1, long dim2, ScalarType? dtype = null, Device device = null, bool requires_grad = false, Generator generator = null, string[] names = null) =>
        Creation.Grad(l2c_randn([dim0, dim1, dim2], 3, generator, Creation.Code(dtype), Creation.Type(device), Creation.Index(device)), requires_grad);

    /// <summary>Standard normal numbers.</summary>
    public static Tensor randn(long rows, long columns, ScalarType? dtype = null, Device device = null, bool requires_grad = false, Generator generator = null, string[] names = null) =>
        Creation.Grad(l2c_randn([rows, columns], 2, generator, Creation.Code(dtype), Creation.Type(device), Creation.Index(device)), requires_grad);

    /// <summary>Standard normal numbers.</summary>
    public static Tensor randn(long size, ScalarType? dtype = null, Device device = null, bool requires_grad = false, Generator generator = null, string[] names = null) =>
        Creation.Grad(l2c_randn([size], 1, generator, Creation.Code(dtype), Creation.Type(device), Creation.Index(device)), requires_grad);

    /// <summary>Standard normal numbers.</summary>
    public static Tensor randn(long[] size, ScalarType? dtype = null, Device device = null, bool requires_grad = false, Generator generator = null, string[] names = null) =>
        Creation.Grad(l2c_randn(size, size.Length, generator, Creation.Code(dtype), Creation.Type(device), Creation.Index(device)), requires_grad);

    /// <summary>Standard normal numbers.</summary>
    public static Tensor randn(ReadOnlySpan<long> size, ScalarType? dtype = null, Device device = null, bool requires_grad = false, Generator generator = null, string[] names = null) =>
        Creation.Grad(l2c_randn(size, size.Length, generator, Creation.Code(dtype), Creation.Type(device), Creation.Index(device)), requires_grad);

    /// <summary>Uniform integers of [low, high).</summary>
    public static Tensor randint(int high, int[] size, ScalarType? dtype = null, Device device = null, bool requires_grad = false, Generator generator = null, string[] names = null) =>
        Creation.Grad(l2c_randint(0, high, Array.ConvertAll(size, length => (long)length), size.Length, generator, (int)(dtype ?? ScalarType.Int64), Creation.Type(device), Creation.Index(device)), requires_grad);

    /// <summary>Uniform integers of [low, high).</summary>
    public static Tensor randint(int low, int high, int[] size, ScalarType? dtype = null, Device device = null, bool requires_grad = false, Generator generator = null, string[] names = null) =>
        Creation.Grad(l2c_randint(low, high, Array.ConvertAll(size, length => (long)length), size.Length, generator, (int)(dtype ?? ScalarType.Int64), Creation.Type(device), Creation.Index(device)), requires_grad);

    /// <summary>Uniform integers of [low, high).</summary>
    public static Tensor randint(long high, long[] size, ScalarType? dtype = null, Device device = null, bool requires_grad = false, Generator generator = null, string[] names = null) =>
        Creation.Grad(l2c_randint(0, high, size, size.Length, generator, (int)(dtype ?? ScalarType.Int64), Creation.Type(device), Creation.Index(device)), requires_grad);

    /// <summary>Uniform integers of [low, high).</summary>
    public static Tensor randint(long low, long high, long[] size, ScalarType? dtype = null, Device device = null, bool requires_grad = false, Generator generator = null, string[] names = null) =>
        Creation.Grad(l2c_randint(low, high, size, size.Length, generator, (int)(dtype ?? ScalarType.Int64), Creation.Type(device), Creation.Index(device)), requires_grad);

    /// <summary>The integers 0 to n - 1 in random order.</summary>
    public static Tensor randperm(long n, ScalarType? dtype = null, Device device = null, bool requires_grad = false, Generator generator = null) =>
        Creation.Grad(l2c_randperm(n, generator, (int)(dtype ?? ScalarType.Int64), Creation.Type(device), Creation.Index(device)), requires_grad);

    /// <summary>Normal numbers.</summary>
    public static Tensor normal(double mean, double std, ReadOnlySpan<long> size, ScalarType? dtype = null, Device device = null, bool requires_grad = false, Generator generator = null, string[] names = null) =>
        Creation.Grad(l2c_empty(size, size.Length, Creation.Code(dtype), Creation.Type(device), Creation.Index(device)).normal_(mean, std, generator), requires_grad);
}
