// Matrix products, reductions, sorting, linear algebra. Signatures mirror TorchSharp/Native/Algebra.cs.
#include "bridge.h"

using namespace l2c;

L2C_API Tensor* l2c_matmul(In self, In other) { return make([&] { return at::matmul(self, other); }); }
L2C_API Tensor* l2c_mm(In self, In other) { return make([&] { return at::mm(self, other); }); }
L2C_API Tensor* l2c_bmm(In self, In other) { return make([&] { return at::bmm(self, other); }); }
L2C_API Tensor* l2c_mv(In self, In other) { return make([&] { return at::mv(self, other); }); }
L2C_API Tensor* l2c_dot(In self, In other) { return make([&] { return at::dot(self, other); }); }
L2C_API Tensor* l2c_outer(In self, In other) { return make([&] { return at::outer(self, other); }); }
L2C_API Tensor* l2c_inner(In self, In other) { return make([&] { return at::inner(self, other); }); }
L2C_API Tensor* l2c_kron(In self, In other) { return make([&] { return at::kron(self, other); }); }
L2C_API Tensor* l2c_addmm(In self, In mat1, In mat2, double beta, double alpha) { return make([&] { return at::addmm(self, mat1, mat2, beta, alpha); }); }
L2C_API int32_t l2c_addmm_(In self, In mat1, In mat2, double beta, double alpha) { return run([&] { self->addmm_(mat1, mat2, beta, alpha); }); }
L2C_API Tensor* l2c_addmv(In self, In mat, In vec, double beta, double alpha) { return make([&] { return at::addmv(self, mat, vec, beta, alpha); }); }
L2C_API Tensor* l2c_addbmm(In self, In batch1, In batch2, double beta, double alpha) { return make([&] { return at::addbmm(self, batch1, batch2, beta, alpha); }); }
L2C_API Tensor* l2c_baddbmm(In self, In batch1, In batch2, double beta, double alpha) { return make([&] { return at::baddbmm(self, batch1, batch2, beta, alpha); }); }
L2C_API Tensor* l2c_einsum(const char* equation, const Tensor* const* list, int64_t length) {
    return make([&] { return at::einsum(equation, tensors(list, length)); });
}
L2C_API Tensor* l2c_tensordot(In self, In other, const int64_t* dims1, int64_t dims1_length, const int64_t* dims2, int64_t dims2_length) {
    return make([&] { return at::tensordot(self, other, ints(dims1, dims1_length), ints(dims2, dims2_length)); });
}
L2C_API Tensor* l2c_cdist(In x1, In x2, double p, int64_t mode) { return make([&] { return at::cdist(x1, x2, p, mode); }); }

// Reductions. A dims list of length -1 means all dimensions.
L2C_API Tensor* l2c_sum(In self, const int64_t* dims, int64_t dims_length, bool keepdim, int32_t dtype) {
    return make([&] {
        return dims_length < 0 ? at::sum(self, optional_dtype(dtype)) : at::sum(self, ints(dims, dims_length), keepdim, optional_dtype(dtype));
    });
}
L2C_API Tensor* l2c_mean(In self, const int64_t* dims, int64_t dims_length, bool keepdim, int32_t dtype) {
    return make([&] {
        return dims_length < 0 ? at::mean(self, optional_dtype(dtype)) : at::mean(self, ints(dims, dims_length), keepdim, optional_dtype(dtype));
    });
}
L2C_API Tensor* l2c_nansum(In self) { return make([&] { return at::nansum(self); }); }
L2C_API Tensor* l2c_prod(In self, int32_t dtype) { return make([&] { return at::prod(self, optional_dtype(dtype)); }); }
L2C_API Tensor* l2c_prod_dim(In self, int64_t dim, bool keepdim, int32_t dtype) { return make([&] { return at::prod(self, dim, keepdim, optional_dtype(dtype)); }); }
L2C_API Tensor* l2c_var(In self, const int64_t* dims, int64_t dims_length, bool unbiased, bool keepdim) {
    return make([&] { return dims_length < 0 ? at::var(self, unbiased) : at::var(self, ints(dims, dims_length), unbiased, keepdim); });
}
L2C_API Tensor* l2c_std(In self, const int64_t* dims, int64_t dims_length, bool unbiased, bool keepdim) {
    return make([&] { return dims_length < 0 ? at::std(self, unbiased) : at::std(self, ints(dims, dims_length), unbiased, keepdim); });
}
L2C_API int32_t l2c_var_mean(In self, const int64_t* dims, int64_t dims_length, bool unbiased, bool keepdim, Tensor** out) {
    return make2(out, [&] { return dims_length < 0 ? at::var_mean(self, unbiased) : at::var_mean(self, ints(dims, dims_length), unbiased, keepdim); });
}
L2C_API int32_t l2c_std_mean(In self, const int64_t* dims, int64_t dims_length, bool unbiased, bool keepdim, Tensor** out) {
    return make2(out, [&] { return dims_length < 0 ? at::std_mean(self, unbiased) : at::std_mean(self, ints(dims, dims_length), unbiased, keepdim); });
}
L2C_API Tensor* l2c_norm(In self, double p) { return make([&] { return at::norm(self, p); }); }
L2C_API Tensor* l2c_norm_dim(In self, double p, int64_t dim, bool keepdim) { return make([&] { return at::norm(self, at::Scalar(p), {dim}, keepdim); }); }
L2C_API Tensor* l2c_dist(In self, In other, double p) { return make([&] { return at::dist(self, other, p); }); }
L2C_API Tensor* l2c_logsumexp(In self, int64_t dim, bool keepdim) { return make([&] { return at::logsumexp(self, {dim}, keepdim); }); }
L2C_API Tensor* l2c_amax(In self, const int64_t* dims, int64_t dims_length, bool keepdim) { return make([&] { return at::amax(self, ints(dims, dims_length), keepdim); }); }
L2C_API Tensor* l2c_amin(In self, const int64_t* dims, int64_t dims_length, bool keepdim) { return make([&] { return at::amin(self, ints(dims, dims_length), keepdim); }); }
L2C_API Tensor* l2c_max(In self) { return make([&] { return at::max(self); }); }
L2C_API Tensor* l2c_min(In self) { return make([&] { return at::min(self); }); }
L2C_API Tensor* l2c_median(In self) { return make([&] { return at::median(self); }); }
L2C_API int32_t l2c_max_dim(In self, int64_t dim, bool keepdim, Tensor** out) { return make2(out, [&] { return at::max(self, dim, keepdim); }); }
L2C_API int32_t l2c_min_dim(In self, int64_t dim, bool keepdim, Tensor** out) { return make2(out, [&] { return at::min(self, dim, keepdim); }); }
L2C_API int32_t l2c_kthvalue(In self, int64_t k, int64_t dim, bool keepdim, Tensor** out) { return make2(out, [&] { return at::kthvalue(self, k, dim, keepdim); }); }
L2C_API Tensor* l2c_argmax(In self, int64_t dim, bool keepdim) { return make([&] { return at::argmax(self, optional_int(dim), keepdim); }); }
L2C_API Tensor* l2c_argmin(In self, int64_t dim, bool keepdim) { return make([&] { return at::argmin(self, optional_int(dim), keepdim); }); }
L2C_API Tensor* l2c_all(In self) { return make([&] { return at::all(self); }); }
L2C_API Tensor* l2c_any(In self) { return make([&] { return at::any(self); }); }
L2C_API Tensor* l2c_all_dim(In self, int64_t dim, bool keepdim) { return make([&] { return at::all(self, dim, keepdim); }); }
L2C_API Tensor* l2c_any_dim(In self, int64_t dim, bool keepdim) { return make([&] { return at::any(self, dim, keepdim); }); }
L2C_API Tensor* l2c_count_nonzero(In self, const int64_t* dims, int64_t dims_length) {
    return make([&] { return dims_length < 0 ? at::count_nonzero(self, none) : at::count_nonzero(self, ints(dims, dims_length)); });
}
L2C_API Tensor* l2c_cumsum(In self, int64_t dim, int32_t dtype) { return make([&] { return at::cumsum(self, dim, optional_dtype(dtype)); }); }
L2C_API Tensor* l2c_cumprod(In self, int64_t dim, int32_t dtype) { return make([&] { return at::cumprod(self, dim, optional_dtype(dtype)); }); }
L2C_API Tensor* l2c_softmax(In self, int64_t dim, int32_t dtype) { return make([&] { return at::softmax(self, dim, optional_dtype(dtype)); }); }
L2C_API Tensor* l2c_log_softmax(In self, int64_t dim, int32_t dtype) { return make([&] { return at::log_softmax(self, dim, optional_dtype(dtype)); }); }
L2C_API Tensor* l2c_quantile(In self, In q, int64_t dim, bool keepdim) { return make([&] { return at::quantile(self, q, dim, keepdim); }); }
L2C_API Tensor* l2c_histc(In self, int64_t bins, double min, double max) { return make([&] { return at::histc(self, bins, min, max); }); }
L2C_API Tensor* l2c_bincount(In self, Opt weights, int64_t minlength) { return make([&] { return at::bincount(self, optional<Tensor>(weights), minlength); }); }

// Sorting and searching.
L2C_API int32_t l2c_topk(In self, int64_t k, int64_t dim, bool largest, bool sorted, Tensor** out) { return make2(out, [&] { return at::topk(self, k, dim, largest, sorted); }); }
L2C_API int32_t l2c_sort(In self, int64_t dim, bool descending, bool stable, Tensor** out) { return make2(out, [&] { return at::sort(self, optional<bool>(stable), dim, descending); }); }
L2C_API Tensor* l2c_argsort(In self, int64_t dim, bool descending) { return make([&] { return at::argsort(self, dim, descending); }); }
L2C_API Tensor* l2c_bucketize(In self, In boundaries, bool out_int32, bool right) { return make([&] { return at::bucketize(self, boundaries, out_int32, right); }); }
L2C_API Tensor* l2c_searchsorted(In sorted, In values, bool out_int32, bool right) { return make([&] { return at::searchsorted(sorted, values, out_int32, right); }); }
L2C_API int32_t l2c_unique(In self, bool sorted, bool inverse, bool counts, int64_t dim, Tensor** out) {
    return make3(out, [&] { return dim == INT64_MIN ? at::_unique2(self, sorted, inverse, counts) : at::unique_dim(self, dim, sorted, inverse, counts); });
}

// Linear algebra.
L2C_API int32_t l2c_linalg_svd(In self, bool full_matrices, Tensor** out) { return make3(out, [&] { return at::linalg_svd(self, full_matrices); }); }
L2C_API Tensor* l2c_linalg_svdvals(In self) { return make([&] { return at::linalg_svdvals(self); }); }
L2C_API int32_t l2c_linalg_eigh(In self, bool upper, Tensor** out) { return make2(out, [&] { return at::linalg_eigh(self, upper ? "U" : "L"); }); }
L2C_API Tensor* l2c_linalg_eigvalsh(In self, bool upper) { return make([&] { return at::linalg_eigvalsh(self, upper ? "U" : "L"); }); }
L2C_API int32_t l2c_linalg_qr(In self, int32_t mode, Tensor** out) {
    return make2(out, [&] { return at::linalg_qr(self, mode == 0 ? "reduced" : mode == 1 ? "complete" : "r"); });
}
L2C_API Tensor* l2c_linalg_cholesky(In self, bool upper) { return make([&] { return at::linalg_cholesky(self, upper); }); }
L2C_API Tensor* l2c_cholesky_solve(In self, In input2, bool upper) { return make([&] { return at::cholesky_solve(self, input2, upper); }); }
L2C_API Tensor* l2c_cholesky_inverse(In self, bool upper) { return make([&] { return at::cholesky_inverse(self, upper); }); }
L2C_API Tensor* l2c_linalg_inv(In self) { return make([&] { return at::linalg_inv(self); }); }
L2C_API Tensor* l2c_linalg_det(In self) { return make([&] { return at::linalg_det(self); }); }
L2C_API int32_t l2c_linalg_slogdet(In self, Tensor** out) { return make2(out, [&] { return at::linalg_slogdet(self); }); }
L2C_API Tensor* l2c_linalg_solve(In a, In b, bool left) { return make([&] { return at::linalg_solve(a, b, left); }); }
L2C_API Tensor* l2c_linalg_solve_triangular(In a, In b, bool upper, bool left, bool unitriangular) {
    return make([&] { return at::linalg_solve_triangular(a, b, upper, left, unitriangular); });
}
L2C_API Tensor* l2c_linalg_pinv(In self, double atol, double rtol, bool hermitian) {
    return make([&] { return at::linalg_pinv(self, optional_double(atol), optional_double(rtol), hermitian); });
}
L2C_API Tensor* l2c_linalg_vector_norm(In self, double ord, const int64_t* dims, int64_t dims_length, bool keepdim) {
    return make([&] { return at::linalg_vector_norm(self, ord, optional_ints(dims, dims_length), keepdim); });
}
L2C_API Tensor* l2c_linalg_norm(In self, Number ord, const int64_t* dims, int64_t dims_length, bool keepdim) {
    return make([&] { return at::linalg_norm(self, ord.maybe(), optional_ints(dims, dims_length), keepdim); });
}
L2C_API Tensor* l2c_linalg_norm_named(In self, const char* ord, const int64_t* dims, int64_t dims_length, bool keepdim) {
    return make([&] { return at::linalg_norm(self, text_view(ord), optional_ints(dims, dims_length), keepdim); });
}
L2C_API Tensor* l2c_linalg_cross(In self, In other, int64_t dim) { return make([&] { return at::linalg_cross(self, other, dim); }); }
L2C_API Tensor* l2c_linalg_matrix_rank(In self, double atol, double rtol, bool hermitian) {
    return make([&] { return at::linalg_matrix_rank(self, optional_double(atol), optional_double(rtol), hermitian); });
}
L2C_API int32_t l2c_linalg_lstsq(In self, In other, Tensor** out) {
    return run([&] {
        auto result = at::linalg_lstsq(self, other);
        out[0] = own(std::get<0>(result));
        out[1] = own(std::get<1>(result));
        out[2] = own(std::get<2>(result));
        out[3] = own(std::get<3>(result));
    });
}
