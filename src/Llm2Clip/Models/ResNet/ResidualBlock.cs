using Llm2Clip.Layers;
using TorchSharp;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Llm2Clip.Models.ResNet;

/// <summary>relu(branch(x) + shortcut(x)) (https://arxiv.org/abs/1512.03385, figure 2).</summary>
internal abstract class ResidualBlock(string name, ResNetSettings settings) : nn.Module<Tensor, Tensor>(name)
{
    /// <summary>Rate of stochastic depth.</summary>
    public double DropPath { get; set; }

    /// <summary>Convolutions and norms of branch and shortcut.</summary>
    public abstract IEnumerable<NormedConvolution> Layers { get; }

    /// <summary>The last norm of the branch, which a start may set to zero; null in a folded network.</summary>
    public abstract BatchNorm? Last { get; }

    /// <summary>[B, in, H, W] to [B, out, H / stride, W / stride].</summary>
    public sealed override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        var branch = settings.Noise.DropPath(Branch(x), DropPath);
        // In place, as neither convolution nor norm needs its result for the gradient.
        return branch.Add(Shortcut(x), 1).relu_().MoveToOuterDisposeScope();
    }

    /// <summary>What is learned beside the identity.</summary>
    protected abstract Tensor Branch(Tensor x);

    /// <summary>The identity, at the branch's size.</summary>
    protected abstract Tensor Shortcut(Tensor x);
}

/// <summary>torchvision's <c>BasicBlock</c>: two 3 x 3 convolutions, the stride in the first.</summary>
internal sealed class BasicBlock : ResidualBlock
{
    [ComponentName(Name = "conv1")]
    private readonly Convolution _conv1;

    [ComponentName(Name = "bn1")]
    private readonly BatchNorm? _norm1;

    [ComponentName(Name = "conv2")]
    private readonly Convolution _conv2;

    [ComponentName(Name = "bn2")]
    private readonly BatchNorm? _norm2;

    [ComponentName(Name = "downsample")]
    private readonly Downsample? _downsample;

    private readonly NormedConvolution _first;
    private readonly NormedConvolution _second;

    public BasicBlock(int inputs, int width, int stride, ResNetSettings settings, Device device)
        : base(nameof(BasicBlock), settings)
    {
        _first = new NormedConvolution(inputs, width, 3, stride, settings, device);
        _second = new NormedConvolution(width, width, 3, 1, settings, device);
        (_conv1, _norm1, _conv2, _norm2) = (_first.Convolution, _first.Norm, _second.Convolution, _second.Norm);
        _downsample = stride > 1 || inputs != width ? new Downsample(inputs, width, stride, settings, device) : null;
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override IEnumerable<NormedConvolution> Layers =>
        _downsample is null ? [_first, _second] : [_first, _second, _downsample.Layer];

    /// <inheritdoc/>
    public override BatchNorm? Last => _norm2;

    /// <inheritdoc/>
    protected override Tensor Branch(Tensor x) => _second.Apply(_first.Apply(x).relu_());

    /// <inheritdoc/>
    protected override Tensor Shortcut(Tensor x) => _downsample is null ? x : _downsample.call(x);
}

/// <summary>
/// torchvision's <c>Bottleneck</c>: 1 x 1, 3 x 3 and 1 x 1 convolutions, the outermost four times as wide, the stride in the 3 x 3 one
/// ("ResNet V1.5").
/// </summary>
internal sealed class Bottleneck : ResidualBlock
{
    /// <summary>Width of the result as a multiple of the 3 x 3 convolution's.</summary>
    public const int Expansion = 4;

    [ComponentName(Name = "conv1")]
    private readonly Convolution _conv1;

    [ComponentName(Name = "bn1")]
    private readonly BatchNorm? _norm1;

    [ComponentName(Name = "conv2")]
    private readonly Convolution _conv2;

    [ComponentName(Name = "bn2")]
    private readonly BatchNorm? _norm2;

    [ComponentName(Name = "conv3")]
    private readonly Convolution _conv3;

    [ComponentName(Name = "bn3")]
    private readonly BatchNorm? _norm3;

    [ComponentName(Name = "downsample")]
    private readonly Downsample? _downsample;

    private readonly NormedConvolution _first;
    private readonly NormedConvolution _second;
    private readonly NormedConvolution _third;
    private readonly int _pool;

    /// <param name="inputs">Channels of the input.</param>
    /// <param name="width">Channels of the 3 x 3 convolution.</param>
    /// <param name="stride">Of the whole block.</param>
    /// <param name="antialiased">As in CLIP: no convolution has a stride, but means of stride x stride windows are taken before the last
    /// one, and before the shortcut's (openai/CLIP dcba3cb clip/model.py#L10).</param>
    /// <param name="settings">Batch norm and noise.</param>
    /// <param name="device">Where to compute.</param>
    public Bottleneck(int inputs, int width, int stride, bool antialiased, ResNetSettings settings, Device device)
        : base(nameof(Bottleneck), settings)
    {
        _pool = antialiased ? stride : 1;
        _first = new NormedConvolution(inputs, width, 1, 1, settings, device);
        _second = new NormedConvolution(width, width, 3, antialiased ? 1 : stride, settings, device);
        _third = new NormedConvolution(width, Expansion * width, 1, 1, settings, device);
        (_conv1, _norm1, _conv2, _norm2) = (_first.Convolution, _first.Norm, _second.Convolution, _second.Norm);
        (_conv3, _norm3) = (_third.Convolution, _third.Norm);
        _downsample = stride > 1 || inputs != Expansion * width
            ? new Downsample(inputs, Expansion * width, antialiased ? 1 : stride, settings, device)
            : null;
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override IEnumerable<NormedConvolution> Layers =>
        _downsample is null ? [_first, _second, _third] : [_first, _second, _third, _downsample.Layer];

    /// <inheritdoc/>
    public override BatchNorm? Last => _norm3;

    /// <inheritdoc/>
    protected override Tensor Branch(Tensor x)
    {
        var inner = _second.Apply(_first.Apply(x).relu_()).relu_();
        return _third.Apply(Pooled(inner));
    }

    /// <inheritdoc/>
    protected override Tensor Shortcut(Tensor x) => _downsample is null ? x : _downsample.call(Pooled(x));

    private Tensor Pooled(Tensor x) => _pool == 1 ? x : nn.functional.avg_pool2d(x, _pool);
}

/// <summary>The shortcut's 1 x 1 convolution and norm, <c>downsample.0</c> and <c>downsample.1</c>.</summary>
internal sealed class Downsample : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "0")]
    private readonly Convolution _convolution;

    [ComponentName(Name = "1")]
    private readonly BatchNorm? _norm;

    public Downsample(int inputs, int outputs, int stride, ResNetSettings settings, Device device)
        : base(nameof(Downsample))
    {
        Layer = new NormedConvolution(inputs, outputs, 1, stride, settings, device);
        (_convolution, _norm) = (Layer.Convolution, Layer.Norm);
        RegisterComponents();
    }

    /// <summary>Both.</summary>
    public NormedConvolution Layer { get; }

    /// <inheritdoc/>
    public override Tensor forward(Tensor x) => Layer.Apply(x);
}
