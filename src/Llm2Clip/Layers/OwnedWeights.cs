using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Llm2Clip.Layers;

/// <summary>Who owns a weight.</summary>
internal static class OwnedWeights
{
    /// <summary>
    /// An fp32 weight, all of it <paramref name="value"/>, that lives as long as its module. TorchSharp leaves a parameter to the scope it
    /// is made in, which may be a caller's.
    /// </summary>
    public static Parameter New(ReadOnlySpan<long> shape, Device device, double value = 0)
    {
        using var scope = NewDisposeScope();
        var weight = new Parameter(Scalars.Filled(shape, value, ScalarType.Float32, device));
        weight.DetachFromDisposeScope();
        return weight;
    }
}
