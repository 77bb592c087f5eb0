// Life of tensors, their properties, creation, random numbers, devices, autograd. Signatures mirror TorchSharp/Native/Core.cs.
#include "bridge.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>

#include <malloc.h>
#include <cstdlib>
#include <cstring>
#include <thread>

using namespace l2c;

namespace l2c {
std::atomic<int64_t> live_tensors{0};
static thread_local std::string last_error;

void set_error(std::exception_ptr error) noexcept {
    try {
        std::rethrow_exception(error);
    } catch (const c10::Error& e) {
        last_error = e.what_without_backtrace();
    } catch (const std::exception& e) {
        last_error = e.what();
    } catch (...) {
        last_error = "an unknown native exception";
    }
}

std::vector<Tensor> tensors(const Tensor* const* handles, int64_t length) {
    std::vector<Tensor> result;
    result.reserve(length);
    for (int64_t i = 0; i < length; i++) {
        TORCH_CHECK(handles[i] != nullptr, "tensor ", i, " of the list is null");
        result.push_back(*handles[i]);
    }
    return result;
}
}  // namespace l2c

// Once at start: thread count (libtorch starts with 1 in containers) and an allocator that keeps its pages, since glibc gives
// the memory of every freed activation back to the kernel and faults it in again at the next step.
L2C_API int32_t l2c_init(int32_t threads) {
    return run([&] {
#ifdef __GLIBC__
        mallopt(M_MMAP_THRESHOLD, 32 << 20);
        mallopt(M_TRIM_THRESHOLD, INT32_MAX);
        mallopt(M_TOP_PAD, 16 << 20);
#endif
        at::set_num_threads(threads > 0 ? threads : static_cast<int>(std::thread::hardware_concurrency()));
    });
}
L2C_API const char* l2c_last_error() { return last_error.c_str(); }
L2C_API int64_t l2c_live_tensors() { return live_tensors.load(std::memory_order_relaxed); }
L2C_API void l2c_free(Tensor* self) {
    delete self;
    live_tensors.fetch_sub(1, std::memory_order_relaxed);
}
L2C_API int64_t l2c_list_length(const List* list) { return static_cast<int64_t>(list->size()); }
L2C_API Tensor* l2c_list_get(const List* list, int64_t index) { return (*list)[index]; }
L2C_API void l2c_list_free(List* list) { delete list; }

// Properties.
L2C_API int64_t l2c_dim(In self) { return self.handle->dim(); }
L2C_API int64_t l2c_numel(In self) { return self.handle->numel(); }
L2C_API int32_t l2c_dtype(In self) { return static_cast<int32_t>(self.handle->scalar_type()); }
L2C_API int32_t l2c_device_type(In self) { return static_cast<int32_t>(self.handle->device().type()); }
L2C_API int32_t l2c_device_index(In self) { return self.handle->device().index(); }
L2C_API int64_t l2c_element_size(In self) { return self.handle->element_size(); }
L2C_API int32_t l2c_sizes(In self, int64_t* out) { return run([&] { auto s = self->sizes(); std::copy(s.begin(), s.end(), out); }); }
L2C_API int32_t l2c_strides(In self, int64_t* out) { return run([&] { auto s = self->strides(); std::copy(s.begin(), s.end(), out); }); }
L2C_API int64_t l2c_storage_offset(In self) { return self.handle->storage_offset(); }
L2C_API bool l2c_is_contiguous(In self) { return self.handle->is_contiguous(); }
L2C_API bool l2c_is_leaf(In self) { return self.handle->is_leaf(); }
L2C_API bool l2c_is_sparse(In self) { return self.handle->is_sparse(); }
L2C_API int32_t l2c_is_pinned(In self, int32_t* result) { return run([&] { *result = self->is_pinned(); }); }
L2C_API Tensor* l2c_pin_memory(In self) { return make([&] { return self->pin_memory(); }); }
L2C_API void* l2c_data_ptr(In self) { return self.handle->data_ptr(); }
L2C_API int32_t l2c_item(In self, Number* out) {
    return run([&] {
        const auto value = self->item();
        if (value.isBoolean()) *out = Number{3, value.toBool(), 0, 0};
        else if (value.isIntegral(false)) *out = Number{1, value.toLong(), 0, 0};
        else if (value.isComplex()) *out = Number{4, 0, value.toComplexDouble().real(), value.toComplexDouble().imag()};
        else *out = Number{2, 0, value.toDouble(), 0};
    });
}
// A string for people: torch's own print of the tensor, to be freed with l2c_free_text.
L2C_API char* l2c_print(In self) {
    char* text = nullptr;
    run([&] {
        std::ostringstream stream;
        stream << self.get();
        text = strdup(stream.str().c_str());
    });
    return text;
}
L2C_API void l2c_free_text(char* text) { free(text); }

// Creation.
L2C_API Tensor* l2c_empty(const int64_t* size, int64_t size_length, int32_t dtype, int32_t device, int32_t index) { return make([&] { return at::empty(ints(size, size_length), options_of(dtype, device, index)); }); }
L2C_API Tensor* l2c_zeros(const int64_t* size, int64_t size_length, int32_t dtype, int32_t device, int32_t index) { return make([&] { return at::zeros(ints(size, size_length), options_of(dtype, device, index)); }); }
L2C_API Tensor* l2c_ones(const int64_t* size, int64_t size_length, int32_t dtype, int32_t device, int32_t index) { return make([&] { return at::ones(ints(size, size_length), options_of(dtype, device, index)); }); }
L2C_API Tensor* l2c_full(const int64_t* size, int64_t size_length, Number value, int32_t dtype, int32_t device, int32_t index) { return make([&] { return at::full(ints(size, size_length), value, options_of(dtype, device, index)); }); }
L2C_API Tensor* l2c_empty_strided(const int64_t* size, int64_t size_length, const int64_t* strides, int64_t strides_length, int32_t dtype, int32_t device, int32_t index) {
    return make([&] { return at::empty_strided(ints(size, size_length), ints(strides, strides_length), options_of(dtype, device, index)); });
}
L2C_API Tensor* l2c_eye(int64_t rows, int64_t columns, int32_t dtype, int32_t device, int32_t index) { return make([&] { return at::eye(rows, columns, options_of(dtype, device, index)); }); }
L2C_API Tensor* l2c_arange(Number start, Number stop, Number step, int32_t dtype, int32_t device, int32_t index) {
    return make([&] {
        auto options = at::TensorOptions().device(device_of(device, index));
        return at::arange(start, stop, step, dtype < 0 ? options : options.dtype(dtype_of(dtype)));
    });
}
L2C_API Tensor* l2c_linspace(double start, double end, int64_t steps, int32_t dtype, int32_t device, int32_t index) { return make([&] { return at::linspace(start, end, steps, options_of(dtype, device, index)); }); }
L2C_API Tensor* l2c_logspace(double start, double end, int64_t steps, double base, int32_t dtype, int32_t device, int32_t index) { return make([&] { return at::logspace(start, end, steps, base, options_of(dtype, device, index)); }); }
L2C_API Tensor* l2c_rand(const int64_t* size, int64_t size_length, at::Generator* generator, int32_t dtype, int32_t device, int32_t index) {
    return make([&] { return at::rand(ints(size, size_length), optional_generator(generator), options_of(dtype, device, index)); });
}
L2C_API Tensor* l2c_randn(const int64_t* size, int64_t size_length, at::Generator* generator, int32_t dtype, int32_t device, int32_t index) {
    return make([&] { return at::randn(ints(size, size_length), optional_generator(generator), options_of(dtype, device, index)); });
}
L2C_API Tensor* l2c_randint(int64_t low, int64_t high, const int64_t* size, int64_t size_length, at::Generator* generator, int32_t dtype, int32_t device, int32_t index) {
    return make([&] { return at::randint(low, high, ints(size, size_length), optional_generator(generator), options_of(dtype, device, index)); });
}
L2C_API Tensor* l2c_randperm(int64_t n, at::Generator* generator, int32_t dtype, int32_t device, int32_t index) {
    return make([&] { return at::randperm(n, optional_generator(generator), options_of(dtype, device, index)); });
}
L2C_API Tensor* l2c_complex(In real, In imaginary) { return make([&] { return at::complex(real, imaginary); }); }
// A CPU tensor with a copy of the given bytes.
L2C_API Tensor* l2c_from_bytes(const void* data, int64_t bytes, const int64_t* size, int64_t size_length, int32_t dtype) {
    return make([&] {
        auto result = at::empty(ints(size, size_length), at::TensorOptions().dtype(dtype_of(dtype)));
        TORCH_CHECK(static_cast<int64_t>(result.nbytes()) == bytes, "the array holds ", bytes, " bytes, the shape ", ints(size, size_length), " needs ", result.nbytes());
        if (bytes > 0) std::memcpy(result.data_ptr(), data, bytes);
        return result;
    });
}

// Random fills.
L2C_API int32_t l2c_uniform_(In self, double from, double to, at::Generator* generator) { return run([&] { self->uniform_(from, to, optional_generator(generator)); }); }
L2C_API int32_t l2c_normal_(In self, double mean, double std, at::Generator* generator) { return run([&] { self->normal_(mean, std, optional_generator(generator)); }); }
L2C_API int32_t l2c_bernoulli_(In self, double p, at::Generator* generator) { return run([&] { self->bernoulli_(p, optional_generator(generator)); }); }
L2C_API int32_t l2c_bernoulli_tensor_(In self, In p, at::Generator* generator) { return run([&] { self->bernoulli_(p.get(), optional_generator(generator)); }); }
L2C_API Tensor* l2c_bernoulli(In self, at::Generator* generator) { return make([&] { return at::bernoulli(self, optional_generator(generator)); }); }
L2C_API int32_t l2c_exponential_(In self, double lambda, at::Generator* generator) { return run([&] { self->exponential_(lambda, optional_generator(generator)); }); }
L2C_API int32_t l2c_random_(In self, int64_t from, int64_t to, at::Generator* generator) { return run([&] { self->random_(from, to, optional_generator(generator)); }); }
L2C_API Tensor* l2c_multinomial(In self, int64_t samples, bool replacement, at::Generator* generator) { return make([&] { return at::multinomial(self, samples, replacement, optional_generator(generator)); }); }

// Conversion. dtype -1 and device -1 keep what the tensor has.
L2C_API Tensor* l2c_to(In self, int32_t dtype, int32_t device, int32_t index, bool copy, bool non_blocking) {
    return make([&] {
        auto target = device < 0 ? self->device() : device_of(device, index);
        return self->to(target, dtype < 0 ? self->scalar_type() : dtype_of(dtype), non_blocking, copy);
    });
}

// Generators.
L2C_API at::Generator* l2c_generator_new(uint64_t seed, int32_t device, int32_t index) {
    at::Generator* result = nullptr;
    run([&] {
        auto generator = device == static_cast<int32_t>(at::kCPU)
            ? at::Generator(at::detail::createCPUGenerator(seed))
            : at::globalContext().defaultGenerator(device_of(device, index)).clone();
        generator.set_current_seed(seed);
        result = new at::Generator(generator);
    });
    return result;
}
L2C_API at::Generator* l2c_generator_default() {
    at::Generator* result = nullptr;
    run([&] { result = new at::Generator(at::detail::getDefaultCPUGenerator()); });
    return result;
}
L2C_API void l2c_generator_free(at::Generator* generator) { delete generator; }
L2C_API int32_t l2c_generator_seed_set(at::Generator* generator, uint64_t seed) {
    return run([&] {
        std::lock_guard<std::mutex> lock(generator->mutex());
        generator->set_current_seed(seed);
    });
}
L2C_API uint64_t l2c_generator_initial_seed(at::Generator* generator) { return generator->current_seed(); }
L2C_API uint64_t l2c_generator_seed(at::Generator* generator) {
    std::lock_guard<std::mutex> lock(generator->mutex());
    return generator->seed();
}
L2C_API Tensor* l2c_generator_get_state(at::Generator* generator) {
    return make([&] {
        std::lock_guard<std::mutex> lock(generator->mutex());
        return generator->get_state();
    });
}
L2C_API int32_t l2c_generator_set_state(at::Generator* generator, In state) {
    return run([&] {
        std::lock_guard<std::mutex> lock(generator->mutex());
        generator->set_state(state);
    });
}
// Seeds the default generators of the CPU and of every GPU.
L2C_API int32_t l2c_manual_seed(uint64_t seed) { return run([&] { at::manual_seed(seed); }); }

// Threads and devices.
L2C_API int32_t l2c_set_num_threads(int32_t threads) { return run([&] { at::set_num_threads(threads); }); }
L2C_API int32_t l2c_get_num_threads() { return at::get_num_threads(); }
L2C_API bool l2c_cuda_is_available() { return at::hasCUDA(); }
L2C_API bool l2c_cudnn_is_available() { return at::hasCUDA() && at::globalContext().hasCuDNN(); }
L2C_API int32_t l2c_cuda_device_count() { return static_cast<int32_t>(at::getNumGPUs()); }
L2C_API int32_t l2c_cuda_synchronize(int32_t index) { return run([&] { at::detail::getCUDAHooks().deviceSynchronize(static_cast<at::DeviceIndex>(index)); }); }
L2C_API void l2c_set_deterministic(bool mode, bool warn_only) { at::globalContext().setDeterministicAlgorithms(mode, warn_only); }
L2C_API bool l2c_get_deterministic() { return at::globalContext().deterministicAlgorithms(); }
L2C_API void l2c_set_allow_tf32(bool matmul, bool value) {
    if (matmul) at::globalContext().setAllowTF32CuBLAS(value);
    else at::globalContext().setAllowTF32CuDNN(value);
}
L2C_API bool l2c_get_allow_tf32(bool matmul) { return matmul ? at::globalContext().allowTF32CuBLAS() : at::globalContext().allowTF32CuDNN(); }

// Autograd.
L2C_API bool l2c_grad_enabled() { return at::GradMode::is_enabled(); }
L2C_API void l2c_set_grad_enabled(bool enabled) { at::GradMode::set_enabled(enabled); }
L2C_API c10::InferenceMode* l2c_inference_mode_enter(bool enabled) { return new c10::InferenceMode(enabled); }
L2C_API void l2c_inference_mode_leave(c10::InferenceMode* guard) { delete guard; }
L2C_API bool l2c_inference_mode_enabled() { return c10::InferenceMode::is_enabled(); }
L2C_API bool l2c_requires_grad(In self) { return self.handle->requires_grad(); }
L2C_API int32_t l2c_set_requires_grad(In self, bool value) { return run([&] { self->set_requires_grad(value); }); }
L2C_API int32_t l2c_retain_grad(In self) { return run([&] { self->retain_grad(); }); }
L2C_API int32_t l2c_grad(In self, Tensor** out) { return run([&] { *out = own_or_null(self->grad()); }); }
// The gradient's own storage is kept: backward adds into it, so views of one flat buffer can be preset.
L2C_API int32_t l2c_set_grad(In self, Opt grad) {
    return run([&] {
        if (grad.handle) {
            TORCH_CHECK(grad.handle->sizes() == self->sizes(), "grad has shape ", grad.handle->sizes(), ", the tensor ", self->sizes());
            TORCH_CHECK(grad.handle->device() == self->device(), "grad is on ", grad.handle->device(), ", the tensor on ", self->device());
        }
        self->mutable_grad() = grad.or_undefined();
    });
}
static std::vector<Tensor> gradients(const Tensor* const* handles, int64_t length) {
    std::vector<Tensor> result;
    for (int64_t i = 0; i < length; i++) result.push_back(handles[i] ? *handles[i] : Tensor());
    return result;
}
// retain: 0 no, 1 yes, -1 as create_graph.
L2C_API int32_t l2c_backward(const Tensor* const* outputs, int64_t outputs_length, const Tensor* const* grads, int64_t grads_length,
                             int32_t retain, bool create_graph, const Tensor* const* inputs, int64_t inputs_length) {
    return run([&] {
        torch::autograd::backward(tensors(outputs, outputs_length), gradients(grads, grads_length),
                                  retain < 0 ? optional<bool>(none) : optional<bool>(retain != 0), create_graph, tensors(inputs, inputs_length));
    });
}
L2C_API List* l2c_autograd_grad(const Tensor* const* outputs, int64_t outputs_length, const Tensor* const* inputs, int64_t inputs_length,
                                const Tensor* const* grads, int64_t grads_length, int32_t retain, bool create_graph, bool allow_unused) {
    return make_list([&] {
        return torch::autograd::grad(tensors(outputs, outputs_length), tensors(inputs, inputs_length), gradients(grads, grads_length),
                                     retain < 0 ? optional<bool>(none) : optional<bool>(retain != 0), create_graph, allow_unused);
    });
}
