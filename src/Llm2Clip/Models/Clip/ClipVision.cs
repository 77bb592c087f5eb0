using Llm2Clip.Layers;
using static TorchSharp.torch;

namespace Llm2Clip.Models.Clip;

/// <summary>
/// The vision half of CLIP (https://arxiv.org/abs/2103.00020) as OpenAI trained it and Hugging Face names it:
/// <code>
/// pixels -> patches (linear, no bias) -> [class ; patches] + positions -> pre_layrnorm (sic)
///        -> N x ( x + attention(layer_norm1 x) ; x + fc2 act(fc1 layer_norm2 x) )
///        -> post_layernorm of the class token -> projection (no bias)
/// </code>
/// Shapes: B images, G x G patches of side P, T = G*G + 1 tokens, W width, H heads, D embed dim.
/// Reference: transformers 5.23 models/clip/modeling_clip.py, openai/CLIP dcba3cb clip/model.py.
/// </summary>
public sealed class ClipVisionModel : VisionModel
{
    /// <summary>A model with zero weights; <see cref="Initialize"/> or <see cref="ClipVisionWeights"/> fills them.</summary>
    public ClipVisionModel(ClipVisionConfig config, Device device)
        : base(
            nameof(ClipVisionModel), config, new VisionTower(config, device, preNorm: true),
            new Linear(config.Width, config.EmbedDim, bias: false, device))
    {
        Config = config;
        RegisterParts();
    }

    /// <summary>Its shape.</summary>
    public ClipVisionConfig Config { get; }

    /// <summary>
    /// OpenAI's initialization (openai/CLIP dcba3cb clip/model.py#L299): class token, positions and projection normal with width^-0.5,
    /// blocks as in its transformer (attention in width^-0.5, outputs width^-0.5 (2 layers)^-0.5, fc1 (2 width)^-0.5), biases 0, patches as
    /// torch's convolution.
    /// </summary>
    /// <param name="seed">Seed of all weights.</param>
    /// <param name="start">With <see cref="VisionStart.Mimetic"/>, attention and positions start as <see cref="MimeticInit"/> says.</param>
    public override void Initialize(ulong seed, VisionStart start = VisionStart.Clip)
    {
        var init = new WeightInit(seed);
        var scale = Math.Pow(Config.Width, -0.5);
        init.Normal(Tower.Embeddings.ClassToken!, scale);
        init.Normal(Tower.Embeddings.Positions, scale);
        Tower.Embeddings.Patches.Initialize(init);
        Tower.Blocks.Initialize(init);
        if (start == VisionStart.Mimetic)
        {
            MimeticInit.Positions(Tower.Embeddings.Positions, Config.Grid);
            Tower.Blocks.InitializeMimetic(init);
        }
        init.Normal(Projection!.Weight, scale);
    }
}
