using System.ComponentModel;
using System.ComponentModel.DataAnnotations;

namespace Llm2Clip.Training.Losses;

/// <summary>The <c>clip_train.retention</c> section: <see cref="RetentionTerm"/>.</summary>
public sealed record RetentionConfig
{
    [Description("Factor of the term, which is added to the loss: the mean over images of 1 - cosine between the features that the encoder "
        + "gives now and those that it gave at the start of the run. A student of clip_train.init is compared by its image vectors, an "
        + "encoder of model.init by its pooled features, as its projection or head is new. 0 = no term; else each image is encoded once "
        + "more, without gradient.")]
    [Range(0.0, 1000.0)]
    public double Weight { get; init; }
}
