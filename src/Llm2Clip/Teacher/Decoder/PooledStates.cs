using Llm2Clip.Layers;
using Llm2Clip.Teachers.Llm;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Teachers.Decoder;

/// <summary>One vector per text out of its tokens' states: what <see cref="StatePooling"/> does state by state.</summary>
internal static class PooledStates
{
    /// <summary>
    /// The share of each token's state in the vector of its text, [B, T] as <see cref="TokenBatch"/> lays the texts out: of a mean over n
    /// tokens 1 / n, else 0.
    /// </summary>
    public static Tensor Shares(TeacherPooling pooling, IReadOnlyList<TokenizedText> texts, Device device)
    {
        var tokens = texts.Max(text => text.Tokens.Length);
        var shares = new float[texts.Count * tokens];
        for (var i = 0; i < texts.Count; i++)
        {
            var length = texts[i].Tokens.Length;
            var first = pooling == TeacherPooling.Mean ? texts[i].FirstCounted : length - 1;
            shares.AsSpan((i * tokens) + first, length - first).Fill(1f / (length - first));
        }
        return tensor(shares, [texts.Count, tokens], device: device);
    }

    /// <summary>The vectors [B, W], fp32. Differentiable.</summary>
    /// <param name="states">[B, T, W], fp32.</param>
    /// <param name="shares">[B, T].</param>
    /// <param name="isScaled">Whether each state is divided by its root mean square (<see cref="StatePooling.Unit"/>).</param>
    public static Tensor Of(Tensor states, Tensor shares, bool isScaled)
    {
        using var scope = NewDisposeScope();
        var factors = isScaled
            ? shares / states.norm(2, false).DividedBy(Math.Sqrt(states.shape[2])).AtLeast(float.Epsilon) // [B, T]
            : shares;
        return factors.unsqueeze(1).matmul(states).squeeze(1).MoveToOuterDisposeScope();
    }
}
