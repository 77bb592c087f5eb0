using static TorchSharp.NativeMethods;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        /// <summary>This plus the other, which alpha multiplies first.</summary>
        public Tensor add(Tensor target) => l2c_add(this, target, Scalar.One);

        /// <summary>This plus the other, which alpha multiplies first.</summary>
        public Tensor add(Scalar scalar) => l2c_add_number(this, scalar, Scalar.One);

        /// <summary>This plus the other, which alpha multiplies first.</summary>
        public Tensor add(Tensor target, Scalar alpha) => l2c_add(this, target, alpha);

        /// <summary>This plus the other, which alpha multiplies first.</summary>
        public Tensor add(Scalar scalar, Scalar alpha) => l2c_add_number(this, scalar, alpha);

        /// <summary>This plus the other, which alpha multiplies first, in place.</summary>
        public Tensor add_(Tensor target) => Changed(l2c_add_(this, target, Scalar.One));

        /// <summary>This plus the other, which alpha multiplies first, in place.</summary>
        public Tensor add_(Scalar scalar) => Changed(l2c_add_number_(this, scalar, Scalar.One));

        /// <summary>This plus the other, which alpha multiplies first, in place.</summary>
        public Tensor add_(Tensor target, Scalar alpha) => Changed(l2c_add_(this, target, alpha));

        /// <summary>This plus the other, which alpha multiplies first, in place.</summary>
        public Tensor add_(Scalar scalar, Scalar alpha) => Changed(l2c_add_number_(this, scalar, alpha));

        /// <summary>This minus the other.</summary>
        public Tensor sub(Tensor target) => l2c_sub(this, target);

        /// <summary>This times the other, elementwise.</summary>
        public Tensor mul(Tensor target) => l2c_mul(this, target);

        /// <summary>This minus the other.</summary>
        public Tensor sub(Scalar target) => l2c_sub_number(this, target);

        /// <summary>This times the other, elementwise.</summary>
        public Tensor mul(Scalar target) => l2c_mul_number(this, target);

        /// <summary>This minus the other, in place.</summary>
        public Tensor sub_(Tensor target) => Changed(l2c_sub_(this, target));

        /// <summary>This times the other, elementwise, in place.</summary>
        public Tensor mul_(Tensor target) => Changed(l2c_mul_(this, target));

        /// <summary>This minus the other, in place.</summary>
        public Tensor sub_(Scalar target) => Changed(l2c_sub_number_(this, target));

        /// <summary>This times the other, elementwise, in place.</summary>
        public Tensor mul_(Scalar target) => Changed(l2c_mul_number_(this, target));

        /// <summary>This minus the other.</summary>
        public Tensor subtract(Scalar target) => sub(target);

        /// <summary>This minus the other.</summary>
        public Tensor subtract(Tensor target) => sub(target);

        /// <summary>This times the other, elementwise.</summary>
        public Tensor multiply(Scalar target) => mul(target);

        /// <summary>This times the other, elementwise.</summary>
        public Tensor multiply(Tensor target) => mul(target);

        /// <summary>This divided by the other, rounded as asked.</summary>
        public Tensor div(Tensor target, RoundingMode rounding_mode = RoundingMode.None) => l2c_div(this, target, (int)rounding_mode);

        /// <summary>This divided by the other, rounded as asked.</summary>
        public Tensor div(Scalar target, RoundingMode rounding_mode = RoundingMode.None) =>
            l2c_div_number(this, target, (int)rounding_mode);

        /// <summary>This divided by the other, rounded as asked, in place.</summary>
        public Tensor div_(Tensor target, RoundingMode rounding_mode = RoundingMode.None) =>
            Changed(l2c_div_(this, target, (int)rounding_mode));

        /// <summary>This divided by the other, rounded as asked, in place.</summary>
        public Tensor div_(Scalar target, RoundingMode rounding_mode = RoundingMode.None) =>
            Changed(l2c_div_number_(this, target, (int)rounding_mode));

        /// <summary>This divided by the other, rounded as asked.</summary>
        public Tensor divide(Scalar target, RoundingMode rounding_mode = RoundingMode.None) => div(target, rounding_mode);

        /// <summary>This divided by the other, rounded as asked.</summary>
        public Tensor divide(Tensor target, RoundingMode rounding_mode = RoundingMode.None) => div(target, rounding_mode);

        /// <summary>Each element to a power.</summary>
        public Tensor pow(Tensor exponent) => l2c_pow(this, exponent);

        /// <summary>Remainder with the sign of the dividend.</summary>
        public Tensor fmod(Tensor target) => l2c_fmod(this, target);

        /// <summary>Remainder with the sign of the divisor.</summary>
        public Tensor remainder(Tensor target) => l2c_remainder(this, target);

        /// <summary>This divided by the other, rounded down.</summary>
        public Tensor floor_divide(Tensor other) => l2c_floor_divide(this, other);

        /// <summary>The larger of two, elementwise; NaN wins.</summary>
        public Tensor maximum(Tensor other) => l2c_maximum(this, other);

        /// <summary>The smaller of two, elementwise; NaN wins.</summary>
        public Tensor minimum(Tensor other) => l2c_minimum(this, other);

        /// <summary>The larger of two, elementwise; NaN loses.</summary>
        public Tensor fmax(Tensor other) => l2c_fmax(this, other);

        /// <summary>The smaller of two, elementwise; NaN loses.</summary>
        public Tensor fmin(Tensor other) => l2c_fmin(this, other);

        /// <summary>Root of the sum of the two squares.</summary>
        public Tensor hypot(Tensor other) => l2c_hypot(this, other);

        /// <summary>log(e^this + e^other).</summary>
        public Tensor logaddexp(Tensor other) => l2c_logaddexp(this, other);

        /// <summary>0 below zero, 1 above, the other's value at zero.</summary>
        public Tensor heaviside(Tensor other) => l2c_heaviside(this, other);

        /// <summary>This with the other's sign.</summary>
        public Tensor copysign(Tensor other) => l2c_copysign(this, other);

        /// <summary>Angle of the point (other, this), elementwise.</summary>
        public Tensor atan2(Tensor other) => l2c_atan2(this, other);

        /// <summary>This times the logarithm of y; 0 where this is 0.</summary>
        public Tensor xlogy(Tensor y) => l2c_xlogy(this, y);

        /// <summary>Each element to a power.</summary>
        public Tensor pow(Scalar exponent) => l2c_pow_number(this, exponent);

        /// <summary>Remainder with the sign of the dividend.</summary>
        public Tensor fmod(Scalar scalar) => l2c_fmod_number(this, scalar);

        /// <summary>Remainder with the sign of the divisor.</summary>
        public Tensor remainder(Scalar scalar) => l2c_remainder_number(this, scalar);

        /// <summary>This divided by the other, rounded down.</summary>
        public Tensor floor_divide(Scalar other) => l2c_floor_divide_number(this, other);

        /// <summary>This times the logarithm of y; 0 where this is 0.</summary>
        public Tensor xlogy(Scalar y) => l2c_xlogy_number(this, y);

        /// <summary>Each element to a power, in place.</summary>
        public Tensor pow_(Tensor exponent) => Changed(l2c_pow_(this, exponent));

        /// <summary>Remainder with the sign of the dividend, in place.</summary>
        public Tensor fmod_(Tensor target) => Changed(l2c_fmod_(this, target));

        /// <summary>Remainder with the sign of the divisor, in place.</summary>
        public Tensor remainder_(Tensor target) => Changed(l2c_remainder_(this, target));

        /// <summary>This divided by the other, rounded down, in place.</summary>
        public Tensor floor_divide_(Tensor other) => Changed(l2c_floor_divide_(this, other));

        /// <summary>Angle of the point (other, this), elementwise, in place.</summary>
        public Tensor atan2_(Tensor other) => Changed(l2c_atan2_(this, other));

        /// <summary>Each element to a power, in place.</summary>
        public Tensor pow_(Scalar exponent) => Changed(l2c_pow_number_(this, exponent));

        /// <summary>Remainder with the sign of the dividend, in place.</summary>
        public Tensor fmod_(Scalar scalar) => Changed(l2c_fmod_number_(this, scalar));

        /// <summary>Remainder with the sign of the divisor, in place.</summary>
        public Tensor remainder_(Scalar scalar) => Changed(l2c_remainder_number_(this, scalar));

        /// <summary>This divided by the other, rounded down, in place.</summary>
        public Tensor floor_divide_(Scalar other) => Changed(l2c_floor_divide_number_(this, other));

        /// <summary>This plus value times tensor1 times tensor2.</summary>
        public Tensor addcmul(Tensor tensor1, Tensor tensor2, Scalar value) => l2c_addcmul(this, tensor1, tensor2, value);

        /// <summary>This plus value times tensor1 times tensor2, in place.</summary>
        public Tensor addcmul_(Tensor tensor1, Tensor tensor2, Scalar value) => Changed(l2c_addcmul_(this, tensor1, tensor2, value));

        /// <summary>This plus value times tensor1 over tensor2.</summary>
        public Tensor addcdiv(Tensor tensor1, Tensor tensor2, Scalar value) => l2c_addcdiv(this, tensor1, tensor2, value);

        /// <summary>This plus value times tensor1 over tensor2, in place.</summary>
        public Tensor addcdiv_(Tensor tensor1, Tensor tensor2, Scalar value) => Changed(l2c_addcdiv_(this, tensor1, tensor2, value));

        /// <summary>This plus value times tensor1 over tensor2.</summary>
        public Tensor addcdiv(Tensor tensor1, Tensor tensor2) => l2c_addcdiv(this, tensor1, tensor2, Scalar.One);

        /// <summary>This plus value times tensor1 over tensor2, in place.</summary>
        public Tensor addcdiv_(Tensor tensor1, Tensor tensor2) => Changed(l2c_addcdiv_(this, tensor1, tensor2, Scalar.One));

        /// <summary>This plus weight times (end minus this).</summary>
        public Tensor lerp(Tensor end, Tensor weight) => l2c_lerp(this, end, weight);

        /// <summary>This plus weight times (end minus this), in place.</summary>
        public Tensor lerp_(Tensor end, Tensor weight) => Changed(l2c_lerp_(this, end, weight));
    }
}
