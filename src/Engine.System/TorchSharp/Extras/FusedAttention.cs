using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.NativeMethods;
using static TorchSharp.torch;

namespace Llm2Clip.Engine.Torch;

/// <summary>Multi-head attention on the CPU that copies and transposes nothing; products and softmax are fp32, heads are shared among the threads.</summary>
public static class FusedAttention
{
    /// <summary>Whether this process has the BLAS entry that it computes with; libtorch builds with a BLAS of their own inside may lack it.</summary>
    public static bool IsSupported => l2c_has_attention() != 0;

    /// <summary>
    /// softmax(q k^T / sqrt(W/H)) v for each of H heads; differentiable once. Throws <see cref="ExternalException"/> for shapes that do not fit
    /// and for tensors that are not fp32 or bf16 on the CPU.
    /// </summary>
    /// <param name="packed">[B, T, 3W]: queries, keys and values as one projection leaves them; [B, T, 2W] without queries where these are given.</param>
    /// <param name="query">[B, Q, W], or null.</param>
    /// <param name="heads">H.</param>
    /// <returns>[B, Q, W] (Q = T without <paramref name="query"/>), in the inputs' format.</returns>
    public static Tensor Apply(Tensor packed, Tensor query, long heads) => l2c_attention(packed, query, heads);
}
