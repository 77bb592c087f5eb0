using Llm2Clip.Layers;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Training.Losses;

/// <summary>
/// Where the teacher puts the captions and images of a batch. The batch mean is subtracted first: teacher vectors share one large
/// direction, beside which all cosines are near 1. An image's place is the mean of its captions'. Made without gradient.
/// </summary>
/// <param name="Captions">[C, T], normalized.</param>
/// <param name="Images">[I, T], normalized.</param>
internal sealed record TeacherPlaces(Tensor Captions, Tensor Images)
{
    /// <summary>From the captions' teacher vectors.</summary>
    /// <param name="vectors">[C, T], not normalized.</param>
    /// <param name="imageOfCaption">Row of each caption's image.</param>
    /// <param name="imageCount">Number of images, I.</param>
    public static TeacherPlaces Of(Tensor vectors, IReadOnlyList<int> imageOfCaption, int imageCount)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var rows = vectors.InFp32().Normalize();
        var captions = (rows - rows.mean([0], true)).Normalize(); // [C, T]
        var owner = tensor(imageOfCaption.Select(i => (long)i).ToArray(), device: vectors.device);
        var images = zeros([imageCount, captions.shape[1]], device: vectors.device).AddRows(owner, captions).Normalize(); // [I, T]
        return new TeacherPlaces(captions.MoveToOuterDisposeScope(), images.MoveToOuterDisposeScope());
    }
}
