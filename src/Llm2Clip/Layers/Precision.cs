using Llm2Clip.Engine;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Layers;

/// <summary>Number format of matrix products. Weights, optimizer state, norms, softmax, logits and losses are fp32 either way.</summary>
public enum Precision
{
    /// <summary>Everything in fp32.</summary>
    Fp32,

    /// <summary>Inputs of matrix products are cast to bf16, which a CPU with AVX512-BF16 or a GPU multiplies several times faster; other CPUs take as long as for fp32.</summary>
    Bf16,
}

/// <summary>Explicit casts, so that precision works the same on every engine and device.</summary>
public static class Precisions
{
    /// <summary>The tensor as an input of a matrix product; itself where it has the format already.</summary>
    public static Tensor ForProduct(this Tensor tensor, Precision precision) =>
        precision == Precision.Bf16 && tensor.dtype != ScalarType.BFloat16 ? tensor.to_type(ScalarType.BFloat16) : tensor;

    /// <summary>x W^T + b with all three in the precision's format, as is the result: [..., in] to [..., out].</summary>
    public static Tensor Product(this Precision precision, Tensor x, Tensor weight, Tensor? bias = null)
    {
        using var scope = NewDisposeScope();
        return Engines.Current.Kernels.Linear(x.ForProduct(precision), weight.ForProduct(precision), bias?.ForProduct(precision)).MoveToOuterDisposeScope();
    }

    /// <summary>The tensor in fp32; itself where it is already.</summary>
    public static Tensor InFp32(this Tensor tensor) => tensor.dtype == ScalarType.Float32 ? tensor : tensor.to_type(ScalarType.Float32);
}
