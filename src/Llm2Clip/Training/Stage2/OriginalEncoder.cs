using Llm2Clip.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Training.Stage2;

/// <summary>
/// The image encoder as it was at the start of the run, for the retention term. A student that was trained before brings its own projection
/// or head, and image features are compared. Where these are new, they mean nothing yet, and the pooled features before them are compared.
/// </summary>
/// <param name="student">A second student, as the run started with it; disposed with this.</param>
/// <param name="isProjected">Whether features are compared behind the projection or head.</param>
internal sealed class OriginalEncoder(Student student, bool isProjected) : IDisposable
{
    /// <summary>Whether features are compared behind the projection or head.</summary>
    public bool IsProjected => isProjected;

    /// <summary>Features of uint8 pixels [B, S, S, 3], without gradient and noise: [B, D] or, before the projection, [B, F].</summary>
    public Tensor Encode(Tensor images)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var pixels = Pixels.Normalize(images, student.Transform);
        return (isProjected ? student.EncodeImage(pixels) : student.ImageEncoder.Pool(pixels)).MoveToOuterDisposeScope();
    }

    /// <summary>Frees the weights.</summary>
    public void Dispose() => student.Dispose();
}
