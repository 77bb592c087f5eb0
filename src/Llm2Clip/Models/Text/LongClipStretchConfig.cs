using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Llm2Clip.Models.Clip;

namespace Llm2Clip.Models.Text;

/// <summary>The <c>longclip_stretch</c> section of a run file.</summary>
public sealed record LongClipStretchConfig
{
    [Description("CLIP whose text tower is stretched, whole or the text tower alone: a folder in the layout of Hugging Face or open_clip, "
        + "or OpenAI's or Long-CLIP's weights as safetensors.")]
    public string Model { get; init; } = "";

    [Description("Folder that is written.")]
    public string Output { get; init; } = "";

    [Description("First positions that stay as they are; the others are stretched. Long-CLIP keeps 20, which published CLIPs are trained "
        + "best on.")]
    [Range(0, 1 << 20)]
    public int Keep { get; init; } = ClipTextConfig.LongClipKept;

    [Description("New positions per old one behind those. More ratio or less keep: longer texts, and a little worse on short ones.")]
    [Range(1, 1024)]
    public double Ratio { get; init; } = 4;

    [Description("Positions of the new tower; empty = all that keep and ratio reach, 248 of 77 positions.")]
    [Range(2, 1 << 20)]
    public int? Length { get; init; }

    [Description("hugging_face | open_clip | open_ai: layout that is written. open_ai has both tables of positions, as Long-CLIP's files; "
        + "the others one.")]
    public ClipLayout Layout { get; init; }
}
