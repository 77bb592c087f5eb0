using static TorchSharp.NativeMethods;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        /// <summary>Absolute value of each element.</summary>
        public Tensor abs() => l2c_abs(this);

        /// <summary>Absolute value of each element, in place.</summary>
        public Tensor abs_() => Changed(l2c_abs_(this));

        /// <summary>Arc cosine of each element.</summary>
        public Tensor acos() => l2c_acos(this);

        /// <summary>Arc cosine of each element, in place.</summary>
        public Tensor acos_() => Changed(l2c_acos_(this));

        /// <summary>Inverse hyperbolic cosine of each element.</summary>
        public Tensor acosh() => l2c_acosh(this);

        /// <summary>Inverse hyperbolic cosine of each element, in place.</summary>
        public Tensor acosh_() => Changed(l2c_acosh_(this));

        /// <summary>Arc sine of each element.</summary>
        public Tensor asin() => l2c_asin(this);

        /// <summary>Arc sine of each element, in place.</summary>
        public Tensor asin_() => Changed(l2c_asin_(this));

        /// <summary>Inverse hyperbolic sine of each element.</summary>
        public Tensor asinh() => l2c_asinh(this);

        /// <summary>Inverse hyperbolic sine of each element, in place.</summary>
        public Tensor asinh_() => Changed(l2c_asinh_(this));

        /// <summary>Arc tangent of each element.</summary>
        public Tensor atan() => l2c_atan(this);

        /// <summary>Arc tangent of each element, in place.</summary>
        public Tensor atan_() => Changed(l2c_atan_(this));

        /// <summary>Inverse hyperbolic tangent of each element.</summary>
        public Tensor atanh() => l2c_atanh(this);

        /// <summary>Inverse hyperbolic tangent of each element, in place.</summary>
        public Tensor atanh_() => Changed(l2c_atanh_(this));

        /// <summary>Bits (or truth) of each element reversed.</summary>
        public Tensor bitwise_not() => l2c_bitwise_not(this);

        /// <summary>Bits (or truth) of each element reversed, in place.</summary>
        public Tensor bitwise_not_() => Changed(l2c_bitwise_not_(this));

        /// <summary>Each element rounded up.</summary>
        public Tensor ceil() => l2c_ceil(this);

        /// <summary>Each element rounded up, in place.</summary>
        public Tensor ceil_() => Changed(l2c_ceil_(this));

        /// <summary>Cosine of each element.</summary>
        public Tensor cos() => l2c_cos(this);

        /// <summary>Cosine of each element, in place.</summary>
        public Tensor cos_() => Changed(l2c_cos_(this));

        /// <summary>Hyperbolic cosine of each element.</summary>
        public Tensor cosh() => l2c_cosh(this);

        /// <summary>Hyperbolic cosine of each element, in place.</summary>
        public Tensor cosh_() => Changed(l2c_cosh_(this));

        /// <summary>Logarithmic derivative of the gamma function of each element.</summary>
        public Tensor digamma() => l2c_digamma(this);

        /// <summary>Logarithmic derivative of the gamma function of each element, in place.</summary>
        public Tensor digamma_() => Changed(l2c_digamma_(this));

        /// <summary>Error function of each element.</summary>
        public Tensor erf() => l2c_erf(this);

        /// <summary>Error function of each element, in place.</summary>
        public Tensor erf_() => Changed(l2c_erf_(this));

        /// <summary>One minus the error function of each element.</summary>
        public Tensor erfc() => l2c_erfc(this);

        /// <summary>One minus the error function of each element, in place.</summary>
        public Tensor erfc_() => Changed(l2c_erfc_(this));

        /// <summary>Inverse error function of each element.</summary>
        public Tensor erfinv() => l2c_erfinv(this);

        /// <summary>Inverse error function of each element, in place.</summary>
        public Tensor erfinv_() => Changed(l2c_erfinv_(this));

        /// <summary>e to the power of each element.</summary>
        public Tensor exp() => l2c_exp(this);

        /// <summary>e to the power of each element, in place.</summary>
        public Tensor exp_() => Changed(l2c_exp_(this));

        /// <summary>2 to the power of each element.</summary>
        public Tensor exp2() => l2c_exp2(this);

        /// <summary>2 to the power of each element, in place.</summary>
        public Tensor exp2_() => Changed(l2c_exp2_(this));

        /// <summary>e to the power of each element, minus one.</summary>
        public Tensor expm1() => l2c_expm1(this);

        /// <summary>e to the power of each element, minus one, in place.</summary>
        public Tensor expm1_() => Changed(l2c_expm1_(this));

        /// <summary>Each element rounded down.</summary>
        public Tensor floor() => l2c_floor(this);

        /// <summary>Each element rounded down, in place.</summary>
        public Tensor floor_() => Changed(l2c_floor_(this));

        /// <summary>Fractional part of each element.</summary>
        public Tensor frac() => l2c_frac(this);

        /// <summary>Fractional part of each element, in place.</summary>
        public Tensor frac_() => Changed(l2c_frac_(this));

        /// <summary>Logarithm of the absolute value of the gamma function of each element.</summary>
        public Tensor lgamma() => l2c_lgamma(this);

        /// <summary>Logarithm of the absolute value of the gamma function of each element, in place.</summary>
        public Tensor lgamma_() => Changed(l2c_lgamma_(this));

        /// <summary>Natural logarithm of each element.</summary>
        public Tensor log() => l2c_log(this);

        /// <summary>Natural logarithm of each element, in place.</summary>
        public Tensor log_() => Changed(l2c_log_(this));

        /// <summary>Decimal logarithm of each element.</summary>
        public Tensor log10() => l2c_log10(this);

        /// <summary>Decimal logarithm of each element, in place.</summary>
        public Tensor log10_() => Changed(l2c_log10_(this));

        /// <summary>Natural logarithm of one plus each element.</summary>
        public Tensor log1p() => l2c_log1p(this);

        /// <summary>Natural logarithm of one plus each element, in place.</summary>
        public Tensor log1p_() => Changed(l2c_log1p_(this));

        /// <summary>Binary logarithm of each element.</summary>
        public Tensor log2() => l2c_log2(this);

        /// <summary>Binary logarithm of each element, in place.</summary>
        public Tensor log2_() => Changed(l2c_log2_(this));

        /// <summary>Whether each element is zero.</summary>
        public Tensor logical_not() => l2c_logical_not(this);

        /// <summary>Whether each element is zero, in place.</summary>
        public Tensor logical_not_() => Changed(l2c_logical_not_(this));

        /// <summary>Each element negated.</summary>
        public Tensor neg() => l2c_neg(this);

        /// <summary>Each element negated, in place.</summary>
        public Tensor neg_() => Changed(l2c_neg_(this));

        /// <summary>One divided by each element.</summary>
        public Tensor reciprocal() => l2c_reciprocal(this);

        /// <summary>One divided by each element, in place.</summary>
        public Tensor reciprocal_() => Changed(l2c_reciprocal_(this));

        /// <summary>max(x, 0).</summary>
        public Tensor relu() => l2c_relu(this);

        /// <summary>max(x, 0), in place.</summary>
        public Tensor relu_() => Changed(l2c_relu_(this));

        /// <summary>One divided by the square root of each element.</summary>
        public Tensor rsqrt() => l2c_rsqrt(this);

        /// <summary>One divided by the square root of each element, in place.</summary>
        public Tensor rsqrt_() => Changed(l2c_rsqrt_(this));

        /// <summary>1 / (1 + e^-x).</summary>
        public Tensor sigmoid() => l2c_sigmoid(this);

        /// <summary>1 / (1 + e^-x), in place.</summary>
        public Tensor sigmoid_() => Changed(l2c_sigmoid_(this));

        /// <summary>-1, 0 or 1 by the sign of each element.</summary>
        public Tensor sign() => l2c_sign(this);

        /// <summary>-1, 0 or 1 by the sign of each element, in place.</summary>
        public Tensor sign_() => Changed(l2c_sign_(this));

        /// <summary>Sine of each element.</summary>
        public Tensor sin() => l2c_sin(this);

        /// <summary>Sine of each element, in place.</summary>
        public Tensor sin_() => Changed(l2c_sin_(this));

        /// <summary>Hyperbolic sine of each element.</summary>
        public Tensor sinh() => l2c_sinh(this);

        /// <summary>Hyperbolic sine of each element, in place.</summary>
        public Tensor sinh_() => Changed(l2c_sinh_(this));

        /// <summary>Square root of each element.</summary>
        public Tensor sqrt() => l2c_sqrt(this);

        /// <summary>Square root of each element, in place.</summary>
        public Tensor sqrt_() => Changed(l2c_sqrt_(this));

        /// <summary>Tangent of each element.</summary>
        public Tensor tan() => l2c_tan(this);

        /// <summary>Tangent of each element, in place.</summary>
        public Tensor tan_() => Changed(l2c_tan_(this));

        /// <summary>Hyperbolic tangent of each element.</summary>
        public Tensor tanh() => l2c_tanh(this);

        /// <summary>Hyperbolic tangent of each element, in place.</summary>
        public Tensor tanh_() => Changed(l2c_tanh_(this));

        /// <summary>Each element rounded towards zero.</summary>
        public Tensor trunc() => l2c_trunc(this);

        /// <summary>Each element rounded towards zero, in place.</summary>
        public Tensor trunc_() => Changed(l2c_trunc_(this));

        /// <summary>x times the sigmoid of x.</summary>
        public Tensor silu() => l2c_silu(this);

        /// <summary>x times the sigmoid of x, in place.</summary>
        public Tensor silu_() => Changed(l2c_silu_(this));

        /// <summary>Whether each element is neither infinite nor NaN.</summary>
        public Tensor isfinite() => l2c_isfinite(this);

        /// <summary>Whether each element is infinite.</summary>
        public Tensor isinf() => l2c_isinf(this);

        /// <summary>Whether each element is NaN.</summary>
        public Tensor isnan() => l2c_isnan(this);

        /// <summary>Whether each element is minus infinity.</summary>
        public Tensor isneginf() => l2c_isneginf(this);

        /// <summary>Whether each element is plus infinity.</summary>
        public Tensor isposinf() => l2c_isposinf(this);

        /// <summary>Logarithm of the sigmoid.</summary>
        public Tensor log_sigmoid() => l2c_log_sigmoid(this);

        /// <summary>The tensor itself.</summary>
        public Tensor positive() => l2c_positive(this);

        /// <summary>Square of each element.</summary>
        public Tensor square() => l2c_square(this);

        /// <summary>Scaled exponential linear unit (arXiv 1706.02515).</summary>
        public Tensor selu() => l2c_selu(this);

        /// <summary>min(max(x, 0), 6).</summary>
        public Tensor relu6() => l2c_relu6(this);

        /// <summary>x times min(max(x + 3, 0), 6) / 6.</summary>
        public Tensor hardswish() => l2c_hardswish(this);

        /// <summary>min(max(x + 3, 0), 6) / 6.</summary>
        public Tensor hardsigmoid() => l2c_hardsigmoid(this);

        /// <summary>Absolute value of each element.</summary>
        public Tensor absolute() => abs();

        /// <summary>Each element negated.</summary>
        public Tensor negative() => neg();

        /// <summary>Each element rounded to the nearest, halves to even, at that many decimals.</summary>
        public Tensor round(long decimals = 0) => l2c_round(this, decimals);

        /// <summary>Each element rounded to the nearest, halves to even, at that many decimals, in place.</summary>
        public Tensor round_(long decimals = 0) => Changed(l2c_round_(this, decimals));

        /// <summary>Gaussian error linear unit by the error function.</summary>
        public Tensor gelu() => l2c_gelu(this, false);

        /// <summary>x where positive, elsewhere negative_slope times x.</summary>
        public Tensor leaky_relu(Scalar negative_slope) => l2c_leaky_relu(this, negative_slope);

        /// <summary>x where positive, elsewhere alpha times (e^x - 1).</summary>
        public Tensor elu(double alpha = 1) => l2c_elu(this, alpha, 1, 1);

        /// <summary>Each element held between min and max.</summary>
        public Tensor hardtanh(Scalar min, Scalar max) => l2c_hardtanh(this, min, max);

        /// <summary>log(1 + e^(beta x)) / beta, and x itself above the threshold.</summary>
        public Tensor softplus(double beta = 1, double threshold = 20) => l2c_softplus(this, beta, threshold);

        /// <summary>Each element held between min and max; null leaves that side open.</summary>
        public Tensor clamp(Scalar min = null, Scalar max = null) => l2c_clamp(this, min, max);

        /// <summary>Each element held between min and max; null leaves that side open.</summary>
        public Tensor clamp(Tensor min = null, Tensor max = null) => l2c_clamp_tensor(this, min, max);

        /// <summary>Each element held between min and max; null leaves that side open, in place.</summary>
        public Tensor clamp_(Scalar min = null, Scalar max = null) => Changed(l2c_clamp_(this, min, max));

        /// <summary>Each element held between min and max; null leaves that side open, in place.</summary>
        public Tensor clamp_(Tensor min = null, Tensor max = null) => Changed(l2c_clamp_tensor_(this, min, max));

        /// <summary>Each element, but no less than min.</summary>
        public Tensor clamp_min(Scalar min) => l2c_clamp(this, min, null);

        /// <summary>Each element, but no less than min, in place.</summary>
        public Tensor clamp_min_(Scalar min) => Changed(l2c_clamp_(this, min, null));

        /// <summary>Each element, but no more than max.</summary>
        public Tensor clamp_max(Scalar max) => l2c_clamp(this, null, max);

        /// <summary>Each element, but no more than max, in place.</summary>
        public Tensor clamp_max_(Scalar max) => Changed(l2c_clamp_(this, null, max));

        /// <summary>Each element held between min and max; null leaves that side open.</summary>
        public Tensor clip(Scalar min = null, Scalar max = null) => l2c_clamp(this, min, max);

        /// <summary>NaN and the infinities replaced; null stands for the dtype's largest and smallest values.</summary>
        public Tensor nan_to_num(double nan = 0, double? posinf = null, double? neginf = null) =>
            l2c_nan_to_num(this, nan, Code(posinf), Code(neginf));

        /// <summary>NaN and the infinities replaced; null stands for the dtype's largest and smallest values, in place.</summary>
        public Tensor nan_to_num_(double nan = 0, double? posinf = null, double? neginf = null) =>
            Changed(l2c_nan_to_num_(this, nan, Code(posinf), Code(neginf)));

        /// <summary>e^x over its sum along the dimension; dtype converts first.</summary>
        public Tensor softmax(long dim, ScalarType? dtype = null) => l2c_softmax(this, dim, Code(dtype));

        /// <summary>Logarithm of the softmax along the dimension; dtype converts first.</summary>
        public Tensor log_softmax(long dim, ScalarType? dtype = null) => l2c_log_softmax(this, dim, Code(dtype));
    }
}
