using System.ComponentModel;
using System.ComponentModel.DataAnnotations;

namespace Llm2Clip.Training.LongClip;

/// <summary>Among which images of a batch the directions of primary component matching are found.</summary>
public enum PcmScope
{
    /// <summary>All of the batch.</summary>
    Batch,

    /// <summary>Each part of the batch by itself, as each process of the original does.</summary>
    Rank,
}

/// <summary>The <c>longclip.pcm</c> section of a run file: primary component matching (<see cref="PrimaryComponents"/>).</summary>
public sealed record PcmConfig
{
    [Description("Directions in which the images of a batch vary most, to which images are reduced before they meet short captions; 32 in "
        + "Long-CLIP. 0 = none are dropped: short captions meet the images as they are.")]
    [Range(0, 1 << 16)]
    public int K { get; init; } = 32;

    [Description("batch | rank: the directions of the whole batch, or of each rank_size images, as on as many processes in Long-CLIP.")]
    public PcmScope Scope { get; init; }

    [Description("Images per rank where scope is rank; 128 in Long-CLIP.")]
    [Range(2, 1 << 20)]
    public int RankSize { get; init; } = 128;

    /// <summary>Parts of a batch with directions of their own.</summary>
    internal int Blocks(long images) => Scope == PcmScope.Rank ? (int)Math.Max(1, images / RankSize) : 1;
}
