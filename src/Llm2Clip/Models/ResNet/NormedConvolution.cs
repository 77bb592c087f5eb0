using Llm2Clip.Layers;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Models.ResNet;

/// <summary>
/// A convolution and the batch norm behind it, which published weights name side by side. Running statistics are multiplied into the
/// weights of each pass, which costs as much as the weights have elements instead of what the images have; the gradients of both are the
/// same.
/// </summary>
internal sealed class NormedConvolution
{
    /// <summary>Both with new weights. A folded network has a bias in the place of a norm.</summary>
    public NormedConvolution(int inputs, int outputs, int side, int stride, ResNetSettings settings, Device device)
    {
        var isFolded = settings.BatchNorm == BatchNormMode.Folded;
        Convolution = new Convolution(inputs, outputs, side, stride, isFolded, device);
        Norm = isFolded ? null : new BatchNorm(outputs, settings, device);
    }

    /// <summary>The convolution.</summary>
    public Convolution Convolution { get; }

    /// <summary>The batch norm; null in a folded network.</summary>
    public BatchNorm? Norm { get; }

    /// <summary>Names both as parts of a module.</summary>
    public void Register(nn.Module into, string convolution, string norm)
    {
        into.register_module(convolution, Convolution);
        if (Norm is not null)
        {
            into.register_module(norm, Norm);
        }
    }

    /// <summary>[B, in, H, W] to [B, out, H', W']. The result belongs to the caller alone, who may change it in place.</summary>
    public Tensor Apply(Tensor x)
    {
        using var scope = NewDisposeScope();
        if (Norm is null)
        {
            return Convolution.call(x).MoveToOuterDisposeScope();
        }
        if (Norm.UsesBatch)
        {
            return Norm.call(Convolution.call(x)).MoveToOuterDisposeScope();
        }
        var (weight, bias) = Folded();
        return Convolution.Convolve(x, weight, bias).MoveToOuterDisposeScope();
    }

    /// <summary>Makes the weights of a folded network those of <paramref name="other"/>, which has a norm.</summary>
    public void TakeFolded(NormedConvolution other)
    {
        using var off = no_grad();
        using var scope = NewDisposeScope();
        var (weight, bias) = other.Folded();
        Convolution.Weight.copy_(weight);
        Convolution.Bias!.copy_(bias);
    }

    private (Tensor Weight, Tensor Bias) Folded()
    {
        var (factor, addend) = Norm!.Affine();
        return (Convolution.Weight * factor.view(-1, 1, 1, 1), addend);
    }
}
