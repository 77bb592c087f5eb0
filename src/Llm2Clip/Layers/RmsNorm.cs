using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Llm2Clip.Layers;

/// <summary>
/// RMS norm over the last dimension, x / sqrt(mean(x^2) + epsilon) * weight, always computed in fp32 (https://arxiv.org/abs/1910.07467).
/// </summary>
internal sealed class RmsNorm : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "weight")]
    private readonly Parameter _weight; // [width]

    private readonly long _width;
    private readonly double _epsilon;

    /// <summary>Starts with weights of 1.</summary>
    public RmsNorm(long width, double epsilon, Device device)
        : base(nameof(RmsNorm))
    {
        (_width, _epsilon) = (width, epsilon);
        _weight = OwnedWeights.New([width], device, 1);
        RegisterComponents();
    }

    /// <summary>x: [..., width], any float type, to fp32 of the same shape.</summary>
    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        var values = x.InFp32();
        // libtorch's norm reads x once and writes nothing of its size, which the mean of a square would.
        var inverse = values.norm((int)x.dim() - 1, true).Squared().DividedBy(_width).Plus(_epsilon).rsqrt(); // [..., 1]
        return (values * inverse).mul_(_weight).MoveToOuterDisposeScope();
    }
}
