using Llm2Clip.Layers;
using Llm2Clip.Teachers.Adapter;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Training.Stage1;

/// <summary>
/// Starts an adapter's last layer at half-whitening instead of a random projection. With X = U S V' the centered, normalized training
/// vectors, the layer is the leading columns of V S^(-1/2): the output has singular values S^(1/2), so that no few directions decide
/// every cosine.
/// </summary>
internal static class HalfWhitening
{
    /// <summary>Share of the largest eigenvalue below which a direction is taken as noise and not blown up further.</summary>
    private const double Floor = 1e-6;

    /// <summary>Sets the head's weights; <paramref name="centered"/> are training vectors [n, d] without their mean.</summary>
    public static void Initialize(CcAdapterModule module, Tensor centered)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var (rows, width) = (centered.shape[0], centered.shape[1]);
        var x = module.Scale(centered).to_type(ScalarType.Float64).cpu();
        var (values, vectors) = linalg.eigh(x.t().matmul(x).DividedBy(rows)); // [d] ascending, [d, d] columns
        var usable = Math.Min(width, module.Head.Weight.shape[0]);
        var leading = vectors.narrow(1, width - usable, usable).flip(1).t(); // [usable, d], largest first
        var spread = values.narrow(0, width - usable, usable).flip(0);
        var largest = spread[0].item<double>();
        var factors = spread.AtLeast(largest * Floor).ToPower(-0.25).unsqueeze(1); // eigenvalues are squared singular values
        var weight = leading * factors;

        // As large as torch's default initialization of this layer (uniform within 1 / sqrt(d)): one learning rate suits both starts.
        var size = Math.Sqrt(usable / 3.0);
        weight = weight.Times(size / weight.norm().item<double>());
        module.Head.Weight.narrow(0, 0, usable).copy_(weight.to_type(ScalarType.Float32));
        module.Head.Bias!.zero_();
    }
}
