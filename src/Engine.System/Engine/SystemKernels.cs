using System.Runtime.InteropServices;
using Llm2Clip.Engine.Torch;
using TorchSharp;

namespace Llm2Clip.Engine.SystemNatives;

/// <summary>On the CPU the bridge's fused kernels; on a GPU the tensor operations.</summary>
internal sealed class SystemKernels : ITensorKernels
{
    private static readonly Lazy<bool> NativeBf16 = new(() => TorchBuild.Describe().HasNativeBf16);

    private readonly CompositeKernels composite = new();

    public void AdamW(
        torch.Tensor parameters, torch.Tensor gradients, torch.Tensor firstMoment, torch.Tensor secondMoment, ReadOnlySpan<OptimizerSegment> segments,
        double beta1, double beta2, double epsilon, long step, double gradientScale = 1)
    {
        if (!parameters.is_cpu())
        {
            composite.AdamW(parameters, gradients, firstMoment, secondMoment, segments, beta1, beta2, epsilon, step, gradientScale);
            return;
        }
        // The two records have the same four fields in the same order.
        var native = MemoryMarshal.Cast<OptimizerSegment, AdamWSegment>(segments);
        FusedAdamW.Step(parameters, gradients, firstMoment, secondMoment, native, beta1, beta2, epsilon, step, gradientScale);
    }

    public torch.Tensor Linear(torch.Tensor input, torch.Tensor weight, torch.Tensor? bias)
    {
        if (!input.is_cpu() || input.dtype != torch.bfloat16 || NativeBf16.Value)
        {
            return composite.Linear(input, weight, bias);
        }
        // A processor that does not multiply bf16 itself emulates it, several times slower than fp32. The products of bf16 numbers are exact in
        // fp32, so this computes the same.
        using var scope = torch.NewDisposeScope();
        return composite.Linear(input.to_type(torch.float32), weight.to_type(torch.float32), bias?.to_type(torch.float32))
            .to_type(torch.bfloat16).MoveToOuterDisposeScope();
    }

    public torch.Tensor Attention(torch.Tensor packed, int heads, torch.Tensor? query = null) =>
        packed.is_cpu() && FusedAttention.IsSupported ? FusedAttention.Apply(packed, query, heads) : composite.Attention(packed, heads, query);

    public double SquaredNorm(torch.Tensor flat) => flat.is_cpu() ? FlatNorm.SquaredNorm(flat) : composite.SquaredNorm(flat);
}
