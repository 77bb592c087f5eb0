using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.NativeMethods;
using Tensor = TorchSharp.torch.Tensor;

namespace Llm2Clip.Engine.Torch;

/// <summary>A stretch of the flat buffers with its own learning rate and weight decay.</summary>
[StructLayout(LayoutKind.Sequential)]
public readonly record struct AdamWSegment(long Offset, long Length, double LearningRate, double WeightDecay);

/// <summary>
/// AdamW (arXiv 1711.05101) over flat buffers. With g the scaled gradient: p *= 1 - lr*wd; m = b1*m + (1-b1)*g;
/// v = b2*v + (1-b2)*g*g; p -= lr/(1-b1^t) * m / (sqrt(v/(1-b2^t)) + eps), as torch.optim.AdamW.
/// </summary>
public static class FusedAdamW
{
    /// <summary>
    /// One step, in place. All four tensors are one-dimensional float32 of one length. On the CPU a single pass of all threads
    /// over memory; elsewhere the same rule in tensor operations. <paramref name="step"/> counts from 1.
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
        Tensor flatParam, Tensor flatGrad, Tensor m, Tensor v, ReadOnlySpan<AdamWSegment> segments, double beta1, double beta2, double eps, long step, double gradScale = 1)
    {
        if (flatParam.is_cpu())
        {
            l2c_fused_adamw(flatParam, flatGrad, m, v, segments, segments.Length, beta1, beta2, eps, step, gradScale);
        }
        else
        {
            Composite(flatParam, flatGrad, m, v, segments, beta1, beta2, eps, step, gradScale);
        }
    }

    /// <summary>The rule in tensor operations, on any device.</summary>
    internal static void Composite(
        Tensor flatParam, Tensor flatGrad, Tensor m, Tensor v, ReadOnlySpan<AdamWSegment> segments, double beta1, double beta2, double eps, long step, double gradScale)
    {
        using var quiet = torch.no_grad();
        var correction1 = 1 - Math.Pow(beta1, step);
        var root2 = Math.Sqrt(1 - Math.Pow(beta2, step));
        foreach (var segment in segments)
        {
            using var scope = torch.NewDisposeScope();
            Tensor Part(Tensor flat) => flat.narrow(0, segment.Offset, segment.Length);
            var (p, mean, square, grad) = (Part(flatParam), Part(m), Part(v), Part(flatGrad) * gradScale);
            mean.mul_(beta1).add_(grad, 1 - beta1);
            square.mul_(beta2).addcmul_(grad, grad, 1 - beta2);
            p.mul_(1 - (segment.LearningRate * segment.WeightDecay));
            p.addcdiv_(mean, square.sqrt().div_(root2).add_(eps), -segment.LearningRate / correction1);
        }
    }
}

/// <summary>Norms over flat buffers.</summary>
public static class FlatNorm
{
    /// <summary>The sum of the squares of a one-dimensional float32 tensor, in double; on the CPU the same bits whatever the threads.</summary>
    public static double SquaredNorm(Tensor flat)
    {
        if (flat.is_cpu())
        {
            l2c_squared_norm(flat, out var result);
            return result;
        }
        using var scope = torch.NewDisposeScope();
        using var quiet = torch.no_grad();
        return flat.to(torch.float64).square().sum().ToDouble();
    }
}
