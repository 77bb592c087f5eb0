// Views, joins, splits, indexing and copies. Signatures mirror TorchSharp/Native/Shape.cs.
#include "bridge.h"

using namespace l2c;

L2C_API Tensor* l2c_view(In self, const int64_t* shape, int64_t shape_length) { return make([&] { return self->view(ints(shape, shape_length)); }); }
L2C_API Tensor* l2c_reshape(In self, const int64_t* shape, int64_t shape_length) { return make([&] { return at::reshape(self, ints(shape, shape_length)); }); }
L2C_API Tensor* l2c_expand(In self, const int64_t* sizes, int64_t sizes_length, bool implicit) { return make([&] { return self->expand(ints(sizes, sizes_length), implicit); }); }
L2C_API Tensor* l2c_repeat(In self, const int64_t* sizes, int64_t sizes_length) { return make([&] { return self->repeat(ints(sizes, sizes_length)); }); }
L2C_API Tensor* l2c_tile(In self, const int64_t* reps, int64_t reps_length) { return make([&] { return at::tile(self, ints(reps, reps_length)); }); }
L2C_API Tensor* l2c_permute(In self, const int64_t* dims, int64_t dims_length) { return make([&] { return at::permute(self, ints(dims, dims_length)); }); }
L2C_API Tensor* l2c_movedim(In self, const int64_t* source, int64_t source_length, const int64_t* destination, int64_t destination_length) {
    return make([&] { return at::movedim(self, ints(source, source_length), ints(destination, destination_length)); });
}
L2C_API Tensor* l2c_transpose(In self, int64_t dim0, int64_t dim1) { return make([&] { return at::transpose(self, dim0, dim1); }); }
L2C_API int32_t l2c_transpose_(In self, int64_t dim0, int64_t dim1) { return run([&] { self->transpose_(dim0, dim1); }); }
L2C_API Tensor* l2c_t(In self) { return make([&] { return at::t(self); }); }
L2C_API Tensor* l2c_numpy_t(In self) { return make([&] { return self->numpy_T(); }); }
L2C_API Tensor* l2c_mt(In self) { return make([&] { return self->mT(); }); }
L2C_API Tensor* l2c_flatten(In self, int64_t start, int64_t end) { return make([&] { return at::flatten(self, start, end); }); }
L2C_API Tensor* l2c_unflatten(In self, int64_t dim, const int64_t* sizes, int64_t sizes_length) { return make([&] { return self->unflatten(dim, ints(sizes, sizes_length)); }); }
L2C_API Tensor* l2c_ravel(In self) { return make([&] { return at::ravel(self); }); }
L2C_API Tensor* l2c_unsqueeze(In self, int64_t dim) { return make([&] { return at::unsqueeze(self, dim); }); }
L2C_API int32_t l2c_unsqueeze_(In self, int64_t dim) { return run([&] { self->unsqueeze_(dim); }); }
L2C_API Tensor* l2c_squeeze(In self, int64_t dim) { return make([&] { return dim == INT64_MIN ? at::squeeze(self) : at::squeeze(self, dim); }); }
L2C_API int32_t l2c_squeeze_(In self, int64_t dim) { return run([&] { dim == INT64_MIN ? self->squeeze_() : self->squeeze_(dim); }); }
L2C_API Tensor* l2c_as_strided(In self, const int64_t* sizes, int64_t sizes_length, const int64_t* strides, int64_t strides_length, int64_t offset) {
    return make([&] { return at::as_strided(self, ints(sizes, sizes_length), ints(strides, strides_length), offset); });
}
L2C_API Tensor* l2c_unfold_dim(In self, int64_t dim, int64_t size, int64_t step) { return make([&] { return self->unfold(dim, size, step); }); }
L2C_API Tensor* l2c_contiguous(In self) { return make([&] { return self->contiguous(); }); }
L2C_API Tensor* l2c_clone(In self) { return make([&] { return at::clone(self); }); }
L2C_API Tensor* l2c_detach(In self) { return make([&] { return self->detach(); }); }
L2C_API int32_t l2c_detach_(In self) { return run([&] { self->detach_(); }); }
L2C_API Tensor* l2c_alias(In self) { return make([&] { return at::alias(self); }); }
L2C_API int32_t l2c_copy_(In self, In source, bool non_blocking) { return run([&] { self->copy_(source, non_blocking); }); }
// Makes self share the source's storage, sizes and strides.
L2C_API int32_t l2c_set_(In self, In source) { return run([&] { self->set_(source); }); }
L2C_API int32_t l2c_fill_(In self, Number value) { return run([&] { self->fill_(at::Scalar(value)); }); }
L2C_API int32_t l2c_zero_(In self) { return run([&] { self->zero_(); }); }

L2C_API Tensor* l2c_cat(const Tensor* const* list, int64_t length, int64_t dim) { return make([&] { return at::cat(tensors(list, length), dim); }); }
L2C_API Tensor* l2c_stack(const Tensor* const* list, int64_t length, int64_t dim) { return make([&] { return at::stack(tensors(list, length), dim); }); }
L2C_API Tensor* l2c_hstack(const Tensor* const* list, int64_t length) { return make([&] { return at::hstack(tensors(list, length)); }); }
L2C_API Tensor* l2c_vstack(const Tensor* const* list, int64_t length) { return make([&] { return at::vstack(tensors(list, length)); }); }
L2C_API Tensor* l2c_block_diag(const Tensor* const* list, int64_t length) { return make([&] { return at::block_diag(tensors(list, length)); }); }
L2C_API List* l2c_meshgrid(const Tensor* const* list, int64_t length, const char* indexing) { return make_list([&] { return at::meshgrid(tensors(list, length), indexing); }); }
L2C_API List* l2c_broadcast_tensors(const Tensor* const* list, int64_t length) { return make_list([&] { return at::broadcast_tensors(tensors(list, length)); }); }
L2C_API List* l2c_split(In self, int64_t size, int64_t dim) { return make_list([&] { return at::split(self, size, dim); }); }
L2C_API List* l2c_split_sizes(In self, const int64_t* sizes, int64_t sizes_length, int64_t dim) { return make_list([&] { return at::split_with_sizes(self, ints(sizes, sizes_length), dim); }); }
L2C_API List* l2c_chunk(In self, int64_t chunks, int64_t dim) { return make_list([&] { return at::chunk(self, chunks, dim); }); }
L2C_API List* l2c_tensor_split(In self, int64_t sections, int64_t dim) { return make_list([&] { return at::tensor_split(self, sections, dim); }); }
L2C_API List* l2c_tensor_split_indices(In self, const int64_t* indices, int64_t indices_length, int64_t dim) { return make_list([&] { return at::tensor_split(self, ints(indices, indices_length), dim); }); }
L2C_API List* l2c_unbind(In self, int64_t dim) { return make_list([&] { return at::unbind(self, dim); }); }

L2C_API Tensor* l2c_narrow(In self, int64_t dim, int64_t start, int64_t length) { return make([&] { return at::narrow(self, dim, start, length); }); }
L2C_API Tensor* l2c_slice(In self, int64_t dim, int64_t start, int64_t end, int64_t step) { return make([&] { return at::slice(self, dim, optional_int(start), optional_int(end), step); }); }
L2C_API Tensor* l2c_select(In self, int64_t dim, int64_t index) { return make([&] { return at::select(self, dim, index); }); }
L2C_API Tensor* l2c_gather(In self, int64_t dim, In index) { return make([&] { return at::gather(self, dim, index); }); }
L2C_API Tensor* l2c_scatter(In self, int64_t dim, In index, In src) { return make([&] { return at::scatter(self, dim, index, src); }); }
L2C_API int32_t l2c_scatter_(In self, int64_t dim, In index, In src) { return run([&] { self->scatter_(dim, index, src); }); }
L2C_API Tensor* l2c_scatter_add(In self, int64_t dim, In index, In src) { return make([&] { return at::scatter_add(self, dim, index, src); }); }
L2C_API int32_t l2c_scatter_add_(In self, int64_t dim, In index, In src) { return run([&] { self->scatter_add_(dim, index, src); }); }
L2C_API Tensor* l2c_index_select(In self, int64_t dim, In index) { return make([&] { return at::index_select(self, dim, index); }); }
L2C_API Tensor* l2c_index_add(In self, int64_t dim, In index, In source, Number alpha) { return make([&] { return at::index_add(self, dim, index, source, alpha); }); }
L2C_API int32_t l2c_index_add_(In self, int64_t dim, In index, In source, Number alpha) { return run([&] { self->index_add_(dim, index, source, alpha); }); }
L2C_API Tensor* l2c_index_copy(In self, int64_t dim, In index, In source) { return make([&] { return at::index_copy(self, dim, index, source); }); }
L2C_API int32_t l2c_index_copy_(In self, int64_t dim, In index, In source) { return run([&] { self->index_copy_(dim, index, source); }); }
L2C_API Tensor* l2c_index_fill(In self, int64_t dim, In index, Number value) { return make([&] { return at::index_fill(self, dim, index, at::Scalar(value)); }); }
L2C_API int32_t l2c_index_fill_(In self, int64_t dim, In index, Number value) { return run([&] { self->index_fill_(dim, index, at::Scalar(value)); }); }
L2C_API Tensor* l2c_take(In self, In index) { return make([&] { return at::take(self, index); }); }
L2C_API Tensor* l2c_take_along_dim(In self, In index, int64_t dim) { return make([&] { return at::take_along_dim(self, index, optional_int(dim)); }); }
L2C_API Tensor* l2c_masked_fill(In self, In mask, Number value) { return make([&] { return at::masked_fill(self, mask, at::Scalar(value)); }); }
L2C_API int32_t l2c_masked_fill_(In self, In mask, Number value) { return run([&] { self->masked_fill_(mask, at::Scalar(value)); }); }
L2C_API Tensor* l2c_masked_select(In self, In mask) { return make([&] { return at::masked_select(self, mask); }); }
L2C_API Tensor* l2c_masked_scatter(In self, In mask, In value) { return make([&] { return at::masked_scatter(self, mask, value); }); }
L2C_API Tensor* l2c_nonzero(In self) { return make([&] { return at::nonzero(self); }); }
L2C_API List* l2c_nonzero_lists(In self) { return make_list([&] { return at::nonzero_numpy(self); }); }
L2C_API Tensor* l2c_argwhere(In self) { return make([&] { return at::argwhere(self); }); }
L2C_API Tensor* l2c_flip(In self, const int64_t* dims, int64_t dims_length) { return make([&] { return at::flip(self, ints(dims, dims_length)); }); }
L2C_API Tensor* l2c_roll(In self, const int64_t* shifts, int64_t shifts_length, const int64_t* dims, int64_t dims_length) {
    return make([&] { return at::roll(self, ints(shifts, shifts_length), ints(dims, dims_length)); });
}
L2C_API Tensor* l2c_repeat_interleave(In self, int64_t repeats, int64_t dim) { return make([&] { return at::repeat_interleave(self, repeats, optional_int(dim)); }); }
L2C_API Tensor* l2c_repeat_interleave_tensor(In self, In repeats, int64_t dim) { return make([&] { return at::repeat_interleave(self, repeats, optional_int(dim)); }); }
L2C_API Tensor* l2c_tril(In self, int64_t diagonal) { return make([&] { return at::tril(self, diagonal); }); }
L2C_API int32_t l2c_tril_(In self, int64_t diagonal) { return run([&] { self->tril_(diagonal); }); }
L2C_API Tensor* l2c_triu(In self, int64_t diagonal) { return make([&] { return at::triu(self, diagonal); }); }
L2C_API int32_t l2c_triu_(In self, int64_t diagonal) { return run([&] { self->triu_(diagonal); }); }
L2C_API Tensor* l2c_diag(In self, int64_t diagonal) { return make([&] { return at::diag(self, diagonal); }); }
L2C_API Tensor* l2c_diagonal(In self, int64_t offset, int64_t dim1, int64_t dim2) { return make([&] { return at::diagonal(self, offset, dim1, dim2); }); }
L2C_API Tensor* l2c_diag_embed(In self, int64_t offset, int64_t dim1, int64_t dim2) { return make([&] { return at::diag_embed(self, offset, dim1, dim2); }); }
L2C_API Tensor* l2c_trace(In self) { return make([&] { return at::trace(self); }); }

// Mirrors TorchSharp.TensorIndexValue in C#.
struct IndexItem {
    int64_t kind;  // 0 None, 1 Ellipsis, 2 integer, 3 bool, 4 slice, 5 tensor
    int64_t start, stop, step;  // INT64_MIN: open
    const Tensor* tensor;
};

static std::vector<at::indexing::TensorIndex> indices(const IndexItem* items, int64_t length) {
    using namespace at::indexing;
    std::vector<TensorIndex> result;
    result.reserve(length);
    for (int64_t i = 0; i < length; i++) {
        const auto& item = items[i];
        switch (item.kind) {
            case 0: result.emplace_back(None); break;
            case 1: result.emplace_back(Ellipsis); break;
            case 2: result.emplace_back(item.start); break;
            case 3: result.emplace_back(item.start != 0); break;
            case 4: {
                const bool from_start = item.start == INT64_MIN, to_end = item.stop == INT64_MIN;
                const int64_t step = item.step == INT64_MIN ? 1 : item.step;
                if (from_start && to_end && step == 1) result.emplace_back(Slice());
                else if (to_end) result.emplace_back(Slice(from_start ? 0 : item.start, None, step));
                else result.emplace_back(Slice(from_start ? 0 : item.start, item.stop, step));
                break;
            }
            default:
                TORCH_CHECK(item.tensor != nullptr, "an index tensor is null");
                result.emplace_back(*item.tensor);
        }
    }
    return result;
}

L2C_API Tensor* l2c_index(In self, const IndexItem* items, int64_t length) { return make([&] { return self->index(indices(items, length)); }); }
L2C_API int32_t l2c_index_put_number_(In self, const IndexItem* items, int64_t length, Number value) {
    return run([&] { Tensor t = self; t.index_put_(indices(items, length), at::Scalar(value)); });
}
L2C_API int32_t l2c_index_put_(In self, const IndexItem* items, int64_t length, In value, bool accumulate) {
    return run([&] {
        Tensor t = self;
        if (!accumulate) {
            t.index_put_(indices(items, length), value.get());
            return;
        }
        c10::List<optional<Tensor>> list;
        for (int64_t i = 0; i < length; i++) {
            TORCH_CHECK(items[i].kind == 5, "index_put_ with accumulate takes index tensors only");
            list.push_back(optional<Tensor>(*items[i].tensor));
        }
        t.index_put_(list, value.get(), true);
    });
}
