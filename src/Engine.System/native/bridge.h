// What every entry of the bridge is made of: how tensors, scalars and lists cross the border, and how errors do.
//
// A tensor handle is a heap-allocated at::Tensor that the C# side owns and gives back with l2c_free. An entry never lets a
// C++ exception out: it keeps the text for the calling thread and returns null (tensors) or 1 (everything else).
#pragma once

#include "export.h"

#include <ATen/ATen.h>
#include <torch/version.h>

#include <atomic>
#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <utility>
#include <vector>

// True from the given libtorch release on.
#define L2C_TORCH_FROM(major, minor) \
    (TORCH_VERSION_MAJOR > (major) || (TORCH_VERSION_MAJOR == (major) && TORCH_VERSION_MINOR >= (minor)))

namespace l2c {

using at::Tensor;

// libtorch moved from c10::optional and c10::string_view to the std types by steps, so both are taken from its own signatures.
template <class T> struct Outer;
template <template <class> class O, class T> struct Outer<O<T>> {
    template <class U> using of = O<U>;
};
template <class T> using optional = typename Outer<decltype(std::declval<at::TensorOptions>().device_opt())>::template of<T>;
template <class R, class First, class... Rest> First first_argument(R (*)(First, Rest...));
using text_view = decltype(first_argument(&at::einsum));
#if L2C_TORCH_FROM(2, 4)
constexpr auto none = std::nullopt;
#else
constexpr auto none = c10::nullopt;
#endif

extern std::atomic<int64_t> live_tensors;

void set_error(std::exception_ptr error) noexcept;

// A symbol as libtorch's own reference is bound to it: the first in search order from this library on; null where nobody exports it.
void* symbol(const char* name);

// An argument that must be a tensor. One pointer wide, so that it is passed exactly as the handle is.
struct In {
    const Tensor* handle;
    const Tensor& get() const {
        TORCH_CHECK(handle != nullptr, "a tensor argument is null");
        return *handle;
    }
    operator const Tensor&() const { return get(); }
    const Tensor* operator->() const { return &get(); }
};

// An argument that may be null.
struct Opt {
    const Tensor* handle;
    operator optional<Tensor>() const { return handle ? optional<Tensor>(*handle) : optional<Tensor>(none); }
    Tensor or_undefined() const { return handle ? *handle : Tensor(); }
};

// Mirrors TorchSharp.ScalarValue in C#.
struct Number {
    int64_t kind;  // 0 none, 1 integer, 2 real, 3 bool, 4 complex
    int64_t integer;
    double real;
    double imaginary;
    operator at::Scalar() const {
        switch (kind) {
            case 1: return at::Scalar(integer);
            case 2: return at::Scalar(real);
            case 3: return at::Scalar(integer != 0);
            case 4: return at::Scalar(c10::complex<double>(real, imaginary));
            default: TORCH_CHECK(false, "a scalar argument is null");
        }
    }
    optional<at::Scalar> maybe() const {
        return kind == 0 ? optional<at::Scalar>(none) : optional<at::Scalar>(static_cast<at::Scalar>(*this));
    }
};

// A list of sizes or dimensions; length -1 stands for "none".
inline at::IntArrayRef ints(const int64_t* values, int64_t length) { return at::IntArrayRef(values, length < 0 ? 0 : length); }
inline at::OptionalIntArrayRef optional_ints(const int64_t* values, int64_t length) {
    if (length < 0) return at::OptionalIntArrayRef();
    return at::OptionalIntArrayRef(at::IntArrayRef(values, length));
}
inline optional<at::IntArrayRef> plain_optional_ints(const int64_t* values, int64_t length) {
    if (length < 0) return none;
    return at::IntArrayRef(values, length);
}
inline optional<at::ArrayRef<double>> optional_doubles(const double* values, int64_t length) {
    if (length < 0) return none;
    return at::ArrayRef<double>(values, length);
}

// INT64_MIN stands for "none" in an optional integer, NaN in an optional double, -1 in an optional dtype.
inline optional<int64_t> optional_int(int64_t value) { return value == INT64_MIN ? optional<int64_t>(none) : optional<int64_t>(value); }
inline optional<double> optional_double(double value) { return value != value ? optional<double>(none) : optional<double>(value); }
inline optional<at::ScalarType> optional_dtype(int32_t dtype) {
    return dtype < 0 ? optional<at::ScalarType>(none) : optional<at::ScalarType>(static_cast<at::ScalarType>(dtype));
}
inline at::ScalarType dtype_of(int32_t dtype) { return static_cast<at::ScalarType>(dtype); }
inline at::Device device_of(int32_t type, int32_t index) {
    return at::Device(static_cast<at::DeviceType>(type), static_cast<at::DeviceIndex>(index));
}
inline at::TensorOptions options_of(int32_t dtype, int32_t device_type, int32_t device_index) {
    return at::TensorOptions().dtype(dtype_of(dtype)).device(device_of(device_type, device_index));
}
inline optional<at::Generator> optional_generator(const at::Generator* generator) {
    return generator ? optional<at::Generator>(*generator) : optional<at::Generator>(none);
}
inline optional<text_view> rounding(int32_t mode) {
    if (mode == 1) return text_view("trunc");
    if (mode == 2) return text_view("floor");
    return none;
}
std::vector<Tensor> tensors(const Tensor* const* handles, int64_t length);

inline Tensor* own(Tensor tensor) {
    auto* handle = new Tensor(std::move(tensor));
    live_tensors.fetch_add(1, std::memory_order_relaxed);
    return handle;
}
inline Tensor* own_or_null(const Tensor& tensor) { return tensor.defined() ? own(tensor) : nullptr; }

// Result of an entry that returns one tensor: its handle, or null after an error.
template <class F> Tensor* make(F&& body) noexcept {
    try {
        return own(body());
    } catch (...) {
        set_error(std::current_exception());
        return nullptr;
    }
}

// Result of an entry that returns nothing or writes through pointers: 0, or 1 after an error.
template <class F> int32_t run(F&& body) noexcept {
    try {
        body();
        return 0;
    } catch (...) {
        set_error(std::current_exception());
        return 1;
    }
}

// Results of an entry that returns two or three tensors.
template <class F> int32_t make2(Tensor** out, F&& body) noexcept {
    return run([&] {
        auto result = body();
        out[0] = own(std::get<0>(result));
        out[1] = own(std::get<1>(result));
    });
}
template <class F> int32_t make3(Tensor** out, F&& body) noexcept {
    return run([&] {
        auto result = body();
        out[0] = own(std::get<0>(result));
        out[1] = own(std::get<1>(result));
        out[2] = own(std::get<2>(result));
    });
}

// Result of an entry that returns a list: a vector of handles, read and freed with l2c_list_*.
using List = std::vector<Tensor*>;
template <class F> List* make_list(F&& body) noexcept {
    try {
        std::vector<Tensor> result = body();
        auto* list = new List();
        list->reserve(result.size());
        for (auto& tensor : result) list->push_back(tensor.defined() ? own(std::move(tensor)) : nullptr);
        return list;
    } catch (...) {
        set_error(std::current_exception());
        return nullptr;
    }
}

}  // namespace l2c
