namespace Llm2Clip.Training.Losses;

/// <summary>How the labels of a softmax loss are softened.</summary>
/// <param name="Smoothing">Share of the label that is spread evenly over all candidates.</param>
/// <param name="TeacherWeight">Share of the targets that follow the teacher's similarities; 0 = none.</param>
/// <param name="TeacherScale">Factor on the teacher's cosines.</param>
internal sealed record SoftLabels(double Smoothing = 0, double TeacherWeight = 0, double TeacherScale = 1)
{
    /// <summary>The teacher's targets for a batch; null where the teacher has no weight.</summary>
    internal SoftTargets? TargetsOf(ContrastiveBatch batch) =>
        TeacherWeight > 0 ? SoftTargets.From(batch.TeacherVectors, batch.ImageOfCaption, batch.Count, TeacherWeight, TeacherScale) : null;
}
