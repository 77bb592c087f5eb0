using static TorchSharp.NativeMethods;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        /// <summary>Matrix product over the last two dimensions, the others broadcast.</summary>
        public Tensor matmul(Tensor target) => l2c_matmul(this, target);

        /// <summary>Product of two matrices.</summary>
        public Tensor mm(Tensor target) => l2c_mm(this, target);

        /// <summary>Products of two batches of matrices [B, n, m] and [B, m, p].</summary>
        public Tensor bmm(Tensor batch2) => l2c_bmm(this, batch2);

        /// <summary>Product of a matrix and a vector.</summary>
        public Tensor mv(Tensor target) => l2c_mv(this, target);

        /// <summary>Inner product of two vectors.</summary>
        public Tensor dot(Tensor target) => l2c_dot(this, target);

        /// <summary>Outer product of two vectors.</summary>
        public Tensor outer(Tensor vec2) => l2c_outer(this, vec2);

        /// <summary>Products over the last dimension of both.</summary>
        public Tensor inner(Tensor vec2) => l2c_inner(this, vec2);

        /// <summary>Kronecker product.</summary>
        public Tensor kron(Tensor other) => l2c_kron(this, other);

        /// <summary>beta times this plus alpha times mat1 mat2.</summary>
        public Tensor addmm(Tensor mat1, Tensor mat2, float beta = 1, float alpha = 1) => l2c_addmm(this, mat1, mat2, beta, alpha);

        /// <summary>beta times this plus alpha times mat1 mat2, in place.</summary>
        public Tensor addmm_(Tensor mat1, Tensor mat2, float beta = 1, float alpha = 1) =>
            Changed(l2c_addmm_(this, mat1, mat2, beta, alpha));

        /// <summary>beta times this plus alpha times mat vec.</summary>
        public Tensor addmv(Tensor mat, Tensor vec, float beta = 1, float alpha = 1) => l2c_addmv(this, mat, vec, beta, alpha);

        /// <summary>beta times this plus alpha times the sum of the batch's products.</summary>
        public Tensor addbmm(Tensor batch1, Tensor batch2, float beta = 1, float alpha = 1) =>
            l2c_addbmm(this, batch1, batch2, beta, alpha);

        /// <summary>beta times this plus alpha times the batch's products.</summary>
        public Tensor baddbmm(Tensor batch1, Tensor batch2, float beta = 1, float alpha = 1) =>
            l2c_baddbmm(this, batch1, batch2, beta, alpha);

        /// <summary>Sum of products over pairs of dimensions.</summary>
        public Tensor tensordot(Tensor b, long[] dims1, long[] dims2) => l2c_tensordot(this, b, dims1, dims1.Length, dims2, dims2.Length);

        /// <summary>Inverse matrix.</summary>
        public Tensor inverse() => l2c_linalg_inv(this);

        /// <summary>Determinant.</summary>
        public Tensor det() => l2c_linalg_det(this);

        /// <summary>Cholesky factor of a positive definite matrix.</summary>
        public Tensor cholesky(bool upper = false) => l2c_linalg_cholesky(this, upper);

        /// <summary>Solution of the system whose matrix has the Cholesky factor input2.</summary>
        public Tensor cholesky_solve(Tensor input2, bool upper = false) => l2c_cholesky_solve(this, input2, upper);

        /// <summary>Inverse of the matrix that has this Cholesky factor.</summary>
        public Tensor cholesky_inverse(bool upper = false) => l2c_cholesky_inverse(this, upper);

        /// <summary>Pseudo-inverse; rcond bounds the singular values kept.</summary>
        public Tensor pinverse(double rcond = 1e-15, bool hermitian = false) => l2c_linalg_pinv(this, double.NaN, rcond, hermitian);

        /// <summary>Sum of the diagonal.</summary>
        public Tensor trace() => l2c_trace(this);
    }
}
