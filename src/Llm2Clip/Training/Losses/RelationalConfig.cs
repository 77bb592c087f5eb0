using System.ComponentModel;
using System.ComponentModel.DataAnnotations;

namespace Llm2Clip.Training.Losses;

/// <summary>The <c>clip_train.relational</c> section: <see cref="RelationalTerm"/>.</summary>
public sealed record RelationalConfig
{
    [Description("Factor of the term, which is added to the loss: the mean over images of the divergence KL(teacher || student) between "
        + "shares over the other images of the batch, which follow from the cosines of the images' captions for the teacher, and of their "
        + "features for the student. 0 = no term.")]
    [Range(0.0, 1000.0)]
    public double Weight { get; init; }

    [Description("Factor on the student's cosines before the softmax, 1 / temperature.")]
    [Range(0.1, 1000.0)]
    public double StudentScale { get; init; } = 10;

    [Description("Factor on the teacher's.")]
    [Range(0.1, 1000.0)]
    public double TeacherScale { get; init; } = 10;
}
