using Llm2Clip.Engine;
using static TorchSharp.torch;

namespace Llm2Clip.Training;

/// <summary>Constants of AdamW. Defaults are CLIP's for vision transformers.</summary>
public sealed record AdamWOptions(double Beta1 = 0.9, double Beta2 = 0.98, double Epsilon = 1e-6);

/// <summary>
/// AdamW (https://arxiv.org/abs/1711.05101) over flat buffers: one pass over memory for all groups, see <see cref="ITensorKernels"/>.
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
    /// One step with every group's peak rate times <paramref name="rateFactor"/>. Gradients count times
    /// <paramref name="gradientScale"/>, which is where clipping comes in: <see cref="ClipScale"/>.
    /// </summary>
    public void Step(double rateFactor, double gradientScale = 1)
    {
        Steps++;
        OptimizerSegment[] segments = [.. _parameters.Ranges.Select(range =>
            new OptimizerSegment(range.Offset, range.Length, range.Group.Rate * rateFactor, range.Group.WeightDecay))];
        Engines.Current.Kernels.AdamW(
            _parameters.Values, _parameters.Gradients, FirstMoment, SecondMoment, segments,
            _options.Beta1, _options.Beta2, _options.Epsilon, Steps, gradientScale);
    }

    /// <summary>Factor that brings a gradient of the given norm to at most <paramref name="maxNorm"/>, as torch's clip_grad_norm_; 0 or less = never clip.</summary>
    public static double ClipScale(double norm, double maxNorm) => maxNorm <= 0 ? 1 : Math.Min(1, maxNorm / (norm + 1e-6));

    /// <summary>Frees the moments.</summary>
    public void Dispose()
    {
        FirstMoment.Dispose();
        SecondMoment.Dispose();
    }
}
