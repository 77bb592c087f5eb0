// Products of libllama's quantised weights with fp32 activations, by OpenBLAS.
//
// libllama's CPU backend offers every matrix product to llamafile_sgemm before it computes it itself, and calls that function through the
// dynamic linker. This library exports one of the same name and is made global before the backend is loaded, so that it is asked first. A
// product of many tokens with quantised weights is done here: a panel of weights is turned into fp32, which stays in the cache, and
// multiplied by cblas_sgemm. Everything else goes to the backend's own function. The backend would round the activations to 8 bits instead.
//
// The function's signature belongs to the llama.cpp release that LlamaLibrary pins.
#include "export.h"

#include <dlfcn.h>
#include <immintrin.h>
#include <link.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <vector>

namespace {

// The head of ggml_compute_params: this thread's number and how many there are.
struct Params {
    int ith, nth;
};

// ggml_type_traits, public in ggml.h.
struct TypeTraits {
    const char* name;
    int64_t block_size, block_interleave;
    size_t type_size;
    bool is_quantized;
    void (*to_float)(const void*, float*, int64_t);
    void* from_float;
};

using Sgemm = bool (*)(const Params*, int64_t, int64_t, int64_t, const void*, int64_t, const void*, int64_t, void*, int64_t, int, int, int);
using TraitsOf = const TypeTraits* (*)(int);
using CblasSgemm = void (*)(int, int, int, int, int, int, float, const float*, int, const float*, int, float, float*, int);

constexpr int type_f32 = 0, type_q5_0 = 6;
constexpr int row_major = 101, no_transpose = 111, transpose = 112;
constexpr int64_t least_tokens = 32;          // fewer do not pay for turning the weights into fp32
constexpr int64_t panel_weights = 128 * 1024; // half a megabyte of fp32: half of a second-level cache

Sgemm backend_sgemm;
TraitsOf traits_of;
CblasSgemm sgemm;
int (*max_threads)();
void (*set_threads)(int);
bool has_avx512;
std::atomic<bool> enabled{false};

template <typename F>
void find(void* library, const char* name, F& function) {
    if (library != nullptr) {
        function = reinterpret_cast<F>(dlsym(library, name));
    }
}

int find_ggml(dl_phdr_info* info, size_t, void*) {
    const char* path = info->dlpi_name;
    if (path != nullptr && std::strstr(path, "/libggml-cpu-") != nullptr) {
        find(dlopen(path, RTLD_NOW | RTLD_NOLOAD), "llamafile_sgemm", backend_sgemm);
    } else if (path != nullptr && std::strstr(path, "/libggml-base.so") != nullptr) {
        find(dlopen(path, RTLD_NOW | RTLD_NOLOAD), "ggml_get_type_traits", traits_of);
    }
    return 0;
}

// ggml's block_q5_0: 32 weights of 5 bits, d * (q - 16). ggml's own loop is compiled for the oldest processors.
struct BlockQ5 {
    uint16_t d;
    uint8_t fifth_bits[4];
    uint8_t nibbles[16];
};

__attribute__((target("avx512f,avx512bw,avx512vl,f16c"))) void q5_to_float(const void* source, float* target, int64_t count) {
    const __m128i low = _mm_set1_epi8(15), sixteen = _mm_set1_epi8(16);
    auto block = static_cast<const BlockQ5*>(source);
    for (const float* end = target + count; target < end; block++, target += 32) {
        uint32_t fifth;
        std::memcpy(&fifth, block->fifth_bits, sizeof fifth);
        const __m512 d = _mm512_set1_ps(_cvtsh_ss(block->d));
        const __m128i nibbles = _mm_loadu_si128(reinterpret_cast<const __m128i*>(block->nibbles));
        __m128i first = _mm_and_si128(nibbles, low), second = _mm_and_si128(_mm_srli_epi16(nibbles, 4), low);
        first = _mm_mask_sub_epi8(first, static_cast<__mmask16>(~fifth), first, sixteen);
        second = _mm_mask_sub_epi8(second, static_cast<__mmask16>(~fifth >> 16), second, sixteen);
        _mm512_storeu_ps(target, _mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(first)), d));
        _mm512_storeu_ps(target + 16, _mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(second)), d));
    }
}

}  // namespace

// Makes this library's symbols global. To be called before libllama's backends are loaded.
L2C_API void l2c_products_join() {
    Dl_info self;
    if (dladdr(reinterpret_cast<void*>(&l2c_products_join), &self) != 0) {
        dlopen(self.dli_fname, RTLD_NOW | RTLD_GLOBAL | RTLD_NOLOAD);
    }
}

// Finds what products are made of, and from then on makes them. To be called once after the backends are loaded; 0: something is missing, and
// nothing is done here.
L2C_API int l2c_products_start() {
    dl_iterate_phdr(find_ggml, nullptr);
    void* openblas = dlopen(LLM2CLIP_OPENBLAS, RTLD_NOW | RTLD_LOCAL);
    find(openblas, "cblas_sgemm", sgemm);
    find(openblas, "omp_get_max_threads", max_threads); // of the OpenMP that this OpenBLAS was linked with
    find(openblas, "omp_set_num_threads", set_threads);
    has_avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
    enabled = backend_sgemm != nullptr && traits_of != nullptr && sgemm != nullptr && max_threads != nullptr && set_threads != nullptr;
    return enabled ? 1 : 0;
}

// 0: everything is left to the backend. Not to be called during a decode: all threads of a product have to take the same way.
L2C_API void l2c_products_enable(int on) { enabled = on != 0; }

// C (n x m) = B (n x k) times the transpose of A (m x k), rows of A divided among the threads. k and lda count blocks of A's type.
L2C_API bool llamafile_sgemm(const Params* params, int64_t m, int64_t n, int64_t k, const void* A, int64_t lda, const void* B, int64_t ldb,
                             void* C, int64_t ldc, int a_type, int b_type, int c_type) {
    const bool ours = enabled && n >= least_tokens && b_type == type_f32 && c_type == type_f32 && a_type != type_f32;
    const TypeTraits* traits = ours ? traits_of(a_type) : nullptr;
    if (traits == nullptr || traits->to_float == nullptr) {
        return backend_sgemm != nullptr && backend_sgemm(params, m, n, k, A, lda, B, ldb, C, ldc, a_type, b_type, c_type);
    }
    const auto to_float = a_type == type_q5_0 && has_avx512 ? q5_to_float : traits->to_float;
    const int64_t width = k * traits->block_size, share = (m + params->nth - 1) / params->nth;
    const int64_t begin = params->ith * share, end = std::min(m, begin + share);
    const int64_t rows = std::clamp<int64_t>(panel_weights / width, 16, 256);
    thread_local std::vector<float> panel;
    panel.resize(rows * width);
    // The backend's threads are not OpenMP's: each would start a team of its own. The setting is this thread's alone.
    const int threads = max_threads();
    set_threads(1);
    for (int64_t first = begin; first < end; first += rows) {
        const int64_t count = std::min(rows, end - first);
        for (int64_t row = 0; row < count; row++) {
            to_float(static_cast<const char*>(A) + (first + row) * lda * traits->type_size, panel.data() + row * width, width);
        }
        sgemm(row_major, no_transpose, transpose, n, count, width, 1.0f, static_cast<const float*>(B), ldb, panel.data(), width, 0.0f,
              static_cast<float*>(C) + first, ldc);
    }
    set_threads(threads);
    return true;
}
