using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Llm2Clip.Bench;

/// <summary>A model whose training steps a plain process runs.</summary>
internal interface IPlainTraining
{
    /// <summary>Number of weights.</summary>
    long Weights { get; }

    /// <summary>One step; returns the loss.</summary>
    float Step();
}

/// <summary>The training step: what <see cref="StudentStep"/> does, with TorchSharp's AdamW.</summary>
internal sealed class PlainStudent : IPlainTraining
{
    private readonly PlainSizes _sizes;
    private readonly Device _place;
    private readonly Module<Tensor, Tensor> _vision;
    private readonly PlainAdapter _adapter;
    private readonly Parameter _scale;
    private readonly Parameter[] _weights;
    private readonly optim.Optimizer _optimizer;
    private readonly byte[] _bytes;
    private readonly Tensor _texts, _labels, _mean, _std;

    public PlainStudent(PlainSizes sizes, bool bf16, Device place)
    {
        (_sizes, _place) = (sizes, place);
        _vision = sizes.ResNet is { } network ? new PlainResNet(network, bf16).to(place) : new PlainVision(sizes, bf16).to(place);
        _adapter = new PlainAdapter(sizes, bf16).to(place);
        _scale = Parameter(tensor(2.659f, device: place));
        _weights = [.. _vision.parameters(), .. _adapter.parameters(), _scale];
        _optimizer = optim.AdamW(_weights, 1e-3, 0.9, 0.98, 1e-6, 0.2);
        _bytes = new byte[sizes.Batch * sizes.ImageSize * sizes.ImageSize * 3];
        new Random(1).NextBytes(_bytes);
        _texts = randn(sizes.Batch, sizes.TeacherDim, device: place);
        _labels = arange(sizes.Batch, dtype: int64, device: place);
        _mean = tensor(new[] { 0.481f, 0.458f, 0.408f }, device: place);
        _std = tensor(new[] { 0.269f, 0.261f, 0.276f }, device: place);
    }

    public long Weights => _weights.Sum(weight => weight.numel());

    /// <summary>One step; returns the loss.</summary>
    public float Step()
    {
        using var scope = NewDisposeScope();
        _optimizer.zero_grad();
        var pixels = tensor(_bytes, [_sizes.Batch, _sizes.ImageSize, _sizes.ImageSize, 3], dtype: uint8).to(_place);
        var input = ((pixels.to(float32) / 255 - _mean) / _std).permute(0, 3, 1, 2);
        var images = functional.normalize(_vision.call(input).to(float32), dim: -1);
        var texts = functional.normalize(_adapter.call(_texts).to(float32), dim: -1);
        var logits = _scale.exp() * images.matmul(texts.t());
        var loss = (functional.cross_entropy(logits, _labels) + functional.cross_entropy(logits.t(), _labels)) / 2;
        loss.backward();
        nn.utils.clip_grad_norm_(_weights, 1);
        _optimizer.step();
        return loss.item<float>();
    }
}
