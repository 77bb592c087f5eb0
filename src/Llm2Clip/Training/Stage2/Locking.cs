using Llm2Clip.Models;
using Llm2Clip.Training.Optimizer;

namespace Llm2Clip.Training.Stage2;

/// <summary>
/// Which parameters of a student train: locked-image tuning (LiT, https://arxiv.org/abs/2111.07991), and its middle ground, in which the
/// last blocks alone train. Text adapter, image head and logit_scale always do.
/// </summary>
internal static class Locking
{
    /// <summary>
    /// Whether a parameter trains. What follows the last block trains with it; a projection always trains, unless an image head took its
    /// place.
    /// </summary>
    /// <param name="student">The student.</param>
    /// <param name="name">Name of a parameter of <see cref="Student.NamedParameters"/>.</param>
    /// <param name="unlockedBlocks">Blocks that train, counted from the output; null = all of the tower.</param>
    public static bool Trains(Student student, string name, int? unlockedBlocks)
    {
        var encoder = student.ImageEncoder;
        if (!name.StartsWith(Student.TowerPrefix, StringComparison.Ordinal))
        {
            return true;
        }
        var own = name[Student.TowerPrefix.Length..];
        if (encoder.ProjectionNames.Any(part => TowerNaming.IsPart(own, part)))
        {
            return student.ImageHead is null;
        }
        return LayerNaming.Of(encoder).Visual.Trains(name, unlockedBlocks);
    }

    /// <summary>Throws <see cref="ConfigException"/> where more blocks are to train than the tower has.</summary>
    public static void RequireFit(Student student, int? unlockedBlocks)
    {
        var blocks = student.ImageEncoder.BlockNames.Count;
        if (unlockedBlocks > blocks)
        {
            throw new ConfigException(
                $"clip_train.unlocked_blocks is {unlockedBlocks}, but the image encoder has {blocks} blocks. Leave it out to train all of "
                + "it.");
        }
    }
}
