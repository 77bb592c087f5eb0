using static TorchSharp.NativeMethods;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>Linear algebra over the last two dimensions; the others are a batch.</summary>
    public static class linalg
    {
        /// <summary>What <see cref="qr"/> returns.</summary>
        public enum QRMode
        {
            Reduced = 0,
            Complete = 1,
            R = 2,
        }

        /// <summary>Singular value decomposition: input = U diag(S) Vh.</summary>
        public static (Tensor U, Tensor S, Tensor Vh) svd(Tensor input, bool fullMatrices = true)
        {
            Span<nint> result = stackalloc nint[3];
            l2c_linalg_svd(input, fullMatrices, result);
            return (new Tensor(result[0]), new Tensor(result[1]), new Tensor(result[2]));
        }

        /// <summary>Singular values, largest first.</summary>
        public static Tensor svdvals(Tensor input) => l2c_linalg_svdvals(input);

        /// <summary>Eigenvalues (ascending) and eigenvectors of a symmetric matrix, of which one triangle is read.</summary>
        public static (Tensor, Tensor) eigh(Tensor input, char UPLO = 'L')
        {
            Span<nint> result = stackalloc nint[2];
            l2c_linalg_eigh(input, UPLO == 'U', result);
            return (new Tensor(result[0]), new Tensor(result[1]));
        }

        /// <summary>Eigenvalues of a symmetric matrix, ascending.</summary>
        public static Tensor eigvalsh(Tensor input, char UPLO = 'L') => l2c_linalg_eigvalsh(input, UPLO == 'U');

        /// <summary>QR decomposition.</summary>
        public static (Tensor Q, Tensor R) qr(Tensor input, QRMode mode = QRMode.Reduced)
        {
            Span<nint> result = stackalloc nint[2];
            l2c_linalg_qr(input, (int)mode, result);
            return (new Tensor(result[0]), new Tensor(result[1]));
        }

        /// <summary>The lower Cholesky factor of a positive definite matrix.</summary>
        public static Tensor cholesky(Tensor input) => l2c_linalg_cholesky(input, false);

        /// <summary>Inverse matrix.</summary>
        public static Tensor inv(Tensor input) => l2c_linalg_inv(input);

        /// <summary>Determinant.</summary>
        public static Tensor det(Tensor input) => l2c_linalg_det(input);

        /// <summary>Sign and logarithm of the determinant's absolute value.</summary>
        public static (Tensor, Tensor) slogdet(Tensor input)
        {
            Span<nint> result = stackalloc nint[2];
            l2c_linalg_slogdet(input, result);
            return (new Tensor(result[0]), new Tensor(result[1]));
        }

        /// <summary>The X of A X = B, or of X A = B where left is false.</summary>
        public static Tensor solve(Tensor A, Tensor B, bool left = true) => l2c_linalg_solve(A, B, left);

        /// <summary>Least squares: solution, residuals, rank, singular values.</summary>
        public static (Tensor Solution, Tensor Residuals, Tensor Rank, Tensor SingularValues) lstsq(Tensor input, Tensor other)
        {
            Span<nint> result = stackalloc nint[4];
            l2c_linalg_lstsq(input, other, result);
            return (new Tensor(result[0]), new Tensor(result[1]), new Tensor(result[2]), new Tensor(result[3]));
        }

        /// <summary>Pseudo-inverse; singular values below atol or rtol times the largest count as zero.</summary>
        public static Tensor pinv(Tensor input, double? atol = null, double? rtol = null, bool hermitian = false) =>
            l2c_linalg_pinv(input, Code(atol), Code(rtol), hermitian);

        /// <summary>Rank; singular values below atol or rtol times the largest count as zero.</summary>
        public static Tensor matrix_rank(Tensor input, double? atol = null, double? rtol = null, bool hermitian = false) =>
            l2c_linalg_matrix_rank(input, Code(atol), Code(rtol), hermitian);

        /// <summary>Vector norm over all or the given dimensions.</summary>
        public static Tensor vector_norm(Tensor input, double ord = 2, long[] dims = null, bool keepdim = false) =>
            l2c_linalg_vector_norm(input, ord, dims, Length(dims), keepdim);

        /// <summary>Norm by name (<c>fro</c>, <c>nuc</c>).</summary>
        public static Tensor norm(Tensor input, string ord, long[] dims = null, bool keepdim = false) =>
            l2c_linalg_norm_named(input, ord, dims, Length(dims), keepdim);

        /// <summary>Norm of that order: of vectors over one dimension, of matrices over two.</summary>
        public static Tensor norm(Tensor input, double ord, long[] dims = null, bool keepdim = false) =>
            l2c_linalg_norm(input, ord, dims, Length(dims), keepdim);

        /// <summary>Cross product along a dimension of length 3.</summary>
        public static Tensor cross(Tensor input, Tensor other, long dim = -1) => l2c_linalg_cross(input, other, dim);
    }
}
