// Beyond the package: the fused optimizer step, deterministic norms and what is known of this build.
// Signatures mirror TorchSharp/Native/Extras.cs.
#include "bridge.h"

#include <ATen/Parallel.h>
#include <ATen/Version.h>

#include <dlfcn.h>
#include <cmath>
#include <cstring>
#include <sstream>

using namespace l2c;

// Mirrors Llm2Clip.Engine.Torch.AdamWSegment in C#: one stretch of the flat buffers with its own rates.
struct Segment {
    int64_t offset, length;
    double lr, weight_decay;
};

namespace {
constexpr int64_t kBlock = 1 << 14;  // floats a task: four buffers of it stay in the second-level cache

// Compiled for AVX-512, AVX2 and the baseline, chosen at load. A whole stretch goes through one loop of one compilation, so that
// a value does not depend on how the buffer is cut.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define L2C_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define L2C_CLONES
#endif

// AdamW on one stretch: p *= 1 - lr*wd, then p -= lr/c1 * m / (sqrt(v/c2) + eps), everything in one pass over memory.
L2C_CLONES void adamw(float* __restrict p, const float* __restrict g, float* __restrict m, float* __restrict v, int64_t n,
                      float decay, float rate, float b1, float b2, float root, float eps, float scale) {
    const float c1 = 1 - b1, c2 = 1 - b2;
    for (int64_t i = 0; i < n; i++) {
        const float grad = g[i] * scale;
        const float mean = m[i] * b1 + grad * c1;
        const float square = v[i] * b2 + grad * grad * c2;
        m[i] = mean;
        v[i] = square;
        p[i] = p[i] * decay - rate * mean / (std::sqrt(square) * root + eps);
    }
}

float* flat(const Tensor& tensor, const char* name) {
    TORCH_CHECK(tensor.device().is_cpu() && tensor.scalar_type() == at::kFloat && tensor.is_contiguous() && tensor.dim() == 1,
                "FusedAdamW: ", name, " must be a contiguous one-dimensional float32 tensor on the CPU");
    return tensor.data_ptr<float>();
}
}  // namespace

L2C_API int32_t l2c_fused_adamw(In param, In grad, In mean, In square, const Segment* segments, int64_t segments_length,
                                double beta1, double beta2, double eps, int64_t step, double grad_scale) {
    return run([&] {
        float *p = flat(param, "param"), *g = flat(grad, "grad"), *m = flat(mean, "m"), *v = flat(square, "v");
        const int64_t total = param->numel();
        TORCH_CHECK(grad->numel() == total && mean->numel() == total && square->numel() == total, "FusedAdamW: the four buffers differ in length");
        TORCH_CHECK(step >= 1, "FusedAdamW: step counts from 1");
        const double correction1 = 1 - std::pow(beta1, static_cast<double>(step)), correction2 = 1 - std::pow(beta2, static_cast<double>(step));
        for (int64_t s = 0; s < segments_length; s++) {
            const auto& segment = segments[s];
            TORCH_CHECK(segment.offset >= 0 && segment.length >= 0 && segment.offset + segment.length <= total, "FusedAdamW: segment ", s, " is outside the buffers");
            const auto decay = static_cast<float>(1 - segment.lr * segment.weight_decay);
            const auto rate = static_cast<float>(segment.lr / correction1), root = static_cast<float>(1 / std::sqrt(correction2));
            at::parallel_for(0, segment.length, kBlock, [&](int64_t begin, int64_t end) {
                const int64_t at = segment.offset + begin;
                adamw(p + at, g + at, m + at, v + at, end - begin, decay, rate, static_cast<float>(beta1), static_cast<float>(beta2), root,
                      static_cast<float>(eps), static_cast<float>(grad_scale));
            });
        }
        // The buffers changed behind autograd's back: graphs that saved them must notice.
        param->unsafeGetTensorImpl()->bump_version();
        mean->unsafeGetTensorImpl()->bump_version();
        square->unsafeGetTensorImpl()->bump_version();
    });
}

// Sum of squares in double. Blocks of fixed size are summed apart and added up in order, so the threads do not change a bit.
L2C_API int32_t l2c_squared_norm(In self, double* out) {
    return run([&] {
        const float* data = flat(self, "the tensor");
        const int64_t n = self->numel(), blocks = (n + kBlock - 1) / kBlock;
        std::vector<double> partial(blocks);
        at::parallel_for(0, blocks, 1, [&](int64_t begin, int64_t end) {
            for (int64_t b = begin; b < end; b++) {
                double lanes[8] = {};
                const float* x = data + b * kBlock;
                const int64_t length = std::min(kBlock, n - b * kBlock), whole = length & ~int64_t{7};
                for (int64_t i = 0; i < whole; i += 8)
                    for (int k = 0; k < 8; k++) lanes[k] += static_cast<double>(x[i + k]) * x[i + k];
                for (int64_t i = whole; i < length; i++) lanes[0] += static_cast<double>(x[i]) * x[i];
                partial[b] = ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) + ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]));
            }
        });
        double sum = 0;
        for (double value : partial) sum += value;
        *out = sum;
    });
}

void* l2c::symbol(const char* name) {
    void* found = dlsym(RTLD_DEFAULT, name);
    Dl_info info{};
    if (!found && dladdr(reinterpret_cast<void*>(&l2c::symbol), &info)) {
        if (void* self = dlopen(info.dli_fname, RTLD_NOLOAD | RTLD_LAZY)) {
            found = dlsym(self, name);
            dlclose(self);
        }
    }
    return found;
}

// "key\tvalue" lines for doctor; freed with l2c_free_text.
L2C_API char* l2c_describe() {
    char* text = nullptr;
    run([&] {
        std::ostringstream out;
        out << "libtorch\t" << TORCH_VERSION << "\n";
        Dl_info info{};
        std::string libtorch_file;
        if (dladdr(reinterpret_cast<void*>(&at::get_num_threads), &info) && info.dli_fname) {
            libtorch_file = info.dli_fname;
            out << "libtorch_file\t" << libtorch_file << "\n";
        }
        for (const char* name : {"sgemm_", "cblas_sgemm", "mkl_serv_get_version"}) {
            void* found = symbol(name);
            if (found && dladdr(found, &info) && info.dli_fname) {
                if (libtorch_file != info.dli_fname) out << "blas_file\t" << info.dli_fname << "\n";
                break;
            }
        }
        std::string config = at::show_config();
        const std::string label = "CPU capability usage: ";
        const auto at = config.find(label);
        out << "cpu_capability\t" << (at == std::string::npos ? "unknown" : config.substr(at + label.size(), config.find('\n', at) - at - label.size())) << "\n";
        out << "threads\t" << at::get_num_threads() << "\n";
        out << "mkldnn\t" << (at::globalContext().hasMKLDNN() ? "yes" : "no") << "\n";
        out << "cuda\t" << (at::hasCUDA() ? "yes" : "no") << "\n";
        out << "cuda_devices\t" << at::getNumGPUs() << "\n";
        config += at::get_parallel_info();
        for (auto& c : config)
            if (c == '\n') c = '\x1f';
        out << "config\t" << config << "\n";
        text = strdup(out.str().c_str());
    });
    return text;
}
