using System.ComponentModel;

namespace Llm2Clip.Models.Text;

/// <summary>What texts are padded with that are shorter than the tokenizer's length.</summary>
public enum TextPadding
{
    /// <summary>The end token, as in Stable Diffusion 1 and the first encoder of XL.</summary>
    End,

    /// <summary>The token of id 0, as in the second encoder of Stable Diffusion XL, open_clip and Long-CLIP.</summary>
    Zero,
}

/// <summary>The <c>longclip_export</c> section of a run file.</summary>
public sealed record LongClipExportConfig
{
    [Description("CLIP whose text tower is written, whole or the text tower alone, in any layout that longclip stretch reads, or what "
        + "longclip train wrote.")]
    public string Model { get; init; } = "";

    [Description("Folder that is written: text encoder and tokenizer as transformers opens them.")]
    public string Output { get; init; } = "";

    [Description("Whether the projection is written: CLIPTextModelWithProjection, as the second encoder of Stable Diffusion XL; false = "
        + "CLIPTextModel, as that of Stable Diffusion 1 and the first of XL.")]
    public bool Projection { get; init; } = true;

    [Description("end | zero: what the tokenizer pads texts with. A diffusion model sees the padding: take what its own tokenizer has, the "
        + "end token for Stable Diffusion 1 and XL's first encoder, id 0 for XL's second.")]
    public TextPadding Padding { get; init; }
}
