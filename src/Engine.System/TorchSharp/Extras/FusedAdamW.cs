using System.Runtime.InteropServices;
using static TorchSharp.NativeMethods;
using Tensor = TorchSharp.torch.Tensor;

namespace Llm2Clip.Engine.Torch;

/// <summary>A stretch of the flat buffers with its own learning rate and weight decay: <c>Segment</c> in extras.cpp.</summary>
[StructLayout(LayoutKind.Sequential)]
public readonly record struct AdamWSegment(long Offset, long Length, double LearningRate, double WeightDecay);

/// <summary>AdamW (arXiv 1711.05101) over flat buffers on the CPU, as torch.optim.AdamW: one pass of all threads over memory.</summary>
public static class FusedAdamW
{
    /// <summary>
    /// One step, in place. With g the scaled gradient: p *= 1 - lr*wd; m = b1*m + (1-b1)*g; v = b2*v + (1-b2)*g*g;
    /// p -= lr/(1-b1^t) * m / (sqrt(v/(1-b2^t)) + eps). Throws <see cref="ExternalException"/> for tensors that are not
    /// one-dimensional contiguous float32 on the CPU, of one length, or for a segment outside them.
    /// </summary>
    /// <param name="flatParam">Parameters [N].</param>
    /// <param name="flatGrad">Gradients [N], left as they are.</param>
    /// <param name="m">First moments [N].</param>
    /// <param name="v">Second moments [N].</param>
    /// <param name="segments">Stretches to update; what none covers stays.</param>
    /// <param name="beta1">Decay of the first moment.</param>
    /// <param name="beta2">Decay of the second moment.</param>
    /// <param name="eps">Added to the root of the corrected second moment.</param>
    /// <param name="step">Number of this step, from 1.</param>
    /// <param name="gradScale">The gradient is multiplied by it first (clipping, accumulation).</param>
    public static void Step(
        Tensor flatParam, Tensor flatGrad, Tensor m, Tensor v, ReadOnlySpan<AdamWSegment> segments, double beta1, double beta2, double eps, long step, double gradScale = 1) =>
        l2c_fused_adamw(flatParam, flatGrad, m, v, segments, segments.Length, beta1, beta2, eps, step, gradScale);
}

/// <summary>Norms over flat buffers on the CPU.</summary>
public static class FlatNorm
{
    /// <summary>The sum of the squares of a one-dimensional float32 tensor, in double: the same bits whatever the threads.</summary>
    public static double SquaredNorm(Tensor flat)
    {
        l2c_squared_norm(flat, out var result);
        return result;
    }
}
