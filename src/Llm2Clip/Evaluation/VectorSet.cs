using System.Numerics.Tensors;

namespace Llm2Clip.Evaluation;

/// <summary>Row-major fp32 vectors, L2-normalized at construction: x / max(||x||, 1e-12), as torch's normalize does.</summary>
public sealed class VectorSet
{
    private const float SmallestNorm = 1e-12f;
    private readonly float[] values;

    /// <summary>
    /// Takes a normalized copy of <paramref name="vectors"/>, whose length is a multiple of <paramref name="dimension"/>.
    /// </summary>
    /// <exception cref="ArgumentException">The length is not a multiple of the dimension, or a value is not finite.</exception>
    public VectorSet(ReadOnlySpan<float> vectors, int dimension)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(dimension);
        if (vectors.Length % dimension != 0)
        {
            throw new ArgumentException($"{vectors.Length} values are not rows of {dimension}.", nameof(vectors));
        }
        Dimension = dimension;
        Count = vectors.Length / dimension;
        values = vectors.ToArray();
        for (var row = 0; row < Count; row++)
        {
            var vector = values.AsSpan(row * dimension, dimension);
            var norm = TensorPrimitives.Norm<float>(vector);
            if (!float.IsFinite(norm))
            {
                throw new ArgumentException($"Vector {row} holds a value that is not finite.", nameof(vectors));
            }
            TensorPrimitives.Divide(vector, Math.Max(norm, SmallestNorm), vector);
        }
    }

    /// <summary>Length of a vector.</summary>
    public int Dimension { get; }

    /// <summary>Number of vectors.</summary>
    public int Count { get; }

    /// <summary>One normalized vector.</summary>
    public ReadOnlySpan<float> this[int row] => values.AsSpan(row * Dimension, Dimension);
}
