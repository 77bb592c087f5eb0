using static TorchSharp.NativeMethods;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        /// <summary>The same memory with another shape; -1 is what is left. Throws where the strides do not allow it.</summary>
        public Tensor view(params long[] shape) => l2c_view(this, shape, shape.Length);

        /// <summary>Another shape, a view where possible; -1 is what is left.</summary>
        public Tensor reshape(params long[] shape) => l2c_reshape(this, shape, shape.Length);

        /// <summary>Dimensions of length 1 repeated without copying; -1 keeps a length.</summary>
        public Tensor expand(params long[] sizes) => l2c_expand(this, sizes, sizes.Length, false);

        /// <summary>Dimensions of length 1 repeated without copying; -1 keeps a length.</summary>
        public Tensor expand(long[] sizes, bool isImplicit = false) => l2c_expand(this, sizes, sizes.Length, isImplicit);

        /// <summary>Dimensions of length 1 repeated without copying; -1 keeps a length.</summary>
        public Tensor expand(ReadOnlySpan<long> sizes, bool isImplicit = false) => l2c_expand(this, sizes, sizes.Length, isImplicit);

        /// <summary>Dimensions of length 1 repeated to the other's shape, without copying.</summary>
        public Tensor expand_as(Tensor other) => expand(other.shape);

        /// <summary>The same memory with the other's shape.</summary>
        public Tensor view_as(Tensor other) => view(other.shape);

        /// <summary>Dimensions of length 1 repeated to the shape, without copying.</summary>
        public Tensor broadcast_to(params long[] shape) => l2c_expand(this, shape, shape.Length, false);

        /// <summary>Copies along each dimension.</summary>
        public Tensor repeat(params long[] sizes) => l2c_repeat(this, sizes, sizes.Length);

        /// <summary>Copies along each dimension, missing ones as 1.</summary>
        public Tensor tile(long[] reps) => l2c_tile(this, reps, reps.Length);

        /// <summary>The dimensions in another order.</summary>
        public Tensor permute(params long[] permutation) => l2c_permute(this, permutation, permutation.Length);

        /// <summary>The dimensions in another order.</summary>
        public Tensor permute(IEnumerable<long> permutation) => permute(permutation.ToArray());

        /// <summary>Dimensions moved to other places.</summary>
        public Tensor movedim(long[] source, long[] destination) =>
            l2c_movedim(this, source, source.Length, destination, destination.Length);

        /// <summary>Two dimensions exchanged.</summary>
        public Tensor transpose(long dim0, long dim1) => l2c_transpose(this, dim0, dim1);

        /// <summary>Two dimensions exchanged, in place.</summary>
        public Tensor transpose_(long dim0, long dim1) => Changed(l2c_transpose_(this, dim0, dim1));

        /// <summary>Two dimensions exchanged.</summary>
        public Tensor swapaxes(long dim0, long dim1) => l2c_transpose(this, dim0, dim1);

        /// <summary>A matrix transposed.</summary>
        public Tensor t() => l2c_t(this);

        /// <summary>One dimension, a view where possible.</summary>
        public Tensor ravel() => l2c_ravel(this);

        /// <summary>The tensor, copied where its elements do not lie in order.</summary>
        public Tensor contiguous() => l2c_contiguous(this);

        /// <summary>A copy, recorded for backward.</summary>
        public Tensor clone() => l2c_clone(this);

        /// <summary>The same memory out of autograd's sight.</summary>
        public Tensor detach() => l2c_detach(this);

        /// <summary>A view of all.</summary>
        public Tensor alias() => l2c_alias(this);

        /// <summary>The same memory out of autograd's sight, in place.</summary>
        public Tensor detach_() => Changed(l2c_detach_(this));

        /// <summary>Dimensions from start to end joined into one.</summary>
        public Tensor flatten(long start_dim = 0, long end_dim = -1) => l2c_flatten(this, start_dim, end_dim);

        /// <summary>One dimension split into several.</summary>
        public Tensor unflatten(long dim, params long[] sizes) => l2c_unflatten(this, dim, sizes, sizes.Length);

        /// <summary>A dimension of length 1 put in.</summary>
        public Tensor unsqueeze(long dim) => l2c_unsqueeze(this, dim);

        /// <summary>A dimension of length 1 put in, in place.</summary>
        public Tensor unsqueeze_(long dim) => Changed(l2c_unsqueeze_(this, dim));

        /// <summary>Dimensions of length 1 taken out; one of them where dim is given.</summary>
        public Tensor squeeze(long? dim = null) => l2c_squeeze(this, Code(dim));

        /// <summary>Dimensions of length 1 taken out; one of them where dim is given, in place.</summary>
        public Tensor squeeze_(long? dim = null) => Changed(l2c_squeeze_(this, Code(dim)));

        /// <summary>A view of the storage by shape, strides and offset.</summary>
        public Tensor as_strided(long[] size, long[] strides, long storageOffset = 0) =>
            l2c_as_strided(this, size, size.Length, strides, strides.Length, storageOffset);

        /// <summary>Windows along a dimension as a new last one.</summary>
        public Tensor unfold(long dimension, long size, long step) => l2c_unfold_dim(this, dimension, size, step);

        /// <summary>Dimensions reversed, as a copy.</summary>
        public Tensor flip(params long[] dims) => l2c_flip(this, dims, dims.Length);

        /// <summary>The second dimension reversed.</summary>
        public Tensor fliplr() => flip(1);

        /// <summary>The first dimension reversed.</summary>
        public Tensor flipud() => flip(0);

        /// <summary>Elements moved along dimensions, round the end.</summary>
        public Tensor roll(long shifts, long? dims = null) =>
            l2c_roll(this, [shifts], 1, dims is { } dim ? [dim] : [], dims is null ? 0 : 1);

        /// <summary>Elements moved along dimensions, round the end.</summary>
        public Tensor roll(long[] shifts) => l2c_roll(this, shifts, shifts.Length, [], 0);

        /// <summary>Elements moved along dimensions, round the end.</summary>
        public Tensor roll(long[] shifts, long[] dims) => l2c_roll(this, shifts, shifts.Length, dims, dims.Length);

        /// <summary>Each element repeated in its place.</summary>
        public Tensor repeat_interleave(long repeats, long? dim = null, long? output_size = null) =>
            l2c_repeat_interleave(this, repeats, Code(dim));

        /// <summary>Each element repeated in its place.</summary>
        public Tensor repeat_interleave(Tensor repeats, long? dim = null, long? output_size = null) =>
            l2c_repeat_interleave_tensor(this, repeats, Code(dim));

        /// <summary>The lower triangle, zeros elsewhere.</summary>
        public Tensor tril(long diagonal = 0) => l2c_tril(this, diagonal);

        /// <summary>The lower triangle, zeros elsewhere, in place.</summary>
        public Tensor tril_(long diagonal = 0) => Changed(l2c_tril_(this, diagonal));

        /// <summary>The upper triangle, zeros elsewhere.</summary>
        public Tensor triu(long diagonal = 0) => l2c_triu(this, diagonal);

        /// <summary>The upper triangle, zeros elsewhere, in place.</summary>
        public Tensor triu_(long diagonal = 0) => Changed(l2c_triu_(this, diagonal));

        /// <summary>The diagonal of a matrix, or a matrix with that diagonal.</summary>
        public Tensor diag(long diagonal = 0) => l2c_diag(this, diagonal);

        /// <summary>A view of the diagonals of two dimensions.</summary>
        public Tensor diagonal(long offset = 0, long dim1 = 0, long dim2 = 1) => l2c_diagonal(this, offset, dim1, dim2);

        /// <summary>Matrices whose diagonals are the last dimension.</summary>
        public Tensor diag_embed(long offset = 0, long dim1 = -2, long dim2 = -1) => l2c_diag_embed(this, offset, dim1, dim2);
    }
}
