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
}

/// <summary>Element-wise functions, in the format of their input.</summary>
public static class Activations
{
    /// <summary>Applies the activation.</summary>
    public static Tensor Apply(this Activation activation, Tensor x)
    {
        using var scope = NewDisposeScope();
        var y = activation == Activation.Gelu ? nn.functional.gelu(x) : x * sigmoid(x.Times(1.702f));
        return y.MoveToOuterDisposeScope();
    }
}
