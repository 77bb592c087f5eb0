using static TorchSharp.NativeMethods;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        /// <summary>Whether this equals the other, elementwise.</summary>
        public Tensor eq(Tensor target) => l2c_eq(this, target);

        /// <summary>Whether this differs from the other, elementwise.</summary>
        public Tensor ne(Tensor target) => l2c_ne(this, target);

        /// <summary>Whether this is less, elementwise.</summary>
        public Tensor lt(Tensor target) => l2c_lt(this, target);

        /// <summary>Whether this is less or equal, elementwise.</summary>
        public Tensor le(Tensor target) => l2c_le(this, target);

        /// <summary>Whether this is greater, elementwise.</summary>
        public Tensor gt(Tensor target) => l2c_gt(this, target);

        /// <summary>Whether this is greater or equal, elementwise.</summary>
        public Tensor ge(Tensor target) => l2c_ge(this, target);

        /// <summary>Whether this equals the other, elementwise.</summary>
        public Tensor eq(Scalar target) => l2c_eq_number(this, target);

        /// <summary>Whether this differs from the other, elementwise.</summary>
        public Tensor ne(Scalar target) => l2c_ne_number(this, target);

        /// <summary>Whether this is less, elementwise.</summary>
        public Tensor lt(Scalar target) => l2c_lt_number(this, target);

        /// <summary>Whether this is less or equal, elementwise.</summary>
        public Tensor le(Scalar target) => l2c_le_number(this, target);

        /// <summary>Whether this is greater, elementwise.</summary>
        public Tensor gt(Scalar target) => l2c_gt_number(this, target);

        /// <summary>Whether this is greater or equal, elementwise.</summary>
        public Tensor ge(Scalar target) => l2c_ge_number(this, target);

        /// <summary>Whether this equals the other, elementwise, in place.</summary>
        public Tensor eq_(Tensor target) => Changed(l2c_eq_(this, target));

        /// <summary>Whether this differs from the other, elementwise, in place.</summary>
        public Tensor ne_(Tensor target) => Changed(l2c_ne_(this, target));

        /// <summary>Whether this is less, elementwise, in place.</summary>
        public Tensor lt_(Tensor target) => Changed(l2c_lt_(this, target));

        /// <summary>Whether this is less or equal, elementwise, in place.</summary>
        public Tensor le_(Tensor target) => Changed(l2c_le_(this, target));

        /// <summary>Whether this is greater, elementwise, in place.</summary>
        public Tensor gt_(Tensor target) => Changed(l2c_gt_(this, target));

        /// <summary>Whether this is greater or equal, elementwise, in place.</summary>
        public Tensor ge_(Tensor target) => Changed(l2c_ge_(this, target));

        /// <summary>Whether this equals the other, elementwise, in place.</summary>
        public Tensor eq_(Scalar target) => Changed(l2c_eq_number_(this, target));

        /// <summary>Whether this differs from the other, elementwise, in place.</summary>
        public Tensor ne_(Scalar target) => Changed(l2c_ne_number_(this, target));

        /// <summary>Whether this is less, elementwise, in place.</summary>
        public Tensor lt_(Scalar target) => Changed(l2c_lt_number_(this, target));

        /// <summary>Whether this is less or equal, elementwise, in place.</summary>
        public Tensor le_(Scalar target) => Changed(l2c_le_number_(this, target));

        /// <summary>Whether this is greater, elementwise, in place.</summary>
        public Tensor gt_(Scalar target) => Changed(l2c_gt_number_(this, target));

        /// <summary>Whether this is greater or equal, elementwise, in place.</summary>
        public Tensor ge_(Scalar target) => Changed(l2c_ge_number_(this, target));

        /// <summary>Whether this differs from the other, elementwise.</summary>
        public Tensor not_equal(Tensor target) => ne(target);

        /// <summary>Whether this is less, elementwise.</summary>
        public Tensor less(Tensor target) => lt(target);

        /// <summary>Whether this is less or equal, elementwise.</summary>
        public Tensor less_equal(Tensor target) => le(target);

        /// <summary>Whether this is greater, elementwise.</summary>
        public Tensor greater(Tensor target) => gt(target);

        /// <summary>Whether this is greater or equal, elementwise.</summary>
        public Tensor greater_equal(Tensor target) => ge(target);

        /// <summary>Whether both are not zero.</summary>
        public Tensor logical_and(Tensor other) => l2c_logical_and(this, other);

        /// <summary>Whether one is not zero.</summary>
        public Tensor logical_or(Tensor other) => l2c_logical_or(this, other);

        /// <summary>Whether exactly one is not zero.</summary>
        public Tensor logical_xor(Tensor other) => l2c_logical_xor(this, other);

        /// <summary>Bits that both have.</summary>
        public Tensor bitwise_and(Tensor other) => l2c_bitwise_and(this, other);

        /// <summary>Bits that one has.</summary>
        public Tensor bitwise_or(Tensor other) => l2c_bitwise_or(this, other);

        /// <summary>Bits that exactly one has.</summary>
        public Tensor bitwise_xor(Tensor other) => l2c_bitwise_xor(this, other);

        /// <summary>Whether both are not zero, in place.</summary>
        public Tensor logical_and_(Tensor other) => Changed(l2c_logical_and_(this, other));

        /// <summary>Whether one is not zero, in place.</summary>
        public Tensor logical_or_(Tensor other) => Changed(l2c_logical_or_(this, other));

        /// <summary>Whether exactly one is not zero, in place.</summary>
        public Tensor logical_xor_(Tensor other) => Changed(l2c_logical_xor_(this, other));

        /// <summary>Bits that both have, in place.</summary>
        public Tensor bitwise_and_(Tensor other) => Changed(l2c_bitwise_and_(this, other));

        /// <summary>Bits that one has, in place.</summary>
        public Tensor bitwise_or_(Tensor other) => Changed(l2c_bitwise_or_(this, other));

        /// <summary>Bits that exactly one has, in place.</summary>
        public Tensor bitwise_xor_(Tensor other) => Changed(l2c_bitwise_xor_(this, other));

        /// <summary>Whether each pair differs by no more than atol + rtol times the other's magnitude.</summary>
        public Tensor isclose(Tensor other, double rtol = 1e-5, double atol = 1e-8, bool nanEqual = false) =>
            l2c_isclose(this, other, rtol, atol, nanEqual);

        /// <summary>Whether all pairs differ by no more than atol + rtol times the other's magnitude.</summary>
        public bool allclose(Tensor target, double rtol = 1e-5, double atol = 1e-8, bool equal_nan = false)
        {
            l2c_allclose(this, target, rtol, atol, equal_nan, out var result);
            return result != 0;
        }

        /// <summary>x (or this) where the condition holds, y elsewhere; with the condition alone the indices of what holds, by dimension.</summary>
        public Tensor where(Tensor condition, Tensor y) => l2c_where(condition, this, y);
    }
}
