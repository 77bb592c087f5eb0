using TorchSharp;

namespace Llm2Clip.Engine;

/// <summary>A stretch of flat buffers, in elements, with its own learning rate and decoupled weight decay.</summary>
public readonly record struct OptimizerSegment(long Offset, long Length, double LearningRate, double WeightDecay);

/// <summary>
/// Operations of training which an engine may do faster than tensor operations one by one.
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

    /// <summary>
    /// x W^T + b, [..., in] with W [out, in] and b [out] to [..., out], summed in fp32 and rounded to the format that all three have. Differentiable.
    /// </summary>
    torch.Tensor Linear(torch.Tensor input, torch.Tensor weight, torch.Tensor? bias);

    /// <summary>
    /// Multi-head attention, softmax(q k^T / sqrt(W/H)) v for each of H heads (arXiv 1706.03762, equation 1), with the softmax in fp32.
    /// Differentiable once.
    /// </summary>
    /// <param name="packed">[B, T, 3W]: queries, keys and values as one projection leaves them; [B, T, 2W] without queries where these are given.</param>
    /// <param name="heads">H.</param>
    /// <param name="query">[B, Q, W], where fewer tokens ask than answer.</param>
    /// <returns>[B, Q, W] (Q = T without <paramref name="query"/>), in the inputs' format.</returns>
    torch.Tensor Attention(torch.Tensor packed, int heads, torch.Tensor? query = null);
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

    public torch.Tensor Linear(torch.Tensor input, torch.Tensor weight, torch.Tensor? bias) => torch.nn.functional.linear(input, weight, bias);

    public torch.Tensor Attention(torch.Tensor packed, int heads, torch.Tensor? query = null)
    {
        RequireFit(packed, heads, query);
        using var scope = torch.NewDisposeScope();
        // [B, N, nW] to n times [B, H, N, W/H], each contiguous.
        torch.Tensor[] Parts(torch.Tensor tensor, int count) => tensor
            .view(tensor.shape[0], tensor.shape[1], count, heads, tensor.shape[2] / (count * heads)).permute(2, 0, 3, 1, 4).contiguous().unbind(0);
        torch.Tensor[] parts = query is null ? Parts(packed, 3) : [Parts(query, 1)[0], .. Parts(packed, 2)];
        var (q, k, v) = (parts[0], parts[1], parts[2]);
        torch.Tensor mixed; // [B, H, Q, W/H]
        if (packed.is_cuda)
        {
            mixed = torch.nn.functional.scaled_dot_product_attention(q, k, v); // one kernel, fp32 inside
        }
        else
        {
            var scores = (q * (float)Math.Pow(q.shape[3], -0.5)).matmul(k.transpose(2, 3)); // [B, H, Q, T]
            mixed = scores.softmax(-1, torch.ScalarType.Float32).to_type(packed.dtype).matmul(v);
        }
        return mixed.transpose(1, 2).flatten(2).MoveToOuterDisposeScope();
    }

    /// <summary>TorchSharp 0.107 lets no error of a matrix product through: it ends the process.</summary>
    private static void RequireFit(torch.Tensor packed, int heads, torch.Tensor? query)
    {
        var parts = query is null ? 3 : 2;
        var fits = packed.dim() == 3 && packed.shape[2] % (parts * heads) == 0
            && (query is null || (query.dim() == 3 && query.shape[0] == packed.shape[0] && parts * query.shape[2] == packed.shape[2]));
        if (!fits)
        {
            throw new ArgumentException(
                $"[{string.Join(", ", packed.shape)}] is no attention of {heads} heads{(query is null ? "" : $" for queries of [{string.Join(", ", query.shape)}]")}.");
        }
    }
}
