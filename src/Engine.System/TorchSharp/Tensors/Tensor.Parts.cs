using static TorchSharp.NativeMethods;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        /// <summary>A view of a stretch of one dimension.</summary>
        public Tensor narrow(long dim, long start, long length) => l2c_narrow(this, dim, start, length);

        /// <summary>A view from start to before finish of one dimension.</summary>
        public Tensor slice(long dim, long start, long finish, long step) => l2c_slice(this, dim, start, finish, step);

        /// <summary>A view at one index of a dimension, which goes.</summary>
        public Tensor select(long dim, long index) => l2c_select(this, dim, index);

        /// <summary>The elements at the given indices of a dimension.</summary>
        public Tensor gather(long dim, Tensor index) => l2c_gather(this, dim, index);

        /// <summary>The elements of src put at the given indices of a dimension.</summary>
        public Tensor scatter(long dim, Tensor index, Tensor src) => l2c_scatter(this, dim, index, src);

        /// <summary>The elements of src put at the given indices of a dimension, in place.</summary>
        public Tensor scatter_(long dim, Tensor index, Tensor src) => Changed(l2c_scatter_(this, dim, index, src));

        /// <summary>The elements of src added at the given indices of a dimension.</summary>
        public Tensor scatter_add(long dim, Tensor index, Tensor src) => l2c_scatter_add(this, dim, index, src);

        /// <summary>The elements of src added at the given indices of a dimension, in place.</summary>
        public Tensor scatter_add_(long dim, Tensor index, Tensor src) => Changed(l2c_scatter_add_(this, dim, index, src));

        /// <summary>The slices at the given indices of a dimension.</summary>
        public Tensor index_select(long dim, Tensor index) => l2c_index_select(this, dim, index);

        /// <summary>The slices of source, alpha times, added at the given indices of a dimension.</summary>
        public Tensor index_add(long dim, Tensor index, Tensor source, Scalar alpha) => l2c_index_add(this, dim, index, source, alpha);

        /// <summary>The slices of source, alpha times, added at the given indices of a dimension, in place.</summary>
        public Tensor index_add_(long dim, Tensor index, Tensor source, Scalar alpha) =>
            Changed(l2c_index_add_(this, dim, index, source, alpha));

        /// <summary>The slices of source put at the given indices of a dimension.</summary>
        public Tensor index_copy(long dim, Tensor index, Tensor source) => l2c_index_copy(this, dim, index, source);

        /// <summary>The slices of source put at the given indices of a dimension, in place.</summary>
        public Tensor index_copy_(long dim, Tensor index, Tensor source) => Changed(l2c_index_copy_(this, dim, index, source));

        /// <summary>The slices at the given indices of a dimension filled.</summary>
        public Tensor index_fill(long dim, Tensor index, Scalar value) => l2c_index_fill(this, dim, index, value);

        /// <summary>The slices at the given indices of a dimension filled, in place.</summary>
        public Tensor index_fill_(long dim, Tensor index, Scalar value) => Changed(l2c_index_fill_(this, dim, index, value));

        /// <summary>The elements at the given indices of the flattened tensor.</summary>
        public Tensor take(Tensor index) => l2c_take(this, index);

        /// <summary>The elements at the given indices, of the flattened tensor or along a dimension.</summary>
        public Tensor take_along_dim(Tensor indices) => l2c_take_along_dim(this, indices, None);

        /// <summary>The elements at the given indices, of the flattened tensor or along a dimension.</summary>
        public Tensor take_along_dim(Tensor indices, long dim) => l2c_take_along_dim(this, indices, dim);

        /// <summary>The value where the mask holds.</summary>
        public Tensor masked_fill(Tensor mask, Scalar value) => l2c_masked_fill(this, mask, value);

        /// <summary>The value where the mask holds, in place.</summary>
        public Tensor masked_fill_(Tensor mask, Scalar value) => Changed(l2c_masked_fill_(this, mask, value));

        /// <summary>The elements where the mask holds, in one dimension.</summary>
        public Tensor masked_select(Tensor mask) => l2c_masked_select(this, mask);

        /// <summary>The values, in order, where the mask holds.</summary>
        public Tensor masked_scatter(Tensor mask, Tensor value) => l2c_masked_scatter(this, mask, value);

        /// <summary>Copies the elements of the source here, converting and broadcasting them.</summary>
        public Tensor copy_(Tensor source, bool nonBlocking = false) => Changed(l2c_copy_(this, source, nonBlocking));

        /// <summary>Lets the tensor share the memory, shape and strides of the source.</summary>
        public Tensor set_(Tensor source) => Changed(l2c_set_(this, source));

        /// <summary>Fills with a value.</summary>
        public Tensor fill_(Scalar value) => Changed(l2c_fill_(this, value));

        /// <summary>Fills with zeros.</summary>
        public Tensor zero_() => Changed(l2c_zero_(this));

        /// <summary>Parts of a size, or of given sizes, along a dimension; views.</summary>
        public Tensor[] split(long size, int dim = 0) => l2c_split(this, size, dim);

        /// <summary>Parts of a size, or of given sizes, along a dimension; views.</summary>
        public Tensor[] split(long[] sizes, long dim = 0) => l2c_split_sizes(this, sizes, sizes.Length, dim);

        /// <summary>Parts of a size, or of given sizes, along a dimension; views.</summary>
        public Tensor[] split(ReadOnlySpan<long> sizes, long dim = 0) => l2c_split_sizes(this, sizes, sizes.Length, dim);

        /// <summary>Parts of a size, or of given sizes, along a dimension; views.</summary>
        public Tensor[] split(params long[] sizes) => l2c_split_sizes(this, sizes, sizes.Length, 0);

        /// <summary>That many parts along a dimension, the last perhaps smaller; views.</summary>
        public Tensor[] chunk(long chunks, long dim = 0) => l2c_chunk(this, chunks, dim);

        /// <summary>That many parts of nearly the same size, or cut before the given indices; views.</summary>
        public Tensor[] tensor_split(long size, long dim = 0) => l2c_tensor_split(this, size, dim);

        /// <summary>That many parts of nearly the same size, or cut before the given indices; views.</summary>
        public Tensor[] tensor_split(long[] sizes, long dim = 0) => l2c_tensor_split_indices(this, sizes, sizes.Length, dim);

        /// <summary>The slices of a dimension; views.</summary>
        public Tensor[] unbind(long dimension = 0) => l2c_unbind(this, dimension);
    }
}
