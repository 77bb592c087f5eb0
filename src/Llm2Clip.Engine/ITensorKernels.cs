using TorchSharp;

namespace Llm2Clip.Engine;

/// <summary>A stretch of flat buffers, in elements, with its own learning rate and decoupled weight decay.</summary>
public readonly record struct OptimizerSegment(long Offset, long Length, double LearningRate, double WeightDecay);

/// <summary>
/// Whole-buffer operations of the optimizer, which an engine may do faster than tensor operations one by one.
/// <see cref="CompositeKernels"/> is the plain form that every engine has.
/// </summary>
public interface ITensorKernels
{
    /// <summary>
    /// One AdamW step (arXiv 1711.05101) in place on one-dimensional float32 tensors of one length. With g the gradient times
    /// <paramref name="gradientScale"/>: p *= 1 - lr*wd; m = b1*m + (1-b1)*g; v = b2*v + (1-b2)*g*g; p -= lr/(1-b1^t) * m / (sqrt(v/(1-b2^t)) + eps),
    /// as torch.optim.AdamW. Elements outside the segments stay as they are; gradients too.
    /// </summary>
    /// <param name="parameters">p, [N].</param>
    /// <param name="gradients">The gradients before scaling, [N].</param>
    /// <param name="firstMoment">m, [N].</param>
    /// <param name="secondMoment">v, [N].</param>
    /// <param name="segments">Stretches to update, without overlap.</param>
    /// <param name="beta1">Decay of the first moment.</param>
    /// <param name="beta2">Decay of the second moment.</param>
    /// <param name="epsilon">Added to the root of the corrected second moment.</param>
    /// <param name="step">t, from 1.</param>
    /// <param name="gradientScale">Factor of the gradients, for clipping.</param>
    void AdamW(
        torch.Tensor parameters, torch.Tensor gradients, torch.Tensor firstMoment, torch.Tensor secondMoment, ReadOnlySpan<OptimizerSegment> segments,
        double beta1, double beta2, double epsilon, long step, double gradientScale = 1);

    /// <summary>Sum of the squares of a one-dimensional float32 tensor, in double; the same bits each time on the same device.</summary>
    double SquaredNorm(torch.Tensor flat);
}

/// <summary>The kernels in tensor operations, on any engine and device.</summary>
public sealed class CompositeKernels : ITensorKernels
{
    public void AdamW(
        torch.Tensor parameters, torch.Tensor gradients, torch.Tensor firstMoment, torch.Tensor secondMoment, ReadOnlySpan<OptimizerSegment> segments,
        double beta1, double beta2, double epsilon, long step, double gradientScale = 1)
    {
        using var quiet = torch.no_grad();
        var correction1 = 1 - Math.Pow(beta1, step);
        var root2 = Math.Sqrt(1 - Math.Pow(beta2, step));
        foreach (var segment in segments)
        {
            using var scope = torch.NewDisposeScope();
            torch.Tensor Part(torch.Tensor flat) => flat.narrow(0, segment.Offset, segment.Length);
            var (p, m, v, g) = (Part(parameters), Part(firstMoment), Part(secondMoment), Part(gradients));
            if (gradientScale != 1)
            {
                g = g.mul(gradientScale);
            }
            m.mul_(beta1).add_(g, 1 - beta1);
            v.mul_(beta2).addcmul_(g, g, 1 - beta2);
            p.mul_(1 - (segment.LearningRate * segment.WeightDecay));
            p.addcdiv_(m, v.sqrt().div_(root2).add_(epsilon), -segment.LearningRate / correction1);
        }
    }

    public double SquaredNorm(torch.Tensor flat)
    {
        using var quiet = torch.no_grad();
        using var scope = torch.NewDisposeScope();
        return flat.to(torch.float64).square().sum().ToDouble();
    }
}
