using System.ComponentModel;
using System.ComponentModel.DataAnnotations;

namespace Llm2Clip.Training.Losses;

/// <summary>The <c>clip_train.retention</c> section: <see cref="RetentionTerm"/>, and labeled images that are watched.</summary>
public sealed record RetentionConfig
{
    [Description("Factor of the term, which is added to the loss: the mean over images of 1 - cosine between the features that the encoder "
        + "gives now and those that it gave at the start of the run. A student of clip_train.init is compared by its image vectors, an "
        + "encoder of model.init by its pooled features, as its projection or head is new. 0 = no term; else each image is encoded once "
        + "more, without gradient.")]
    [Range(0.0, 1000.0)]
    public double Weight { get; init; }

    [Description("Labeled images by which the run is watched, at its start and at each evaluation: a folder with a folder per class, or "
        + "tars or lists with a label. Measured is the share whose nearest class mean, of the encoder's pooled features, is that of "
        + "their own class (docs/student.md). Empty = nothing is watched.")]
    public string Data { get; init; } = "";

    [Description("Field, column or member that holds an image's label. Empty = cls in tars, label in lists; a folder per class has none.")]
    public string LabelKey { get; init; } = "";

    [Description("File of classes (docs/classification.md): zero-shot top-1 is measured instead. It needs clip_train.init, a student of "
        + "this teacher, as a new head knows no names. Empty = the nearest class mean.")]
    public string Classes { get; init; } = "";

    [Description("File of prompt templates; empty = they are in the file of classes.")]
    public string Templates { get; init; } = "";

    [Description("Points of that share, in percent, that may be lost: training stops at the evaluation that finds more to be gone, and the "
        + "model is that of the evaluations before. Null = it does not stop.")]
    [Range(0.0, 100.0)]
    public double? MaxDrop { get; init; }
}
