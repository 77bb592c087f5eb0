using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Llm2Clip.Layers;

/// <summary>Who owns a weight.</summary>
internal static class OwnedWeights
{
    /// <summary>
    /// A weight, all of it <paramref name="value"/>, that lives as long as its module. TorchSharp leaves a parameter to the scope it is
    /// made in, which may be a caller's.
    /// </summary>
    public static Parameter New(
        ReadOnlySpan<long> shape, Device device, double value = 0, ScalarType dtype = ScalarType.Float32)
    {
        using var scope = NewDisposeScope();
        var weight = new Parameter(Scalars.Filled(shape, value, dtype, device));
        weight.DetachFromDisposeScope();
        return weight;
    }
}
