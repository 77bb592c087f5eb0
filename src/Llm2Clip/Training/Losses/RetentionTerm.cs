using Llm2Clip.Layers;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Training.Losses;

/// <summary>
/// Keeps the student near the encoder that it started from: the mean over images of 1 - cos(f, g), with f the student's features of an
/// image and g those of the encoder as it was, which get no gradient. Zero-shot classification and short queries, which contrastive
/// training on other captions wears down, survive by it.
/// </summary>
internal static class RetentionTerm
{
    /// <summary>The term, a scalar in [0, 2].</summary>
    /// <param name="student">[I, D], not normalized.</param>
    /// <param name="original">[I, D], not normalized.</param>
    public static Tensor Between(Tensor student, Tensor original)
    {
        using var scope = NewDisposeScope();
        var cosines = (student.InFp32().Normalize() * original.detach().InFp32().Normalize()).sum(1); // [I]
        return cosines.mean().Times(-1).Plus(1).MoveToOuterDisposeScope();
    }
}
