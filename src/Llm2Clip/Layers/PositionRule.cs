namespace Llm2Clip.Layers;

/// <summary>
/// How learned positions come to another grid. The libraries that published the models differ; at the native grid all rules give the
/// table itself.
/// </summary>
public enum PositionRule
{
    /// <summary>
    /// Bicubic with a = -0.75, samples beyond the edge clamped, no antialiasing, align_corners false: Hugging Face's CLIP, SigLIP and
    /// DINOv2 (<c>interpolate_pos_encoding</c>) and eva_clip's EVA02.
    /// </summary>
    Bicubic,

    /// <summary>
    /// Bicubic with a = -0.5, weights normalized at the edge and widened when shrinking (antialias), align_corners false: open_clip
    /// (<c>resize_pos_embed</c>), timm, and Hugging Face's DINOv2 with registers.
    /// </summary>
    BicubicAntialias,

    /// <summary>
    /// As <see cref="Bicubic"/>, but with align_corners true: eva_clip's <c>resize_clip_pos_embed</c>, which LLM2CLIP uses for OpenAI's
    /// towers (cba3b45 eva_clip/model.py).
    /// </summary>
    BicubicAlignCorners,
}
