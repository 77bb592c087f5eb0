using System.ComponentModel;
using System.ComponentModel.DataAnnotations;

namespace Llm2Clip.Evaluation.Classification;

/// <summary>What a linear probe is fitted on.</summary>
public enum ProbedFeatures
{
    /// <summary>The encoder's pooled features, before the projection or head.</summary>
    Pooled,

    /// <summary>The vectors that captions are compared with, of length 1.</summary>
    Image,
}

/// <summary>
/// The <c>eval_linear_probe</c> section of a run file. Model, batch size, seed and device are those of the <c>eval</c> section.
/// </summary>
public sealed record LinearProbeConfig
{
    [Description("Labeled images to fit on: a folder with a folder per class, or tars or lists with a label (label_key).")]
    public string Train { get; init; } = "";

    [Description("Labeled images to score, written like train.")]
    public string Data { get; init; } = "";

    [Description("Field, column or member that holds an image's label. Empty = cls in tars, label in lists; a folder per class has none.")]
    public string LabelKey { get; init; } = "";

    [Description("pooled | image: the encoder's pooled features, before the projection or head, as in CLIP's paper, or the vectors that "
        + "captions are compared with.")]
    public ProbedFeatures Features { get; init; } = ProbedFeatures.Pooled;

    [Description("Share of each class's training images that choose the penalty; the probe is then fitted on all of them.")]
    [Range(0.01, 0.9)]
    public double HeldOut { get; init; } = 0.2;

    [Description("Steps of L-BFGS per fit at most.")]
    [Range(1, 1_000_000)]
    public int MaxIterations { get; init; } = 1000;

    [Description("Folder of the encoder's features, which are computed once; empty = features, in the folder of linear-probe.json.")]
    public string FeatureCache { get; init; } = "";

    [Description("Folder for linear-probe.json; empty = as for eval retrieval.")]
    public string Output { get; init; } = "";
}
