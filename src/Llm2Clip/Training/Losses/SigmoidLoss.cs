using Llm2Clip.Layers;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Llm2Clip.Training.Losses;

/// <summary>
/// SigLIP's loss (https://arxiv.org/abs/2303.15343): each pair of an image and a caption is a yes-or-no question of its own, with logit
/// exp(logit_scale) cos + bias. The bias is learned and starts at -10, because nearly all pairs are negatives.
/// </summary>
/// <remarks>
/// The paper has one caption per image. With several, all I x C pairs count, each of an image's own captions is a positive, and the sum is
/// divided by the number of positives, C. A pair whose caption has the text of one of the image's own counts neither way. A queued caption
/// makes a negative pair with every image.
/// </remarks>
internal sealed class SigmoidLoss(Device device) : IContrastiveLoss
{
    private const double BiasStart = -10;

    private readonly Parameter _bias = OwnedWeights.New([], device, BiasStart);

    /// <summary>The bias, under open_clip's name.</summary>
    public IReadOnlyList<(string Name, Parameter Parameter)> Parameters => [("logit_bias", _bias)];

    /// <inheritdoc/>
    public Tensor Of(ContrastiveBatch batch) =>
        Between(batch.Images, batch.Captions, batch.LogitScale, _bias, batch.ImageOfCaption, batch.IdenticalCaptions(), batch.Queue);

    /// <summary>
    /// -(1/C) times the sum over all pairs of log sigmoid(y (exp(logScale) cos + bias)), y = 1 for own captions, else -1; a scalar.
    /// </summary>
    /// <param name="image">[I, D].</param>
    /// <param name="caption">[C, D].</param>
    /// <param name="logScale">Natural logarithm of the scale, scalar.</param>
    /// <param name="bias">Added to all logits, scalar.</param>
    /// <param name="imageOfCaption">Row of each caption's image.</param>
    /// <param name="excluded">[I, C]: pairs that do not count; own pairs always do.</param>
    /// <param name="queue">Further captions, which make a negative pair with each image; null for none.</param>
    public static Tensor Between(
        Tensor image, Tensor caption, Tensor logScale, Tensor bias, IReadOnlyList<int> imageOfCaption, Tensor? excluded = null,
        QueuedCaptions? queue = null)
    {
        using var scope = NewDisposeScope();
        var logits = (logScale.exp() * SoftmaxRows.Cosines(image, caption)).Plus(bias); // [I, C]
        var owner = tensor(imageOfCaption.Select(i => (long)i).ToArray(), device: image.device); // [C]
        var own = Scalars.Range(image.shape[0], image.device).unsqueeze(1).eq(owner.unsqueeze(0)); // [I, C]
        var signed = logits * own.to_type(ScalarType.Float32).Times(2).Minus(1);
        // -log sigmoid(v) = log(e^0 + e^-v), the larger of both taken out first
        var losses = stack([zeros_like(signed), -signed], 0).logsumexp(0);
        if (excluded is not null)
        {
            losses = losses.Replaced(excluded.logical_and(own.logical_not()), 0);
        }
        var sum = losses.sum();
        if (queue is not null)
        {
            var negatives = queue.Logits(image, logScale).Plus(bias); // [I, N]
            sum = sum.Plus(logaddexp(zeros_like(negatives), negatives).sum()); // -log sigmoid(-v) = log(1 + e^v)
        }
        return sum.DividedBy(caption.shape[0]).MoveToOuterDisposeScope();
    }

    /// <summary>Frees the bias.</summary>
    public void Dispose() => _bias.Dispose();
}
