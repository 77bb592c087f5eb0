using static TorchSharp.NativeMethods;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        /// <summary>The k largest (or smallest) along the dimension and their indices.</summary>
        public (Tensor values, Tensor indexes) topk(int k, int dim = -1, bool largest = true, bool sorted = true)
        {
            Span<nint> result = stackalloc nint[2];
            l2c_topk(this, k, dim, largest, sorted, result);
            return Pair(result);
        }

        /// <summary>The elements in order along the dimension and their indices.</summary>
        public (Tensor Values, Tensor Indices) sort(long dim = -1, bool descending = false, bool stable = false)
        {
            Span<nint> result = stackalloc nint[2];
            l2c_sort(this, dim, descending, stable, result);
            return Pair(result);
        }

        /// <summary>The indices that put the dimension in order.</summary>
        public Tensor argsort(long dim = -1, bool descending = false) => l2c_argsort(this, dim, descending);

        /// <summary>Index of the bucket of each element among sorted boundaries.</summary>
        public Tensor bucketize(Tensor boundaries, bool outInt32 = false, bool right = false) =>
            l2c_bucketize(this, boundaries, outInt32, right);

        /// <summary>The different elements, the place of each original among them, and their counts.</summary>
        public (Tensor output, Tensor inverse_indices, Tensor counts) unique(bool sorted = true, bool return_inverse = false, bool return_counts = false, int? dim = null)
        {
            Span<nint> result = stackalloc nint[3];
            l2c_unique(this, sorted, return_inverse, return_counts, dim is { } chosen ? chosen : None, result);
            return (new Tensor(result[0]), new Tensor(result[1]), new Tensor(result[2]));
        }

        /// <summary>Indices of the elements that are not zero [N, dimensions].</summary>
        public Tensor nonzero() => l2c_nonzero(this);

        /// <summary>Indices of the elements that are not zero [N, dimensions].</summary>
        public Tensor argwhere() => l2c_argwhere(this);

        /// <summary>Indices of the elements that are not zero, by dimension.</summary>
        public IList<Tensor> nonzero_as_list() => l2c_nonzero_lists(this);
    }
}
