using System.Numerics.Tensors;

namespace Llm2Clip.Teachers.Llm;

/// <summary>Makes one vector of a text's hidden states, state by state. The vector is not normalized.</summary>
internal static class StatePooling
{
    /// <summary>
    /// Adds the state of the token at <paramref name="position"/> to the row's <paramref name="vector"/>, which starts as zeros.
    /// </summary>
    public static void Add(TeacherPooling pooling, TokenizedText row, int position, ReadOnlySpan<float> state, Span<float> vector)
    {
        if (pooling == TeacherPooling.Mean && position >= row.FirstCounted)
        {
            TensorPrimitives.MultiplyAdd(state, 1f / (row.Tokens.Length - row.FirstCounted), vector, vector);
        }
        else if (pooling == TeacherPooling.Last && position == row.Tokens.Length - 1)
        {
            state.CopyTo(vector);
        }
    }
}
