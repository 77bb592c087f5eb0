// Multi-head attention on the CPU without a copy per head: products of a head read queries, keys and values where the projection left
// them and write where the next one reads. Signatures mirror TorchSharp/Native/Extras.cs.
#include "bridge.h"

#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cmath>

using namespace l2c;
using torch::autograd::AutogradContext;
using torch::autograd::tensor_list;

namespace {
using Sgemm = void (*)(const char*, const char*, const int*, const int*, const int*, const float*, const float*, const int*, const float*,
                       const int*, const float*, float*, const int*);

// libtorch does not export its own; null where its BLAS is sealed inside it.
Sgemm sgemm() {
    static const auto found = reinterpret_cast<Sgemm>(symbol("sgemm_"));
    return found;
}

// A matrix of fp32 in rows, `stride` apart.
struct Rows {
    float* at;
    int64_t stride;
};

// c [m, n] = alpha * a [m, k] b [k, n], where a letter T says that the operand lies transposed. BLAS counts in columns, so b comes first.
void product(char ta, char tb, int64_t m, int64_t n, int64_t k, float alpha, Rows a, Rows b, Rows c) {
    const int rows = static_cast<int>(m), columns = static_cast<int>(n), inner = static_cast<int>(k);
    const int lda = static_cast<int>(a.stride), ldb = static_cast<int>(b.stride), ldc = static_cast<int>(c.stride);
    const float zero = 0;
    sgemm()(&tb, &ta, &columns, &rows, &inner, &alpha, b.at, &ldb, a.at, &lda, &zero, c.at, &ldc);
}

// Who the heads are: B pictures, H heads of width D; Q queries and T keys; `own` where the queries are a tensor of their own.
struct Shape {
    int64_t batch, heads, width, queries, tokens;
    bool own;
    float scale() const { return static_cast<float>(1 / std::sqrt(static_cast<double>(width))); }
    int64_t model() const { return heads * width; }

    Shape(const Tensor& packed, const Tensor& query, int64_t heads) : heads(heads), own(query.defined()) {
        TORCH_CHECK(packed.dim() == 3 && heads > 0, "attention: the projection must be [batch, tokens, parts * width]");
        const int64_t parts = own ? 2 : 3;
        TORCH_CHECK(packed.size(2) % (parts * heads) == 0, "attention: a projection of width ", packed.size(2), " does not divide into ", parts, " parts of ", heads, " heads");
        batch = packed.size(0);
        tokens = packed.size(1);
        width = packed.size(2) / (parts * heads);
        queries = own ? query.size(1) : tokens;
        for (const auto& input : own ? std::vector<Tensor>{packed, query} : std::vector<Tensor>{packed}) {
            TORCH_CHECK(input.device().is_cpu() && (input.scalar_type() == at::kFloat || input.scalar_type() == at::kBFloat16),
                        "attention: inputs must be fp32 or bf16 on the CPU");
        }
        TORCH_CHECK(!own || (query.dim() == 3 && query.size(0) == batch && query.size(2) == model() && query.scalar_type() == packed.scalar_type()),
                    "attention: queries must be [batch, queries, width] in the projection's format");
    }
};

// A head's part of a tensor [B, N, parts * W] as fp32 rows: where it lies, or, from bf16, in `copy`.
Rows head(const Tensor& tensor, int64_t b, int64_t column, int64_t width, std::vector<float>& copy) {
    const int64_t rows = tensor.size(1), stride = tensor.size(2), start = b * rows * stride + column;
    if (tensor.scalar_type() == at::kFloat) return {tensor.data_ptr<float>() + start, stride};
    const auto* from = tensor.data_ptr<at::BFloat16>() + start;
    copy.resize(rows * width);
    for (int64_t r = 0; r < rows; r++)
        for (int64_t i = 0; i < width; i++) copy[r * width + i] = static_cast<float>(from[r * stride + i]);
    return {copy.data(), width};
}

// Where a head's result goes: in place for fp32; for bf16 a buffer that `put` rounds from.
Rows target(const Tensor& tensor, int64_t b, int64_t column, int64_t width, std::vector<float>& copy) {
    if (tensor.scalar_type() == at::kFloat) return {tensor.data_ptr<float>() + b * tensor.size(1) * tensor.size(2) + column, tensor.size(2)};
    copy.resize(tensor.size(1) * width);
    return {copy.data(), width};
}

void put(const Tensor& tensor, int64_t b, int64_t column, int64_t width, const std::vector<float>& copy) {
    if (tensor.scalar_type() == at::kFloat) return;
    const int64_t rows = tensor.size(1), stride = tensor.size(2);
    auto* to = tensor.data_ptr<at::BFloat16>() + b * rows * stride + column;
    for (int64_t r = 0; r < rows; r++)
        for (int64_t i = 0; i < width; i++) to[r * stride + i] = copy[r * width + i];
}

// Scratch of one task: the parts of a head in fp32 where they have to be converted.
struct Scratch {
    std::vector<float> q, k, v, out;
};

// Runs body(b, h, scratch) for every head; heads are independent, so the threads change no bit.
template <class F> void each_head(const Shape& s, F body) {
    at::parallel_for(0, s.batch * s.heads, 1, [&](int64_t begin, int64_t end) {
        Scratch scratch;
        for (int64_t i = begin; i < end; i++) body(i / s.heads, i % s.heads, scratch);
    });
}

struct Attention : torch::autograd::Function<Attention> {
    static Tensor forward(AutogradContext* context, const Tensor& projection, const optional<Tensor>& own_query, int64_t heads) {
        const Tensor packed = projection.contiguous(), query = own_query ? own_query->contiguous() : Tensor();
        const Shape s(packed, query, heads);
        const Tensor& asked = s.own ? query : packed;
        const int64_t d = s.width, w = s.model(), key = s.own ? 0 : w, tile = s.queries * s.tokens;
        Tensor scores = at::empty({s.batch * s.heads, s.queries, s.tokens}, packed.options().dtype(at::kFloat));
        each_head(s, [&](int64_t b, int64_t h, Scratch& scratch) {
            product('N', 'T', s.queries, s.tokens, d, s.scale(), head(asked, b, h * d, d, scratch.q), head(packed, b, key + h * d, d, scratch.k),
                    {scores.data_ptr<float>() + (b * s.heads + h) * tile, s.tokens});
        });
        const Tensor shares = at::softmax(scores, -1);
        Tensor mixed = at::empty({s.batch, s.queries, w}, packed.options());
        each_head(s, [&](int64_t b, int64_t h, Scratch& scratch) {
            product('N', 'N', s.queries, d, s.tokens, 1, {shares.data_ptr<float>() + (b * s.heads + h) * tile, s.tokens},
                    head(packed, b, key + w + h * d, d, scratch.v), target(mixed, b, h * d, d, scratch.out));
            put(mixed, b, h * d, d, scratch.out);
        });
        context->save_for_backward({packed, query, shares});
        context->saved_data["heads"] = heads;
        return mixed;
    }

    static tensor_list backward(AutogradContext* context, tensor_list gradients) {
        const auto saved = context->get_saved_variables();
        const Tensor &packed = saved[0], &query = saved[1], &shares = saved[2];
        const Tensor mixed = gradients[0].contiguous();
        const Shape s(packed, query, context->saved_data["heads"].toInt());
        const Tensor& asked = s.own ? query : packed;
        const int64_t d = s.width, w = s.model(), key = s.own ? 0 : w, tile = s.queries * s.tokens;
        Tensor wanted = at::empty_like(shares);
        each_head(s, [&](int64_t b, int64_t h, Scratch& scratch) {
            product('N', 'T', s.queries, s.tokens, d, 1, head(mixed, b, h * d, d, scratch.out), head(packed, b, key + w + h * d, d, scratch.v),
                    {wanted.data_ptr<float>() + (b * s.heads + h) * tile, s.tokens});
        });
        const Tensor scores = at::_softmax_backward_data(wanted, shares, -1, at::kFloat);
        Tensor to_packed = at::empty_like(packed), to_query = s.own ? at::empty_like(query) : Tensor();
        const Tensor& to_asked = s.own ? to_query : to_packed;
        each_head(s, [&](int64_t b, int64_t h, Scratch& scratch) {
            const Rows score{scores.data_ptr<float>() + (b * s.heads + h) * tile, s.tokens}, share{shares.data_ptr<float>() + (b * s.heads + h) * tile, s.tokens};
            product('T', 'N', s.tokens, d, s.queries, 1, share, head(mixed, b, h * d, d, scratch.v), target(to_packed, b, key + w + h * d, d, scratch.out));
            put(to_packed, b, key + w + h * d, d, scratch.out);
            product('T', 'N', s.tokens, d, s.queries, s.scale(), score, head(asked, b, h * d, d, scratch.q), target(to_packed, b, key + h * d, d, scratch.out));
            put(to_packed, b, key + h * d, d, scratch.out);
            product('N', 'N', s.queries, d, s.tokens, s.scale(), score, head(packed, b, key + h * d, d, scratch.k), target(to_asked, b, h * d, d, scratch.out));
            put(to_asked, b, h * d, d, scratch.out);
        });
        return {to_packed, to_query, Tensor()};
    }
};
}  // namespace

L2C_API int32_t l2c_has_attention() { return sgemm() != nullptr; }

L2C_API Tensor* l2c_attention(In packed, Opt query, int64_t heads) {
    return make([&] {
        TORCH_CHECK(sgemm(), "attention: no sgemm_ in this process");
        return Attention::apply(packed.get(), static_cast<optional<Tensor>>(query), heads);
    });
}
