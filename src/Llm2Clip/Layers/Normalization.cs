using static TorchSharp.torch;

namespace Llm2Clip.Layers;

/// <summary>Rows brought to length 1.</summary>
internal static class Normalization
{
    /// <summary>x / max(||x||, 1e-12) over the last dimension, as torch's <c>normalize</c>; a row of zeros stays zero.</summary>
    public static Tensor Normalize(this Tensor x)
    {
        using var scope = NewDisposeScope();
        return (x / x.norm((int)x.shape.Length - 1, true).AtLeast(1e-12f)).MoveToOuterDisposeScope();
    }
}
