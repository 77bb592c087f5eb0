using Llm2Clip.Layers;
using static TorchSharp.torch;

namespace Llm2Clip.Training.Losses;

/// <summary>
/// The teacher's own opinion on which captions resemble which images, as logits for the softmax losses: two photos of running dogs
/// are then no full negatives of each other. An image's place is the mean of its captions' vectors. Made without gradient.
/// </summary>
/// <param name="Weight">Share of the targets that the teacher gives, 0 to 1.</param>
/// <param name="ToText">Logits of captions for each image, [I, C].</param>
/// <param name="ToImage">Logits of images for each caption, [C, I].</param>
internal sealed record SoftTargets(double Weight, Tensor ToText, Tensor ToImage)
{
    /// <summary>From the captions' teacher vectors [C, T], not normalized, by <see cref="TeacherPlaces"/>.</summary>
    /// <param name="vectors">[C, T].</param>
    /// <param name="imageOfCaption">Row of each caption's image.</param>
    /// <param name="imageCount">Number of images.</param>
    /// <param name="weight">Share of the targets.</param>
    /// <param name="scale">Factor on the cosines; larger is sharper.</param>
    public static SoftTargets From(Tensor vectors, IReadOnlyList<int> imageOfCaption, int imageCount, double weight, double scale)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var places = TeacherPlaces.Of(vectors, imageOfCaption, imageCount);
        var logits = places.Images.matmul(places.Captions.t()).Times((float)scale); // [I, C]
        return new SoftTargets(weight, logits.MoveToOuterDisposeScope(), logits.t().MoveToOuterDisposeScope());
    }

    /// <summary>
    /// The targets among caption number <paramref name="number"/> of every image alone, for a batch as <see cref="ContrastiveBatch"/>
    /// orders it. New tensors in the current dispose scope.
    /// </summary>
    public SoftTargets WithCaption(int number)
    {
        var images = ToText.shape[0];
        return this with { ToText = ToText.narrow(1, number * images, images), ToImage = ToImage.narrow(0, number * images, images) };
    }
}
