// Elementwise operations and comparisons. Signatures mirror TorchSharp/Native/Pointwise.cs.
#include "bridge.h"

using namespace l2c;

#define UNARY(name) \
    L2C_API Tensor* l2c_##name(In self) { return make([&] { return at::name(self); }); }
#define UNARY_BOTH(name) \
    UNARY(name) \
    L2C_API int32_t l2c_##name##_(In self) { return run([&] { self->name##_(); }); }

UNARY_BOTH(abs)
UNARY_BOTH(acos)
UNARY_BOTH(acosh)
UNARY_BOTH(asin)
UNARY_BOTH(asinh)
UNARY_BOTH(atan)
UNARY_BOTH(atanh)
UNARY_BOTH(bitwise_not)
UNARY_BOTH(ceil)
UNARY_BOTH(cos)
UNARY_BOTH(cosh)
UNARY_BOTH(digamma)
UNARY_BOTH(erf)
UNARY_BOTH(erfc)
UNARY_BOTH(erfinv)
UNARY_BOTH(exp)
UNARY_BOTH(exp2)
UNARY_BOTH(expm1)
UNARY_BOTH(floor)
UNARY_BOTH(frac)
UNARY_BOTH(lgamma)
UNARY_BOTH(log)
UNARY_BOTH(log10)
UNARY_BOTH(log1p)
UNARY_BOTH(log2)
UNARY_BOTH(logical_not)
UNARY_BOTH(neg)
UNARY_BOTH(reciprocal)
UNARY_BOTH(relu)
UNARY_BOTH(rsqrt)
UNARY_BOTH(sigmoid)
UNARY_BOTH(sign)
UNARY_BOTH(sin)
UNARY_BOTH(sinh)
UNARY_BOTH(sqrt)
UNARY_BOTH(tan)
UNARY_BOTH(tanh)
UNARY_BOTH(trunc)
UNARY(isfinite)
UNARY(isinf)
UNARY(isnan)
UNARY(isneginf)
UNARY(isposinf)
UNARY(log_sigmoid)
UNARY(positive)
UNARY(square)
UNARY(silu)
UNARY(selu)
UNARY(relu6)
UNARY(hardswish)
UNARY(hardsigmoid)
L2C_API int32_t l2c_silu_(In self) { return run([&] { Tensor t = self; at::silu_(t); }); }
L2C_API Tensor* l2c_round(In self, int64_t decimals) { return make([&] { return at::round(self, decimals); }); }
L2C_API int32_t l2c_round_(In self, int64_t decimals) { return run([&] { self->round_(decimals); }); }

#define BINARY(name) \
    L2C_API Tensor* l2c_##name(In self, In other) { return make([&] { return at::name(self, other); }); }
#define BINARY_NUMBER(name) \
    L2C_API Tensor* l2c_##name##_number(In self, Number other) { return make([&] { return at::name(self, at::Scalar(other)); }); }
#define BINARY_INPLACE(name) \
    L2C_API int32_t l2c_##name##_(In self, In other) { return run([&] { self->name##_(other); }); }
#define BINARY_NUMBER_INPLACE(name) \
    L2C_API int32_t l2c_##name##_number_(In self, Number other) { return run([&] { self->name##_(at::Scalar(other)); }); }
#define BINARY_ALL(name) BINARY(name) BINARY_NUMBER(name) BINARY_INPLACE(name) BINARY_NUMBER_INPLACE(name)

BINARY_ALL(eq)
BINARY_ALL(ne)
BINARY_ALL(lt)
BINARY_ALL(le)
BINARY_ALL(gt)
BINARY_ALL(ge)
BINARY_ALL(pow)
BINARY_ALL(fmod)
BINARY_ALL(remainder)
BINARY_ALL(floor_divide)
BINARY(maximum)
BINARY(minimum)
BINARY(fmax)
BINARY(fmin)
BINARY(hypot)
BINARY(logaddexp)
BINARY(heaviside)
BINARY(copysign)
BINARY(atan2) BINARY_INPLACE(atan2)
BINARY(logical_and) BINARY_INPLACE(logical_and)
BINARY(logical_or) BINARY_INPLACE(logical_or)
BINARY(logical_xor) BINARY_INPLACE(logical_xor)
BINARY(bitwise_and) BINARY_INPLACE(bitwise_and)
BINARY(bitwise_or) BINARY_INPLACE(bitwise_or)
BINARY(bitwise_xor) BINARY_INPLACE(bitwise_xor)
BINARY(xlogy) BINARY_NUMBER(xlogy)

// add, sub: self + alpha * other
L2C_API Tensor* l2c_add(In self, In other, Number alpha) { return make([&] { return at::add(self, other, alpha); }); }
L2C_API Tensor* l2c_add_number(In self, Number other, Number alpha) { return make([&] { return at::add(self, at::Scalar(other), alpha); }); }
L2C_API int32_t l2c_add_(In self, In other, Number alpha) { return run([&] { self->add_(other, alpha); }); }
L2C_API int32_t l2c_add_number_(In self, Number other, Number alpha) { return run([&] { self->add_(at::Scalar(other), alpha); }); }
L2C_API Tensor* l2c_sub(In self, In other) { return make([&] { return at::sub(self, other); }); }
L2C_API Tensor* l2c_sub_number(In self, Number other) { return make([&] { return at::sub(self, at::Scalar(other)); }); }
L2C_API Tensor* l2c_rsub_number(In self, Number other) { return make([&] { return at::rsub(self, at::Scalar(other)); }); }
L2C_API int32_t l2c_sub_(In self, In other) { return run([&] { self->sub_(other); }); }
L2C_API int32_t l2c_sub_number_(In self, Number other) { return run([&] { self->sub_(at::Scalar(other)); }); }
L2C_API Tensor* l2c_mul(In self, In other) { return make([&] { return at::mul(self, other); }); }
L2C_API Tensor* l2c_mul_number(In self, Number other) { return make([&] { return at::mul(self, at::Scalar(other)); }); }
L2C_API int32_t l2c_mul_(In self, In other) { return run([&] { self->mul_(other); }); }
L2C_API int32_t l2c_mul_number_(In self, Number other) { return run([&] { self->mul_(at::Scalar(other)); }); }
L2C_API Tensor* l2c_div(In self, In other, int32_t mode) {
    return make([&] { return mode == 0 ? at::div(self, other) : at::div(self, other, rounding(mode)); });
}
L2C_API Tensor* l2c_div_number(In self, Number other, int32_t mode) {
    return make([&] { return mode == 0 ? at::div(self, at::Scalar(other)) : at::div(self, at::Scalar(other), rounding(mode)); });
}
L2C_API int32_t l2c_div_(In self, In other, int32_t mode) {
    return run([&] { mode == 0 ? self->div_(other) : self->div_(other, rounding(mode)); });
}
L2C_API int32_t l2c_div_number_(In self, Number other, int32_t mode) {
    return run([&] { mode == 0 ? self->div_(at::Scalar(other)) : self->div_(at::Scalar(other), rounding(mode)); });
}
L2C_API Tensor* l2c_addcmul(In self, In tensor1, In tensor2, Number value) { return make([&] { return at::addcmul(self, tensor1, tensor2, value); }); }
L2C_API int32_t l2c_addcmul_(In self, In tensor1, In tensor2, Number value) { return run([&] { self->addcmul_(tensor1, tensor2, value); }); }
L2C_API Tensor* l2c_addcdiv(In self, In tensor1, In tensor2, Number value) { return make([&] { return at::addcdiv(self, tensor1, tensor2, value); }); }
L2C_API int32_t l2c_addcdiv_(In self, In tensor1, In tensor2, Number value) { return run([&] { self->addcdiv_(tensor1, tensor2, value); }); }
L2C_API Tensor* l2c_lerp(In self, In end, In weight) { return make([&] { return at::lerp(self, end, weight); }); }
L2C_API int32_t l2c_lerp_(In self, In end, In weight) { return run([&] { self->lerp_(end, weight); }); }

L2C_API Tensor* l2c_clamp(In self, Number min, Number max) {
    return make([&] { return at::clamp(self, min.maybe(), max.maybe()); });
}
L2C_API Tensor* l2c_clamp_tensor(In self, Opt min, Opt max) {
    return make([&] { return at::clamp(self, optional<Tensor>(min), optional<Tensor>(max)); });
}
L2C_API int32_t l2c_clamp_(In self, Number min, Number max) {
    return run([&] { self->clamp_(min.maybe(), max.maybe()); });
}
L2C_API int32_t l2c_clamp_tensor_(In self, Opt min, Opt max) {
    return run([&] { self->clamp_(optional<Tensor>(min), optional<Tensor>(max)); });
}
L2C_API Tensor* l2c_nan_to_num(In self, double nan, double posinf, double neginf) {
    return make([&] { return at::nan_to_num(self, nan, optional_double(posinf), optional_double(neginf)); });
}
L2C_API int32_t l2c_nan_to_num_(In self, double nan, double posinf, double neginf) {
    return run([&] { self->nan_to_num_(nan, optional_double(posinf), optional_double(neginf)); });
}
L2C_API Tensor* l2c_where(In condition, In self, In other) { return make([&] { return at::where(condition, self, other); }); }
L2C_API Tensor* l2c_isclose(In self, In other, double rtol, double atol, bool equal_nan) {
    return make([&] { return at::isclose(self, other, rtol, atol, equal_nan); });
}
L2C_API int32_t l2c_allclose(In self, In other, double rtol, double atol, bool equal_nan, int32_t* result) {
    return run([&] { *result = at::allclose(self, other, rtol, atol, equal_nan); });
}
L2C_API int32_t l2c_equal(In self, In other, int32_t* result) { return run([&] { *result = at::equal(self, other); }); }
L2C_API Tensor* l2c_gelu(In self, bool tanh) { return make([&] { return at::gelu(self, tanh ? "tanh" : "none"); }); }
L2C_API Tensor* l2c_leaky_relu(In self, Number slope) { return make([&] { return at::leaky_relu(self, slope); }); }
L2C_API Tensor* l2c_elu(In self, Number alpha, Number scale, Number input_scale) { return make([&] { return at::elu(self, alpha, scale, input_scale); }); }
L2C_API Tensor* l2c_hardtanh(In self, Number min, Number max) { return make([&] { return at::hardtanh(self, min, max); }); }
L2C_API Tensor* l2c_softplus(In self, Number beta, Number threshold) { return make([&] { return at::softplus(self, beta, threshold); }); }
