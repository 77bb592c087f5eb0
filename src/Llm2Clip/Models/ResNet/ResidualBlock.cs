using Llm2Clip.Layers;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Models.ResNet;

/// <summary>
/// relu(branch(x) + shortcut(x)) (https://arxiv.org/abs/1512.03385, figure 2), with torchvision's names: <c>conv1</c>, <c>bn1</c> and so on
/// of the branch, <c>downsample</c> of a shortcut that is not the identity.
/// </summary>
internal sealed class ResidualBlock : nn.Module<Tensor, Tensor>
{
    /// <summary>Width of a bottleneck's result as a multiple of its 3 x 3 convolution's.</summary>
    public const int Expansion = 4;

    private readonly ResNetSettings _settings;
    private readonly IReadOnlyList<NormedConvolution> _branch;
    private readonly Downsample? _downsample;
    private readonly int _pool;

    /// <param name="settings">Batch norm and noise.</param>
    /// <param name="branch">Convolutions and norms of the branch, a relu between them.</param>
    /// <param name="downsample">Convolution and norm of the shortcut; null for the identity.</param>
    /// <param name="pool">Side of the windows whose means the last of the branch, and the shortcut's, see; 1 = none.</param>
    private ResidualBlock(ResNetSettings settings, IReadOnlyList<NormedConvolution> branch, Downsample? downsample, int pool)
        : base(nameof(ResidualBlock))
    {
        (_settings, _branch, _downsample, _pool) = (settings, branch, downsample, pool);
        for (var i = 0; i < branch.Count; i++)
        {
            branch[i].Register(this, $"conv{i + 1}", $"bn{i + 1}");
        }
        if (downsample is not null)
        {
            register_module("downsample", downsample);
        }
    }

    /// <summary>Rate of stochastic depth.</summary>
    public double DropPath { get; set; }

    /// <summary>Convolutions and norms of branch and shortcut.</summary>
    public IEnumerable<NormedConvolution> Layers => _downsample is null ? _branch : [.. _branch, _downsample.Layer];

    /// <summary>The last norm of the branch, which a start may set to zero; null in a folded network.</summary>
    public BatchNorm? Last => _branch[^1].Norm;

    /// <summary>torchvision's <c>BasicBlock</c>: two 3 x 3 convolutions, the stride in the first.</summary>
    public static ResidualBlock Basic(int inputs, int width, int stride, ResNetSettings settings, Device device) => new(
        settings,
        [
            new NormedConvolution(inputs, width, 3, stride, settings, device),
            new NormedConvolution(width, width, 3, 1, settings, device),
        ],
        stride > 1 || inputs != width ? new Downsample(inputs, width, stride, settings, device) : null,
        pool: 1);

    /// <summary>
    /// torchvision's <c>Bottleneck</c>: 1 x 1, 3 x 3 and 1 x 1 convolutions, the outermost four times as wide, the stride in the 3 x 3 one
    /// ("ResNet V1.5").
    /// </summary>
    /// <param name="inputs">Channels of the input.</param>
    /// <param name="width">Channels of the 3 x 3 convolution.</param>
    /// <param name="stride">Of the whole block.</param>
    /// <param name="antialiased">As in CLIP: no convolution has a stride, but means of stride x stride windows are taken before the last
    /// one, and before the shortcut's (openai/CLIP dcba3cb clip/model.py#L10).</param>
    /// <param name="settings">Batch norm and noise.</param>
    /// <param name="device">Where to compute.</param>
    public static ResidualBlock Bottleneck(int inputs, int width, int stride, bool antialiased, ResNetSettings settings, Device device)
    {
        var (outputs, own) = (Expansion * width, antialiased ? 1 : stride); // own: the convolutions' stride
        return new ResidualBlock(
            settings,
            [
                new NormedConvolution(inputs, width, 1, 1, settings, device),
                new NormedConvolution(width, width, 3, own, settings, device),
                new NormedConvolution(width, outputs, 1, 1, settings, device),
            ],
            stride > 1 || inputs != outputs ? new Downsample(inputs, outputs, own, settings, device) : null,
            pool: antialiased ? stride : 1);
    }

    /// <summary>[B, in, H, W] to [B, out, H / stride, W / stride].</summary>
    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        var branch = x;
        foreach (var layer in _branch.SkipLast(1))
        {
            branch = layer.Apply(branch).relu_();
        }
        branch = _settings.Noise.DropPath(_branch[^1].Apply(Pooled(branch)), DropPath);
        var shortcut = _downsample is null ? x : _downsample.call(Pooled(x));
        // In place, as neither convolution nor norm needs its result for the gradient.
        return branch.Add(shortcut, 1).relu_().MoveToOuterDisposeScope();
    }

    private Tensor Pooled(Tensor x) => _pool == 1 ? x : nn.functional.avg_pool2d(x, _pool);
}

/// <summary>The shortcut's 1 x 1 convolution and norm, <c>downsample.0</c> and <c>downsample.1</c>.</summary>
internal sealed class Downsample : nn.Module<Tensor, Tensor>
{
    public Downsample(int inputs, int outputs, int stride, ResNetSettings settings, Device device)
        : base(nameof(Downsample))
    {
        Layer = new NormedConvolution(inputs, outputs, 1, stride, settings, device);
        Layer.Register(this, "0", "1");
    }

    /// <summary>Both.</summary>
    public NormedConvolution Layer { get; }

    /// <inheritdoc/>
    public override Tensor forward(Tensor x) => Layer.Apply(x);
}
