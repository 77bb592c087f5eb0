using System.ComponentModel;
using System.ComponentModel.DataAnnotations;

namespace Llm2Clip.Training.LongClip;

/// <summary>The <c>longclip.teacher</c> section of a run file: an LLM whose caption vectors the text tower is pulled to.</summary>
public sealed record LongClipTeacherConfig
{
    [Description("What the teacher's term counts in the loss; 0 = no teacher. The text tower's features of captions are pulled to what a "
        + "text adapter makes of their teacher vectors, which extract stored, and away from those of other captions.")]
    [Range(0.0, 1000.0)]
    public double Weight { get; init; }

    [Description("Languages of the captions that are pulled, one of each image per step; images need not meet them. Empty = all.")]
    public IReadOnlyList<string> Languages { get; init; } = [];

    [Description("Student of clip-train whose text adapter is taken as it is: its image tower should be this CLIP's, as vectors are then "
        + "in that student's space. Empty = a new adapter, which trains.")]
    public string Adapter { get; init; } = "";

    [Description("Residual blocks of a new adapter.")]
    [Range(0, 64)]
    public int Blocks { get; init; }

    [Description("Peak learning rate of a new adapter; null = learning_rate.")]
    [Range(0.0, 1.0, MinimumIsExclusive = true)]
    public double? LearningRate { get; init; }
}
