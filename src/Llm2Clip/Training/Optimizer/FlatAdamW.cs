using Llm2Clip.Layers;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Training.Optimizer;

/// <summary>Constants of AdamW. Defaults are CLIP's for vision transformers.</summary>
internal sealed record AdamWOptions(double Beta1 = 0.9, double Beta2 = 0.98, double Epsilon = 1e-6);

/// <summary>
/// AdamW (https://arxiv.org/abs/1711.05101) over flat buffers. With g the gradient times a scale: m = b1 m + (1 - b1) g; v = b2 v + (1 -
/// b2) g^2; p = (1 - lr wd) p - lr / (1 - b1^t) m / (sqrt(v / (1 - b2^t)) + eps), as torch.optim.AdamW. On the CPU it is one pass over
/// memory, for which torch.optim.AdamW takes a dozen for each tensor; elsewhere it is one tensor operation for each term.
/// </summary>
internal sealed class FlatAdamW : IDisposable
{
    private readonly FlatParameters _parameters;
    private readonly AdamWOptions _options;
    private readonly FlatBuffer _first;
    private readonly FlatBuffer _second;

    /// <summary>Moments start at zero.</summary>
    public FlatAdamW(FlatParameters parameters, AdamWOptions options)
    {
        (_parameters, _options) = (parameters, options);
        _first = new FlatBuffer(parameters.Values.numel(), parameters.Device);
        _second = new FlatBuffer(parameters.Values.numel(), parameters.Device);
    }

    /// <summary>Running mean of gradients, [n].</summary>
    public Tensor FirstMoment => _first.Tensor;

    /// <summary>Running mean of squared gradients, [n].</summary>
    public Tensor SecondMoment => _second.Tensor;

    /// <summary>Steps made; part of the state, for the bias correction.</summary>
    public long Steps { get; set; }

    /// <summary>
    /// One step with every group's peak rate times <paramref name="rateFactor"/>. Gradients count times
    /// <paramref name="gradientScale"/>, which is where clipping comes in: <see cref="ClipScale"/>. The gradients themselves stay.
    /// </summary>
    public void Step(double rateFactor, double gradientScale = 1)
    {
        Steps++;
        foreach (var range in _parameters.Ranges)
        {
            var rate = range.Group.Rate * rateFactor;
            if (_first.IsShared)
            {
                var step = new AdamWArithmetic(_options, Steps, rate, range.Group.WeightDecay, gradientScale);
                FlatBuffer.ForEachChunk(range.Offset, range.Length, (at, count) => step.Update(
                    _parameters.ValueBuffer.Span.Slice(at, count), _parameters.GradientBuffer.Span.Slice(at, count),
                    _first.Span.Slice(at, count), _second.Span.Slice(at, count)));
            }
            else
            {
                UpdateTensors(range, rate, gradientScale);
            }
        }
    }

    /// <summary>
    /// Factor that brings a gradient of the given norm to at most <paramref name="maxNorm"/>, as torch's clip_grad_norm_; 0 or less =
    /// never clip.
    /// </summary>
    public static double ClipScale(double norm, double maxNorm) => maxNorm <= 0 ? 1 : Math.Min(1, maxNorm / (norm + 1e-6));

    /// <summary>Frees the moments.</summary>
    public void Dispose()
    {
        _first.Dispose();
        _second.Dispose();
    }

    /// <summary>The step of one range on any device.</summary>
    internal void UpdateTensors(FlatRange range, double rate, double gradientScale)
    {
        using var quiet = no_grad();
        using var scope = NewDisposeScope();
        Tensor Part(Tensor flat) => flat.narrow(0, range.Offset, range.Length);
        var (p, m, v, g) = (Part(_parameters.Values), Part(FirstMoment), Part(SecondMoment), Part(_parameters.Gradients));
        if (gradientScale != 1)
        {
            g = g.Times(gradientScale);
        }
        m.MultiplyBy(_options.Beta1).Add(g, 1 - _options.Beta1);
        v.MultiplyBy(_options.Beta2).AddProduct(g, g, 1 - _options.Beta2);
        var denominator = v.sqrt().DivideBy(Math.Sqrt(1 - Math.Pow(_options.Beta2, Steps))).Add(_options.Epsilon);
        p.MultiplyBy(1 - (rate * range.Group.WeightDecay)).AddQuotient(m, denominator, -rate / (1 - Math.Pow(_options.Beta1, Steps)));
    }
}
