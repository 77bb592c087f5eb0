using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Llm2Clip.Training.Losses;

/// <summary>The loss between images and captions that stage 2 trains with; <c>clip_train.loss</c> chooses it.</summary>
public interface IContrastiveLoss : IDisposable
{
    /// <summary>
    /// Parameters that the loss learns itself, fp32 scalars or vectors, by name; empty where it has none. They are optimized without weight
    /// decay at the rate of logit_scale, and kept in checkpoints and beside the exported model.
    /// </summary>
    IReadOnlyList<(string Name, Parameter Parameter)> Parameters { get; }

    /// <summary>The loss of a batch, an fp32 scalar with gradient.</summary>
    Tensor Of(ContrastiveBatch batch);
}
