using System.Numerics.Tensors;

namespace Llm2Clip.Teachers.Llm;

/// <summary>Makes one vector of a text's hidden states, state by state. The vector is not normalized.</summary>
internal static class StatePooling
{
    /// <summary>
    /// Adds the state of the token at <paramref name="position"/> to the row's <paramref name="vector"/>, which starts as zeros.
    /// </summary>
    /// <param name="pooling">Which states make the vector.</param>
    /// <param name="row">The text's tokens.</param>
    /// <param name="position">The token's place among them.</param>
    /// <param name="state">Its state, [width].</param>
    /// <param name="factor">What the state is multiplied with (<see cref="Unit"/>), 1 for nothing.</param>
    /// <param name="vector">[width].</param>
    public static void Add(
        TeacherPooling pooling, TokenizedText row, int position, ReadOnlySpan<float> state, float factor, Span<float> vector)
    {
        if (pooling == TeacherPooling.Mean && position >= row.FirstCounted)
        {
            TensorPrimitives.MultiplyAdd(state, factor / (row.Tokens.Length - row.FirstCounted), vector, vector);
        }
        else if (pooling == TeacherPooling.Last && position == row.Tokens.Length - 1)
        {
            TensorPrimitives.Multiply(state, factor, vector);
        }
    }

    /// <summary>
    /// What makes a state's root mean square 1; 0 for a state of zeros. The residual stream grows from block to block, and in each by
    /// tokens that differ in size: without it a few large ones are the mean.
    /// </summary>
    public static float Unit(ReadOnlySpan<float> state)
    {
        var norm = TensorPrimitives.Norm(state);
        return norm > 0 ? MathF.Sqrt(state.Length) / norm : 0;
    }
}
