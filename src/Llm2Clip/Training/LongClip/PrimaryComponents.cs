using Llm2Clip.Layers;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Training.LongClip;

/// <summary>
/// Primary component matching (Long-CLIP, https://arxiv.org/abs/2403.15378, section 3.2; beichenzbc/Long-CLIP 3966af9
/// model/model_longclip.py#L389): image features with only the k largest directions of their variation within a batch, which is what short
/// captions are compared with.
/// </summary>
/// <remarks>
/// The original differentiates a singular value decomposition, whose gradient divides by the differences of all singular values: NaN as
/// soon as images repeat. The projection onto the kept directions depends on pairs of a kept and a dropped direction alone, so that here
/// only these occur. The Gram matrix that is decomposed has the smaller of rows and width, and is fp64, as squares lose half of the digits.
/// </remarks>
internal static class PrimaryComponents
{
    /// <summary>
    /// Singular values that differ by less than this share of the largest are equal, as far as fp32 features can tell. Where such a tie is
    /// at the cut, the direction is not defined, and neither is how it turns: that pair has no gradient.
    /// </summary>
    private const double Tie = 1e-6;

    /// <summary>
    /// Whether the components are all directions that a batch has, so that the reconstruction is the batch itself: its rows lose their
    /// mean, which leaves one direction less than rows.
    /// </summary>
    public static bool AreAll(long rows, long width, int components) => components >= Math.Min(rows - 1, width);

    /// <summary>Refuses batches of which nothing would be dropped; the original trains on without any effect.</summary>
    /// <param name="rows">Images in a batch, or in a block of it.</param>
    /// <param name="width">Length of the features.</param>
    /// <param name="components">k.</param>
    /// <exception cref="ConfigException">All directions would be kept.</exception>
    public static void RequireEffect(long rows, long width, int components)
    {
        if (components < 1)
        {
            throw new ConfigException($"{components} primary components are asked for; 1 is the least.");
        }
        if (AreAll(rows, width, components))
        {
            throw new ConfigException(
                $"{components} primary components are all directions that {rows} images with features of length {width} have, so that the "
                + $"matching would do nothing: {components + 2} images are the least, and features longer than {components}. Take a larger "
                + "batch or fewer components. Their number is longclip.pcm.k.");
        }
    }

    /// <summary>
    /// mean + (x - mean) V V^T with the first k right singular vectors V of the centered rows; not normalized again. Differentiable through
    /// mean, rows and V, once.
    /// </summary>
    /// <param name="features">[B, D].</param>
    /// <param name="components">k.</param>
    /// <param name="blocks">
    /// Parts of the batch that have directions and a mean of their own each, as the processes of the original have; where they do not
    /// divide the rows, some have one row more.
    /// </param>
    /// <returns>[B, D]; the features themselves where k is all directions.</returns>
    /// <exception cref="ArgumentException">There are more blocks than rows, or none.</exception>
    public static Tensor Reconstruct(Tensor features, int components, int blocks = 1)
    {
        var rows = features.shape[0];
        if (blocks < 1 || blocks > rows)
        {
            throw new ArgumentException($"{rows} rows are not to be had in {blocks} blocks.", nameof(blocks));
        }
        using var scope = NewDisposeScope();
        var parts = Enumerable.Range(0, blocks).Select(block =>
        {
            var (start, end) = (block * rows / blocks, (block + 1) * rows / blocks);
            return OfBlock(features.narrow(0, start, end - start), components);
        });
        return cat([.. parts], 0).MoveToOuterDisposeScope();
    }

    private static Tensor OfBlock(Tensor x, int components)
    {
        if (AreAll(x.shape[0], x.shape[1], components))
        {
            return x;
        }
        using var scope = NewDisposeScope();
        var mean = x.mean([0], keepdim: true);
        var centered = x - mean;
        // (x - mean) V V^T is U U^T (x - mean) with the left singular vectors: the smaller of both Gram matrices will do.
        var byRows = x.shape[0] <= x.shape[1];
        var projection = Projection(byRows ? centered : centered.t(), components);
        var kept = byRows ? projection.matmul(centered) : centered.matmul(projection);
        return kept.Plus(mean).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// K K^T of the first k left singular vectors K of a matrix [N, M]: the eigenvectors of its Gram matrix S. What is added to it is zero,
    /// and has the projection's derivative: d(K K^T) = D (R * D^T dS K) K^T and its transpose, with the dropped eigenvectors D and
    /// R_ji = 1 / (e_i - e_j) of the eigenvalues e, i kept, j dropped.
    /// </summary>
    private static Tensor Projection(Tensor matrix, int components)
    {
        using var scope = NewDisposeScope();
        Tensor kept, dropped, factors;
        using (no_grad())
        {
            var exact = matrix.detach().to_type(ScalarType.Float64);
            var (values, vectors) = linalg.eigh(exact.matmul(exact.t())); // ascending
            var rest = values.shape[0] - components;
            vectors = vectors.to_type(matrix.dtype);
            (dropped, kept) = (vectors.narrow(1, 0, rest), vectors.narrow(1, rest, components));
            var singular = values.AtLeast(0).sqrt();
            var ties = Differences(singular, rest).le(singular.narrow(0, singular.shape[0] - 1, 1).Times(Tie));
            factors = Differences(values, rest).reciprocal().Replaced(ties, 0).to_type(matrix.dtype);
        }
        var gram = matrix.matmul(matrix.t());
        var change = gram - gram.detach(); // zero
        var turned = dropped.matmul(factors * dropped.t().matmul(change).matmul(kept)).matmul(kept.t());
        return kept.matmul(kept.t()).Plus(turned).Plus(turned.t()).MoveToOuterDisposeScope();
    }

    /// <summary>What each of the values from <paramref name="rest"/> on is above each of those before: [N - k, k].</summary>
    private static Tensor Differences(Tensor values, long rest) =>
        values.narrow(0, rest, values.shape[0] - rest).unsqueeze(0) - values.narrow(0, 0, rest).unsqueeze(1);
}
