using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Llm2Clip.Layers;

/// <summary>Layer norm over the last dimension, always computed in fp32.</summary>
internal sealed class LayerNorm : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "weight")]
    private readonly Parameter _weight; // [width]

    [ComponentName(Name = "bias")]
    private readonly Parameter _bias; // [width]

    private readonly long[] _shape;
    private readonly double _epsilon;

    /// <summary>Starts as the identity after normalization: weight 1, bias 0.</summary>
    public LayerNorm(long width, double epsilon, Device device)
        : base(nameof(LayerNorm))
    {
        (_shape, _epsilon) = ([width], epsilon);
        _weight = OwnedWeights.New([width], device, 1);
        _bias = OwnedWeights.New([width], device);
        RegisterComponents();
    }

    /// <summary>x: [..., width], any float type, to fp32 of the same shape.</summary>
    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        return nn.functional.layer_norm(x.InFp32(), _shape, _weight, _bias, _epsilon).MoveToOuterDisposeScope();
    }
}
