using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Layers;

/// <summary>Number format of matrix products. Weights, optimizer state, norms, softmax, logits and losses are fp32 either way.</summary>
public enum Precision
{
    /// <summary>Everything in fp32.</summary>
    Fp32,

    /// <summary>
    /// Inputs of matrix products are cast to bf16, which a CPU with AVX512-BF16 or a GPU multiplies several times faster; other CPUs take
    /// as long as for fp32.
    /// </summary>
    Bf16,
}

/// <summary>A layer with matrix products of a chosen format.</summary>
internal interface IProducts
{
    /// <summary>Format of the products.</summary>
    Precision Precision { get; set; }
}

/// <summary>Explicit casts, so that precision works the same on every engine and device.</summary>
internal static class Precisions
{
    /// <summary>Sets the format of the products of all layers in a module.</summary>
    internal static void SetPrecision(this nn.Module module, Precision precision)
    {
        foreach (var layer in module.modules().OfType<IProducts>())
        {
            layer.Precision = precision;
        }
    }

    /// <summary>The tensor as an input of a matrix product; itself where it has the format already.</summary>
    public static Tensor ForProduct(this Tensor tensor, Precision precision) =>
        precision == Precision.Bf16 && tensor.dtype != ScalarType.BFloat16 ? tensor.to_type(ScalarType.BFloat16) : tensor;

    /// <summary>
    /// x W^T + b with all three in the precision's format, as is the result: [..., in] to [..., out] with W [out, in] and b [out]. Sums
    /// are fp32 in either format. Differentiable.
    /// </summary>
    /// <exception cref="ArgumentException">The shapes do not fit, which in TorchSharp 0.107 would end the process.</exception>
    public static Tensor Product(this Precision precision, Tensor x, Tensor weight, Tensor? bias = null)
    {
        RequireFit(x, weight, bias);
        using var scope = NewDisposeScope();
        var product = nn.functional.linear(x.ForProduct(precision), weight.ForProduct(precision), bias?.ForProduct(precision));
        return product.MoveToOuterDisposeScope();
    }

    /// <summary>The tensor in fp32; itself where it is already.</summary>
    public static Tensor InFp32(this Tensor tensor) => tensor.dtype == ScalarType.Float32 ? tensor : tensor.to_type(ScalarType.Float32);

    private static void RequireFit(Tensor x, Tensor weight, Tensor? bias)
    {
        var fits = x.dim() > 0 && weight.dim() == 2 && x.size(-1) == weight.size(1)
            && (bias is null || (bias.dim() == 1 && bias.size(0) == weight.size(0)));
        if (!fits)
        {
            static string Text(Tensor tensor) => $"[{string.Join(", ", tensor.shape)}]";
            var with = bias is null ? "" : $" and a bias of {Text(bias)}";
            throw new ArgumentException($"An input of {Text(x)} does not fit weights of {Text(weight)}{with}.", nameof(x));
        }
    }
}
