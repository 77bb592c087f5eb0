using Llm2Clip.Layers;
using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Llm2Clip.Models.ResNet;

/// <summary>
/// Batch norm over the channels of [B, C, H, W] (https://arxiv.org/abs/1502.03167): (x - mean) / sqrt(variance + epsilon) * weight + bias,
/// with the statistics of the batch or running ones, always computed in fp32.
/// </summary>
internal sealed class BatchNorm : nn.Module<Tensor, Tensor>
{
    /// <summary>Share of a new batch's statistics in the running ones; torch's default.</summary>
    private const double Momentum = 0.1;

    [ComponentName(Name = "weight")]
    private readonly Parameter _weight; // [C]

    [ComponentName(Name = "bias")]
    private readonly Parameter _bias; // [C]

    [ComponentName(Name = "running_mean")]
    private readonly Tensor _mean; // [C]

    [ComponentName(Name = "running_var")]
    private readonly Tensor _variance; // [C]

    private readonly ResNetSettings _settings;

    /// <summary>Starts as torch's: weight 1, bias 0, running mean 0, running variance 1.</summary>
    public BatchNorm(int channels, ResNetSettings settings, Device device)
        : base(nameof(BatchNorm))
    {
        _settings = settings;
        _weight = OwnedWeights.New([channels], device, 1);
        _bias = OwnedWeights.New([channels], device);
        _mean = Buffer(channels, 0, device);
        _variance = Buffer(channels, 1, device);
        RegisterComponents();
    }

    /// <summary>[C], fp32.</summary>
    public Parameter Weight => _weight;

    /// <summary>
    /// Whether the statistics are the batch's: in a pass of training, where the network's batch norms train and this one's block does. A
    /// locked block is as in evaluation, running statistics included, so that what it computes can be kept.
    /// </summary>
    public bool UsesBatch => _settings.BatchNorm == BatchNormMode.Trained && _settings.Noise.Active && _weight.requires_grad;

    /// <summary>
    /// Running statistics with weight and bias as one factor and one addend per channel, [C] each; differentiable by weight and bias.
    /// </summary>
    public (Tensor Factor, Tensor Addend) Affine()
    {
        using var scope = NewDisposeScope();
        var factor = _weight * _variance.Plus(_settings.Epsilon).rsqrt();
        var addend = _bias - _mean * factor;
        return (factor.MoveToOuterDisposeScope(), addend.MoveToOuterDisposeScope());
    }

    /// <summary>
    /// x: [B, C, H, W], any float type, to the same. With the batch's statistics the running ones take their part in it, once per batch: in
    /// the pass whose gradient is asked for, as GradCache encodes each micro-batch without one before.
    /// </summary>
    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        var batch = UsesBatch;
        if (batch && x.numel() == x.shape[1])
        {
            throw new ConfigException(
                "A batch of one image gives batch norm one value per channel, whose variance is 0. Raise clip_train.batch_size or "
                + "clip_train.micro_batch, use larger images, or set model.batch_norm: frozen.");
        }
        var momentum = batch && is_grad_enabled() ? Momentum : 0;
        return nn.functional.batch_norm(x, _mean, _variance, _weight, _bias, batch, momentum, _settings.Epsilon).MoveToOuterDisposeScope();
    }

    private static Tensor Buffer(int channels, double value, Device device)
    {
        using var scope = NewDisposeScope();
        return Scalars.Filled([channels], value, ScalarType.Float32, device).DetachFromDisposeScope();
    }
}
