using static TorchSharp.torch;

namespace Llm2Clip.Training.Losses;

/// <summary>The losses between images and captions.</summary>
public enum ContrastiveLossKind
{
    /// <summary><see cref="MultiPositiveLoss"/>.</summary>
    MultiPositive,

    /// <summary><see cref="InfoNceLoss"/>. In one word, because the key's value is spelled <c>infonce</c>.</summary>
    Infonce,

    /// <summary><see cref="SigmoidLoss"/>.</summary>
    Sigmoid,
}

/// <summary>What the losses differ in besides their formula.</summary>
internal static class ContrastiveLossKinds
{
    /// <summary>Start of the factor on cosines: CLIP's 1 / 0.07, SigLIP's 10.</summary>
    public static double ScaleStart(this ContrastiveLossKind kind) => kind == ContrastiveLossKind.Sigmoid ? 10 : 1 / 0.07;

    /// <summary>Whether the loss is a cross-entropy over candidates, whose labels can be smoothed and mixed with the teacher's.</summary>
    public static bool HasLabels(this ContrastiveLossKind kind) => kind != ContrastiveLossKind.Sigmoid;

    /// <summary>Makes the loss; its own parameters, if any, are on <paramref name="device"/>.</summary>
    public static IContrastiveLoss Create(this ContrastiveLossKind kind, SoftLabels labels, Device device) => kind switch
    {
        ContrastiveLossKind.MultiPositive => new MultiPositiveLoss(labels),
        ContrastiveLossKind.Infonce => new InfoNceLoss(labels),
        ContrastiveLossKind.Sigmoid => new SigmoidLoss(device),
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "unknown loss"),
    };
}
