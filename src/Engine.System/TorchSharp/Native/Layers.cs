using System.Runtime.InteropServices;
using System.Runtime.InteropServices.Marshalling;

namespace TorchSharp;

/// <summary>Entries of native/layers.cpp: the functional forms of layers and losses.</summary>
internal static partial class NativeMethods
{
    [LibraryImport(Library)] internal static partial torch.Tensor l2c_linear(torch.Tensor input, torch.Tensor weight, torch.Tensor bias);
    [LibraryImport(Library)] internal static partial torch.Tensor l2c_layer_norm(torch.Tensor input, ReadOnlySpan<long> shape, long shape_length, torch.Tensor weight, torch.Tensor bias, double eps);
    [LibraryImport(Library)] internal static partial torch.Tensor l2c_group_norm(torch.Tensor input, long groups, torch.Tensor weight, torch.Tensor bias, double eps);
    [LibraryImport(Library)] internal static partial torch.Tensor l2c_batch_norm(torch.Tensor input, torch.Tensor weight, torch.Tensor bias, torch.Tensor mean, torch.Tensor var, Flag training, double momentum, double eps);
    [LibraryImport(Library)] internal static partial torch.Tensor l2c_conv1d(torch.Tensor input, torch.Tensor weight, torch.Tensor bias, long stride, long padding, long dilation, long groups);
    [LibraryImport(Library)] internal static partial torch.Tensor l2c_conv2d(torch.Tensor input, torch.Tensor weight, torch.Tensor bias, ReadOnlySpan<long> stride, long stride_length, ReadOnlySpan<long> padding, long padding_length, ReadOnlySpan<long> dilation, long dilation_length, long groups);
    [LibraryImport(Library)] internal static partial torch.Tensor l2c_conv2d_padding(torch.Tensor input, torch.Tensor weight, torch.Tensor bias, ReadOnlySpan<long> stride, long stride_length, Flag same, ReadOnlySpan<long> dilation, long dilation_length, long groups);
    [LibraryImport(Library)] internal static partial torch.Tensor l2c_avg_pool2d(torch.Tensor input, ReadOnlySpan<long> kernel, long kernel_length, ReadOnlySpan<long> stride, long stride_length, ReadOnlySpan<long> padding, long padding_length, Flag ceil_mode, Flag count_include_pad);
    [LibraryImport(Library)] internal static partial torch.Tensor l2c_max_pool2d(torch.Tensor input, ReadOnlySpan<long> kernel, long kernel_length, ReadOnlySpan<long> stride, long stride_length, ReadOnlySpan<long> padding, long padding_length, ReadOnlySpan<long> dilation, long dilation_length, Flag ceil_mode);
    [LibraryImport(Library)] internal static partial torch.Tensor l2c_adaptive_avg_pool2d(torch.Tensor input, ReadOnlySpan<long> size, long size_length);
    [LibraryImport(Library)] internal static partial torch.Tensor l2c_embedding(torch.Tensor weight, torch.Tensor indices, long padding_idx);
    [LibraryImport(Library)] internal static partial torch.Tensor l2c_dropout(torch.Tensor input, double p, Flag training);
    [LibraryImport(Library)] internal static partial Status l2c_dropout_(torch.Tensor input, double p, Flag training);
    [LibraryImport(Library)] internal static partial torch.Tensor l2c_one_hot(torch.Tensor input, long classes);
    [LibraryImport(Library)] internal static partial torch.Tensor l2c_glu(torch.Tensor input, long dim);
    [LibraryImport(Library)] internal static partial torch.Tensor l2c_mish(torch.Tensor input);
    [LibraryImport(Library)] internal static partial torch.Tensor l2c_cross_entropy(torch.Tensor input, torch.Tensor target, torch.Tensor weight, long reduction, long ignore_index, double label_smoothing);
    [LibraryImport(Library)] internal static partial torch.Tensor l2c_nll_loss(torch.Tensor input, torch.Tensor target, torch.Tensor weight, long reduction, long ignore_index);
    [LibraryImport(Library)] internal static partial torch.Tensor l2c_binary_cross_entropy(torch.Tensor input, torch.Tensor target, torch.Tensor weight, long reduction);
    [LibraryImport(Library)] internal static partial torch.Tensor l2c_binary_cross_entropy_with_logits(torch.Tensor input, torch.Tensor target, torch.Tensor weight, torch.Tensor pos_weight, long reduction);
    [LibraryImport(Library)] internal static partial torch.Tensor l2c_mse_loss(torch.Tensor input, torch.Tensor target, long reduction);
    [LibraryImport(Library)] internal static partial torch.Tensor l2c_l1_loss(torch.Tensor input, torch.Tensor target, long reduction);
    [LibraryImport(Library)] internal static partial torch.Tensor l2c_smooth_l1_loss(torch.Tensor input, torch.Tensor target, long reduction, double beta);
    [LibraryImport(Library)] internal static partial torch.Tensor l2c_kl_div(torch.Tensor input, torch.Tensor target, long reduction, Flag log_target);
    [LibraryImport(Library)] internal static partial torch.Tensor l2c_cosine_similarity(torch.Tensor x1, torch.Tensor x2, long dim, double eps);
    [LibraryImport(Library)] internal static partial torch.Tensor l2c_normalize(torch.Tensor input, double p, long dim, double eps);
    [LibraryImport(Library)] internal static partial torch.Tensor l2c_scaled_dot_product_attention(torch.Tensor query, torch.Tensor key, torch.Tensor value, torch.Tensor mask, double dropout, Flag causal);
    [LibraryImport(Library)] internal static partial torch.Tensor l2c_interpolate(torch.Tensor input, ReadOnlySpan<long> size, long size_length, ReadOnlySpan<double> scales, long scales_length, int mode, Flag align_corners, Flag antialias);
    [LibraryImport(Library)] internal static partial torch.Tensor l2c_grid_sample(torch.Tensor input, torch.Tensor grid, long mode, long padding, Flag align_corners);
    [LibraryImport(Library)] internal static partial torch.Tensor l2c_affine_grid(torch.Tensor theta, ReadOnlySpan<long> size, long size_length, Flag align_corners);
    [LibraryImport(Library)] internal static partial torch.Tensor l2c_pad(torch.Tensor input, ReadOnlySpan<long> pad, long pad_length, int mode, double value);
    [LibraryImport(Library)] internal static partial torch.Tensor l2c_unfold(torch.Tensor input, ReadOnlySpan<long> kernel, ReadOnlySpan<long> dilation, ReadOnlySpan<long> padding, ReadOnlySpan<long> stride);
    [LibraryImport(Library)] internal static partial torch.Tensor l2c_fold(torch.Tensor input, ReadOnlySpan<long> size, ReadOnlySpan<long> kernel, ReadOnlySpan<long> dilation, ReadOnlySpan<long> padding, ReadOnlySpan<long> stride);
    [LibraryImport(Library)] internal static partial torch.Tensor l2c_pixel_shuffle(torch.Tensor input, long factor);
}
