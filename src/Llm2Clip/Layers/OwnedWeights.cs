using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Llm2Clip.Layers;

/// <summary>Who owns a weight.</summary>
internal static class OwnedWeights
{
    /// <summary>Takes a tensor over as a weight that lives as long as its module. TorchSharp leaves a parameter to the scope it is made in, which may be a caller's.</summary>
    public static Parameter AsWeight(this Tensor initial)
    {
        var weight = new Parameter(initial);
        weight.DetachFromDisposeScope();
        return weight;
    }
}
