using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Training;

/// <summary>Constants of AdamW. Defaults are CLIP's for vision transformers.</summary>
public sealed record AdamWOptions(double Beta1 = 0.9, double Beta2 = 0.98, double Epsilon = 1e-6);

/// <summary>
/// AdamW (https://arxiv.org/abs/1711.05101) over flat buffers: p *= 1 - lr wd, then p -= lr m' / (sqrt(v') + eps) with bias-corrected
/// moments, as torch.optim.AdamW.
/// </summary>
public sealed class FlatAdamW : IDisposable
{
    private readonly FlatParameters _parameters;
    private readonly AdamWOptions _options;

    /// <summary>Moments start at zero.</summary>
    public FlatAdamW(FlatParameters parameters, AdamWOptions options)
    {
        (_parameters, _options) = (parameters, options);
        FirstMoment = zeros_like(parameters.Values).DetachFromDisposeScope();
        SecondMoment = zeros_like(parameters.Values).DetachFromDisposeScope();
    }

    /// <summary>Running mean of gradients, [n].</summary>
    public Tensor FirstMoment { get; }

    /// <summary>Running mean of squared gradients, [n].</summary>
    public Tensor SecondMoment { get; }

    /// <summary>Steps made; part of the state, for the bias correction.</summary>
    public long Steps { get; set; }

    /// <summary>
    /// One step with every group's peak rate times <paramref name="rateFactor"/>. Gradients are first multiplied by
    /// <paramref name="gradientScale"/>, which is where clipping comes in: <see cref="ClipScale"/>.
    /// </summary>
    public void Step(double rateFactor, double gradientScale = 1)
    {
        Steps++;
        using var off = no_grad();
        using var scope = NewDisposeScope();
        if (gradientScale != 1)
        {
            _parameters.Gradients.mul_((float)gradientScale);
        }
        foreach (var range in _parameters.Ranges)
        {
            StepRange(range, range.Group.Rate * rateFactor);
        }
    }

    /// <summary>Factor that brings a gradient of the given norm to at most <paramref name="maxNorm"/>, as torch's clip_grad_norm_; 0 or less = never clip.</summary>
    public static double ClipScale(double norm, double maxNorm) => maxNorm <= 0 ? 1 : Math.Min(1, maxNorm / (norm + 1e-6));

    /// <summary>Frees the moments.</summary>
    public void Dispose()
    {
        FirstMoment.Dispose();
        SecondMoment.Dispose();
    }

    private void StepRange(FlatRange range, double rate)
    {
        using var scope = NewDisposeScope();
        Tensor Part(Tensor flat) => flat.narrow(0, range.Offset, range.Length);
        var (value, gradient, first, second) = (Part(_parameters.Values), Part(_parameters.Gradients), Part(FirstMoment), Part(SecondMoment));
        var correction1 = 1 - Math.Pow(_options.Beta1, Steps);
        var correction2 = 1 - Math.Pow(_options.Beta2, Steps);
        if (range.Group.WeightDecay != 0)
        {
            value.mul_((float)(1 - rate * range.Group.WeightDecay));
        }
        first.mul_((float)_options.Beta1).add_(gradient, (float)(1 - _options.Beta1));
        second.mul_((float)_options.Beta2).addcmul_(gradient, gradient, (float)(1 - _options.Beta2));
        var root = second.sqrt().div_((float)Math.Sqrt(correction2)).add_((float)_options.Epsilon);
        value.addcdiv_(first, root, (float)(-rate / correction1));
    }
}
