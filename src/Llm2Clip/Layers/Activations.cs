using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Layers;

/// <summary>Activation between the two products of an MLP.</summary>
public enum Activation
{
    /// <summary>Exact GELU, x Phi(x) by the error function.</summary>
    Gelu,

    /// <summary>x sigmoid(1.702 x), which OpenAI's weights were trained with.</summary>
    QuickGelu,

    /// <summary>GELU by a hyperbolic tangent, 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))), which SigLIP was trained with.</summary>
    GeluTanh,
}

/// <summary>Element-wise functions, in the format of their input.</summary>
internal static class Activations
{
    /// <summary>Applies the activation.</summary>
    public static Tensor Apply(this Activation activation, Tensor x)
    {
        using var scope = NewDisposeScope();
        var y = activation switch
        {
            Activation.Gelu => nn.functional.gelu(x),
            Activation.QuickGelu => x * sigmoid(x.Times(1.702f)),
            _ => nn.functional.gelu(x, TorchSharp.Modules.GELU.Approximate.tanh),
        };
        return y.MoveToOuterDisposeScope();
    }
}
