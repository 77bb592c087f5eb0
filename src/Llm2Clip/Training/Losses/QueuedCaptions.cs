using Llm2Clip.Layers;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Training.Losses;

/// <summary>Captions that belong to no image of the batch: further negatives of all of its images.</summary>
/// <param name="Features">Text features, [N, D], normalized.</param>
/// <param name="Mask">
/// [N]: 0, or <see cref="Gone"/> where the caption is one of the batch's images' after all and does not count. It is added to the logits.
/// </param>
public sealed record QueuedCaptions(Tensor Features, Tensor Mask)
{
    /// <summary>Far below any logit, and finite.</summary>
    public const float Gone = -1e30f;

    /// <summary>
    /// Logits exp(logScale) cos of images and queued captions, [I, N]. The factor goes to the images, the smaller side, and the mask is the
    /// product's bias: no pass over I x N numbers but the product itself.
    /// </summary>
    /// <param name="images">[I, D], not normalized.</param>
    /// <param name="logScale">Natural logarithm of the factor, scalar.</param>
    internal Tensor Logits(Tensor images, Tensor logScale)
    {
        using var scope = NewDisposeScope();
        return Precision.Fp32.Product(logScale.exp() * images.InFp32().Normalize(), Features, Mask).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Logarithm of the sum of the exponentials of each image's logits, [I]: all that a softmax needs to know of further columns.
    /// </summary>
    internal Tensor LogSums(Tensor images, Tensor logScale)
    {
        using var scope = NewDisposeScope();
        return Logits(images, logScale).logsumexp(1).MoveToOuterDisposeScope();
    }
}
