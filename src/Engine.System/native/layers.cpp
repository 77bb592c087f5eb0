// The functional forms of layers and losses. Signatures mirror TorchSharp/Native/Layers.cs.
#include "bridge.h"

#include <cmath>

using namespace l2c;

L2C_API Tensor* l2c_linear(In input, In weight, Opt bias) { return make([&] { return at::linear(input, weight, optional<Tensor>(bias)); }); }
L2C_API Tensor* l2c_layer_norm(In input, const int64_t* shape, int64_t shape_length, Opt weight, Opt bias, double eps) {
    return make([&] { return at::layer_norm(input, ints(shape, shape_length), optional<Tensor>(weight), optional<Tensor>(bias), eps); });
}
L2C_API Tensor* l2c_group_norm(In input, int64_t groups, Opt weight, Opt bias, double eps) {
    return make([&] { return at::group_norm(input, groups, optional<Tensor>(weight), optional<Tensor>(bias), eps); });
}
L2C_API Tensor* l2c_batch_norm(In input, Opt weight, Opt bias, Opt mean, Opt var, bool training, double momentum, double eps) {
    return make([&] {
        return at::batch_norm(input, optional<Tensor>(weight), optional<Tensor>(bias), optional<Tensor>(mean), optional<Tensor>(var), training, momentum, eps, true);
    });
}
L2C_API Tensor* l2c_conv1d(In input, In weight, Opt bias, int64_t stride, int64_t padding, int64_t dilation, int64_t groups) {
    return make([&] { return at::conv1d(input, weight, optional<Tensor>(bias), {stride}, at::IntArrayRef({padding}), {dilation}, groups); });
}
L2C_API Tensor* l2c_conv2d(In input, In weight, Opt bias, const int64_t* stride, int64_t stride_length, const int64_t* padding, int64_t padding_length,
                           const int64_t* dilation, int64_t dilation_length, int64_t groups) {
    return make([&] {
        return at::conv2d(input, weight, optional<Tensor>(bias), ints(stride, stride_length), ints(padding, padding_length), ints(dilation, dilation_length), groups);
    });
}
L2C_API Tensor* l2c_conv2d_padding(In input, In weight, Opt bias, const int64_t* stride, int64_t stride_length, bool same,
                                   const int64_t* dilation, int64_t dilation_length, int64_t groups) {
    return make([&] {
        return at::conv2d(input, weight, optional<Tensor>(bias), ints(stride, stride_length), text_view(same ? "same" : "valid"), ints(dilation, dilation_length), groups);
    });
}
L2C_API Tensor* l2c_avg_pool2d(In input, const int64_t* kernel, int64_t kernel_length, const int64_t* stride, int64_t stride_length,
                               const int64_t* padding, int64_t padding_length, bool ceil_mode, bool count_include_pad) {
    return make([&] {
        return at::avg_pool2d(input, ints(kernel, kernel_length), ints(stride, stride_length), ints(padding, padding_length), ceil_mode, count_include_pad);
    });
}
L2C_API Tensor* l2c_max_pool2d(In input, const int64_t* kernel, int64_t kernel_length, const int64_t* stride, int64_t stride_length,
                               const int64_t* padding, int64_t padding_length, const int64_t* dilation, int64_t dilation_length, bool ceil_mode) {
    return make([&] {
        return at::max_pool2d(input, ints(kernel, kernel_length), ints(stride, stride_length), ints(padding, padding_length), ints(dilation, dilation_length), ceil_mode);
    });
}
L2C_API Tensor* l2c_adaptive_avg_pool2d(In input, const int64_t* size, int64_t size_length) { return make([&] { return at::adaptive_avg_pool2d(input, ints(size, size_length)); }); }
L2C_API Tensor* l2c_embedding(In weight, In indices, int64_t padding_idx) { return make([&] { return at::embedding(weight, indices, padding_idx); }); }
L2C_API Tensor* l2c_dropout(In input, double p, bool training) { return make([&] { return at::dropout(input, p, training); }); }
L2C_API int32_t l2c_dropout_(In input, double p, bool training) { return run([&] { Tensor t = input; at::dropout_(t, p, training); }); }
L2C_API Tensor* l2c_one_hot(In input, int64_t classes) { return make([&] { return at::one_hot(input, classes); }); }
L2C_API Tensor* l2c_glu(In input, int64_t dim) { return make([&] { return at::glu(input, dim); }); }
L2C_API Tensor* l2c_mish(In input) { return make([&] { return at::mish(input); }); }

// Losses. reduction: 0 none, 1 mean, 2 sum, as in torch.
L2C_API Tensor* l2c_cross_entropy(In input, In target, Opt weight, int64_t reduction, int64_t ignore_index, double label_smoothing) {
    return make([&] { return at::cross_entropy_loss(input, target, optional<Tensor>(weight), reduction, ignore_index, label_smoothing); });
}
L2C_API Tensor* l2c_nll_loss(In input, In target, Opt weight, int64_t reduction, int64_t ignore_index) {
    return make([&] { return at::nll_loss_nd(input, target, optional<Tensor>(weight), reduction, ignore_index); });
}
L2C_API Tensor* l2c_binary_cross_entropy(In input, In target, Opt weight, int64_t reduction) {
    return make([&] { return at::binary_cross_entropy(input, target, optional<Tensor>(weight), reduction); });
}
L2C_API Tensor* l2c_binary_cross_entropy_with_logits(In input, In target, Opt weight, Opt pos_weight, int64_t reduction) {
    return make([&] { return at::binary_cross_entropy_with_logits(input, target, optional<Tensor>(weight), optional<Tensor>(pos_weight), reduction); });
}
L2C_API Tensor* l2c_mse_loss(In input, In target, int64_t reduction) { return make([&] { return at::mse_loss(input, target, reduction); }); }
L2C_API Tensor* l2c_l1_loss(In input, In target, int64_t reduction) { return make([&] { return at::l1_loss(input, target, reduction); }); }
L2C_API Tensor* l2c_smooth_l1_loss(In input, In target, int64_t reduction, double beta) { return make([&] { return at::smooth_l1_loss(input, target, reduction, beta); }); }
L2C_API Tensor* l2c_kl_div(In input, In target, int64_t reduction, bool log_target) { return make([&] { return at::kl_div(input, target, reduction, log_target); }); }
L2C_API Tensor* l2c_cosine_similarity(In x1, In x2, int64_t dim, double eps) { return make([&] { return at::cosine_similarity(x1, x2, dim, eps); }); }
// x / max(|x|_p, eps) along dim, as torch.nn.functional.normalize.
L2C_API Tensor* l2c_normalize(In input, double p, int64_t dim, double eps) {
    return make([&] { return at::div(input, at::norm(input, at::Scalar(p), {dim}, true).clamp_min(eps).expand_as(input.get())); });
}

// softmax(q k^T / sqrt(d) + mask) v with [.., L, d] inputs. libtorch 2 has fused kernels; before that the composite, which
// autograd follows. A bool mask keeps what is true, any other is added.
L2C_API Tensor* l2c_scaled_dot_product_attention(In query, In key, In value, Opt mask, double dropout, bool causal) {
    return make([&]() -> Tensor {
#if L2C_TORCH_FROM(2, 0)
        return at::scaled_dot_product_attention(query, key, value, optional<Tensor>(mask), dropout, causal);
#else
        const Tensor& q = query;
        TORCH_CHECK(!(causal && mask.handle), "scaled_dot_product_attention: a mask cannot be given together with is_causal");
        auto scores = at::matmul(q * (1.0 / std::sqrt(static_cast<double>(q.size(-1)))), key->transpose(-2, -1));
        if (causal) {
            auto keep = at::ones({q.size(-2), key->size(-2)}, q.options().dtype(at::kBool)).tril();
            scores = scores.masked_fill(keep.logical_not(), -INFINITY);
        } else if (mask.handle) {
            scores = mask.handle->scalar_type() == at::kBool ? scores.masked_fill(mask.handle->logical_not(), -INFINITY) : scores + *mask.handle;
        }
        auto weights = at::softmax(scores, -1);
        if (dropout > 0) weights = at::dropout(weights, dropout, true);
        return at::matmul(weights, value);
#endif
    });
}

// mode: 0 nearest, 1 linear, 2 bilinear, 3 bicubic, 4 trilinear, 5 area, 6 nearest-exact. Either sizes or scales are given.
// Scales reach the kernels only where the caller does not ask for them to be recomputed, as in torch.nn.functional.
L2C_API Tensor* l2c_interpolate(In input, const int64_t* size, int64_t size_length, const double* scales, int64_t scales_length,
                                int32_t mode, bool align_corners, bool antialias) {
    return make([&]() -> Tensor {
        const auto sizes = optional_ints(size, size_length);
        const auto factors = optional_doubles(scales, scales_length);
        const int64_t spatial = input->dim() - 2;
        if (mode == 5) {
            std::vector<int64_t> target;
            for (int64_t i = 0; i < spatial; i++) target.push_back(size_length >= 0 ? size[i] : static_cast<int64_t>(std::floor(input->size(i + 2) * scales[i])));
            if (spatial == 1) return at::adaptive_avg_pool1d(input, target);
            return spatial == 2 ? at::adaptive_avg_pool2d(input, target) : at::adaptive_avg_pool3d(input, target);
        }
        if (mode == 0 && spatial == 1) return at::upsample_nearest1d(input, sizes, factors);
        if (mode == 0 && spatial == 2) return at::upsample_nearest2d(input, sizes, factors);
        if (mode == 0 && spatial == 3) return at::upsample_nearest3d(input, sizes, factors);
        if (mode == 6 && spatial == 1) return at::_upsample_nearest_exact1d(input, sizes, factors);
        if (mode == 6 && spatial == 2) return at::_upsample_nearest_exact2d(input, sizes, factors);
        if (mode == 1 && spatial == 1) return at::upsample_linear1d(input, sizes, align_corners, factors);
        if (mode == 2 && spatial == 2) return antialias ? at::_upsample_bilinear2d_aa(input, sizes, align_corners, factors) : at::upsample_bilinear2d(input, sizes, align_corners, factors);
        if (mode == 3 && spatial == 2) return antialias ? at::_upsample_bicubic2d_aa(input, sizes, align_corners, factors) : at::upsample_bicubic2d(input, sizes, align_corners, factors);
        if (mode == 4 && spatial == 3) return at::upsample_trilinear3d(input, sizes, align_corners, factors);
        TORCH_CHECK(false, "interpolate: mode ", mode, " does not fit an input of ", input->dim(), " dimensions");
    });
}
// mode: 0 bilinear, 1 nearest, 2 bicubic; padding: 0 zeros, 1 border, 2 reflection (libtorch's own numbers).
L2C_API Tensor* l2c_grid_sample(In input, In grid, int64_t mode, int64_t padding, bool align_corners) {
    return make([&] { return at::grid_sampler(input, grid, mode, padding, align_corners); });
}
L2C_API Tensor* l2c_affine_grid(In theta, const int64_t* size, int64_t size_length, bool align_corners) {
    return make([&] { return at::affine_grid_generator(theta, ints(size, size_length), align_corners); });
}
// mode: 0 constant, 1 reflect, 2 replicate, 3 circular.
L2C_API Tensor* l2c_pad(In input, const int64_t* pad, int64_t pad_length, int32_t mode, double value) {
    return make([&] {
        static const char* names[] = {"constant", "reflect", "replicate", "circular"};
        return at::pad(input, ints(pad, pad_length), names[mode], mode == 0 ? optional<double>(value) : optional<double>(none));
    });
}
L2C_API Tensor* l2c_unfold(In input, const int64_t* kernel, const int64_t* dilation, const int64_t* padding, const int64_t* stride) {
    return make([&] { return at::im2col(input, ints(kernel, 2), ints(dilation, 2), ints(padding, 2), ints(stride, 2)); });
}
L2C_API Tensor* l2c_fold(In input, const int64_t* size, const int64_t* kernel, const int64_t* dilation, const int64_t* padding, const int64_t* stride) {
    return make([&] { return at::col2im(input, ints(size, 2), ints(kernel, 2), ints(dilation, 2), ints(padding, 2), ints(stride, 2)); });
}
L2C_API Tensor* l2c_pixel_shuffle(In input, int64_t factor) { return make([&] { return at::pixel_shuffle(input, factor); }); }
