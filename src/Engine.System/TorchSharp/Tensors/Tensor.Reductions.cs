using static TorchSharp.NativeMethods;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        /// <summary>Sum of the elements, all or along dimensions.</summary>
        public Tensor sum(ScalarType? type = null) => l2c_sum(this, [], -1, false, Code(type));

        /// <summary>Sum of the elements, all or along dimensions.</summary>
        public Tensor sum(long dim, bool keepdim = false, ScalarType? type = null) => l2c_sum(this, [dim], 1, keepdim, Code(type));

        /// <summary>Sum of the elements, all or along dimensions.</summary>
        public Tensor sum(long dim0, long dim1, bool keepdim = false, ScalarType? type = null) =>
            l2c_sum(this, [dim0, dim1], 2, keepdim, Code(type));

        /// <summary>Sum of the elements, all or along dimensions.</summary>
        public Tensor sum(long dim0, long dim1, long dim2, bool keepdim = false, ScalarType? type = null) =>
            l2c_sum(this, [dim0, dim1, dim2], 3, keepdim, Code(type));

        /// <summary>Sum of the elements, all or along dimensions.</summary>
        public Tensor sum(long[] dim, bool keepdim = false, ScalarType? type = null) => l2c_sum(this, dim, dim.Length, keepdim, Code(type));

        /// <summary>Sum of the elements, all or along dimensions.</summary>
        public Tensor sum(ReadOnlySpan<long> dim, bool keepdim = false, ScalarType? type = null) =>
            l2c_sum(this, dim, dim.Length, keepdim, Code(type));

        /// <summary>Mean of the elements, all or along dimensions.</summary>
        public Tensor mean() => l2c_mean(this, [], -1, false, -1);

        /// <summary>Mean of the elements, all or along dimensions.</summary>
        public Tensor mean(long[] dimensions, bool keepdim = false, ScalarType? type = null) =>
            l2c_mean(this, dimensions, dimensions.Length, keepdim, Code(type));

        /// <summary>Sum of the elements that are not NaN.</summary>
        public Tensor nansum() => l2c_nansum(this);

        /// <summary>Largest element of all; along a dimension with its index; or the larger of two, elementwise.</summary>
        public Tensor max() => l2c_max(this);

        /// <summary>Smallest element of all; along a dimension with its index; or the smaller of two, elementwise.</summary>
        public Tensor min() => l2c_min(this);

        /// <summary>Median of all elements, the lower of two.</summary>
        public Tensor median() => l2c_median(this);

        /// <summary>Whether all elements are not zero, of all or along a dimension.</summary>
        public Tensor all() => l2c_all(this);

        /// <summary>Whether some element is not zero, of all or along a dimension.</summary>
        public Tensor any() => l2c_any(this);

        /// <summary>Product of the elements, all or along a dimension.</summary>
        public Tensor prod(ScalarType? type = null) => l2c_prod(this, Code(type));

        /// <summary>Product of the elements, all or along a dimension.</summary>
        public Tensor prod(long dim, bool keepdim = false, ScalarType? type = null) => l2c_prod_dim(this, dim, keepdim, Code(type));

        /// <summary>Variance of the elements, all or along dimensions; unbiased divides by n - 1.</summary>
        public Tensor var(bool unbiased = true) => l2c_var(this, [], -1, unbiased, false);

        /// <summary>Variance of the elements, all or along dimensions; unbiased divides by n - 1.</summary>
        public Tensor var(long dim, bool unbiased = true, bool keepdim = false, ScalarType? type = null) =>
            Typed(l2c_var(this, [dim], 1, unbiased, keepdim), type);

        /// <summary>Variance of the elements, all or along dimensions; unbiased divides by n - 1.</summary>
        public Tensor var(long[] dimensions, bool unbiased = true, bool keepdim = false, ScalarType? type = null) =>
            Typed(l2c_var(this, dimensions, dimensions.Length, unbiased, keepdim), type);

        /// <summary>Standard deviation of the elements, all or along dimensions; unbiased divides by n - 1.</summary>
        public Tensor std(bool unbiased = true) => l2c_std(this, [], -1, unbiased, false);

        /// <summary>Standard deviation of the elements, all or along dimensions; unbiased divides by n - 1.</summary>
        public Tensor std(long dim, bool unbiased = true, bool keepdim = false, ScalarType? type = null) =>
            Typed(l2c_std(this, [dim], 1, unbiased, keepdim), type);

        /// <summary>Standard deviation of the elements, all or along dimensions; unbiased divides by n - 1.</summary>
        public Tensor std(long[] dimensions, bool unbiased = true, bool keepdim = false, ScalarType? type = null) =>
            Typed(l2c_std(this, dimensions, dimensions.Length, unbiased, keepdim), type);

        /// <summary>p-norm of the elements, all or along a dimension.</summary>
        public Tensor norm(float p = 2) => l2c_norm(this, p);

        /// <summary>p-norm of the elements, all or along a dimension.</summary>
        public Tensor norm(int dim, bool keepdim = false, float p = 2) => l2c_norm_dim(this, p, dim, keepdim);

        /// <summary>p-norm of the difference.</summary>
        public Tensor dist(Tensor other, float p = 2) => l2c_dist(this, other, p);

        /// <summary>Logarithm of the sum of exponentials along the dimension.</summary>
        public Tensor logsumexp(long dim, bool keepdim = false) => l2c_logsumexp(this, dim, keepdim);

        /// <summary>Largest elements along the dimensions.</summary>
        public Tensor amax(params long[] dims) => l2c_amax(this, dims, dims.Length, false);

        /// <summary>Largest elements along the dimensions.</summary>
        public Tensor amax(long[] dims, bool keepdim = false, Tensor @out = null) => Into(l2c_amax(this, dims, dims.Length, keepdim), @out);

        /// <summary>Largest elements along the dimensions.</summary>
        public Tensor amax(ReadOnlySpan<long> dims, bool keepdim = false, Tensor @out = null) =>
            Into(l2c_amax(this, dims, dims.Length, keepdim), @out);

        /// <summary>Smallest elements along the dimensions.</summary>
        public Tensor amin(params long[] dims) => l2c_amin(this, dims, dims.Length, false);

        /// <summary>Smallest elements along the dimensions.</summary>
        public Tensor amin(long[] dims, bool keepdim = false, Tensor @out = null) => Into(l2c_amin(this, dims, dims.Length, keepdim), @out);

        /// <summary>Smallest elements along the dimensions.</summary>
        public Tensor amin(ReadOnlySpan<long> dims, bool keepdim = false, Tensor @out = null) =>
            Into(l2c_amin(this, dims, dims.Length, keepdim), @out);

        /// <summary>Largest element of all; along a dimension with its index; or the larger of two, elementwise.</summary>
        public Tensor max(Tensor other) => l2c_maximum(this, other);

        /// <summary>Smallest element of all; along a dimension with its index; or the smaller of two, elementwise.</summary>
        public Tensor min(Tensor other) => l2c_minimum(this, other);

        /// <summary>Largest element of all; along a dimension with its index; or the larger of two, elementwise.</summary>
        public (Tensor values, Tensor indexes) max(long dim, bool keepdim = false)
        {
            Span<nint> result = stackalloc nint[2];
            l2c_max_dim(this, dim, keepdim, result);
            return Pair(result);
        }

        /// <summary>Smallest element of all; along a dimension with its index; or the smaller of two, elementwise.</summary>
        public (Tensor values, Tensor indexes) min(long dim, bool keepdim = false)
        {
            Span<nint> result = stackalloc nint[2];
            l2c_min_dim(this, dim, keepdim, result);
            return Pair(result);
        }

        /// <summary>The k-th smallest along the dimension (from 1) and its index.</summary>
        public (Tensor values, Tensor indices) kthvalue(long k, long? dim, bool keepdim = false)
        {
            Span<nint> result = stackalloc nint[2];
            l2c_kthvalue(this, k, dim ?? -1, keepdim, result);
            return Pair(result);
        }

        /// <summary>Variance and mean of the elements.</summary>
        public (Tensor @var, Tensor mean) var_mean(bool unbiased = true)
        {
            Span<nint> result = stackalloc nint[2];
            l2c_var_mean(this, [], -1, unbiased, false, result);
            return Pair(result);
        }

        /// <summary>Standard deviation and mean of the elements.</summary>
        public (Tensor std, Tensor mean) std_mean(bool unbiased = true)
        {
            Span<nint> result = stackalloc nint[2];
            l2c_std_mean(this, [], -1, unbiased, false, result);
            return Pair(result);
        }

        /// <summary>Index of the largest element, of all or along a dimension.</summary>
        public Tensor argmax() => l2c_argmax(this, None, false);

        /// <summary>Index of the largest element, of all or along a dimension.</summary>
        public Tensor argmax(long dim, bool keepdim = false) => l2c_argmax(this, dim, keepdim);

        /// <summary>Index of the smallest element, of all or along a dimension.</summary>
        public Tensor argmin() => l2c_argmin(this, None, false);

        /// <summary>Index of the smallest element, of all or along a dimension.</summary>
        public Tensor argmin(long dim, bool keepdim = false) => l2c_argmin(this, dim, keepdim);

        /// <summary>Whether all elements are not zero, of all or along a dimension.</summary>
        public Tensor all(long dim, bool keepdim = false) => l2c_all_dim(this, dim, keepdim);

        /// <summary>Whether some element is not zero, of all or along a dimension.</summary>
        public Tensor any(long dim, bool keepdim = false) => l2c_any_dim(this, dim, keepdim);

        /// <summary>Number of elements that are not zero, of all or along dimensions.</summary>
        public Tensor count_nonzero(long[] dims = null) => l2c_count_nonzero(this, dims, Length(dims));

        /// <summary>Running sum along the dimension.</summary>
        public Tensor cumsum(long dim, ScalarType? type = null) => l2c_cumsum(this, dim, Code(type));

        /// <summary>Running product along the dimension.</summary>
        public Tensor cumprod(long dim, ScalarType? type = null) => l2c_cumprod(this, dim, Code(type));

        /// <summary>Quantiles along the dimension, linear between elements.</summary>
        public Tensor quantile(Tensor q, long dim = -1, bool keepdim = false) => l2c_quantile(this, q, dim, keepdim);

        /// <summary>Counts in equal bins from min to max.</summary>
        public Tensor histc(long bins = 100, long min = 0, long max = 0) => l2c_histc(this, bins, min, max);

        /// <summary>Counts (or sums of weights) of each non-negative integer.</summary>
        public Tensor bincount(Tensor weights, long minlength = 0) => l2c_bincount(this, weights, minlength);
    }
}
