using Llm2Clip.Layers;
using static TorchSharp.torch;

namespace Llm2Clip.Models.Dino;

/// <summary>
/// DINOv2 (https://arxiv.org/abs/2304.07193), with registers (https://arxiv.org/abs/2309.16588) or without:
/// <code>
/// pixels -> patches (linear, with bias) -> [class ; patches] + positions, registers between them
///        -> N x ( x + scale1 attention(norm1 x) ; x + scale2 mlp(norm2 x) ), the giant with a gated MLP
///        -> layernorm of the class token, which are the features: there is no projection
/// </code>
/// Reference: transformers 5.23 models/dinov2/modeling_dinov2.py, models/dinov2_with_registers.
/// </summary>
internal sealed class DinoVisionModel : VisionModel
{
    /// <summary>
    /// Start of the factors of all branches (facebookresearch/dinov2 dinov2/configs/ssl_default_config.yaml, layerscale).
    /// </summary>
    private const double BranchScale = 1e-5;

    /// <summary>A model with zero weights; <see cref="Initialize"/> or loading fills them.</summary>
    public DinoVisionModel(DinoVisionConfig config, Device device)
        : base(nameof(DinoVisionModel), config, new VisionTower(config, device), projection: null)
    {
        Config = config;
        RegisterParts();
    }

    /// <summary>Its shape.</summary>
    public DinoVisionConfig Config { get; }

    /// <summary>
    /// The authors' initialization (facebookresearch/dinov2 dinov2/models/vision_transformer.py): products and positions normal with
    /// deviation 0.02 and biases 0, class token and registers with 1e-6, the factors of the branches 1e-5; patches as torch's convolution.
    /// </summary>
    public override void Initialize(ulong seed, VisionStart start = VisionStart.Clip)
    {
        var init = new WeightInit(seed);
        foreach (var (name, weight) in NamedParameters())
        {
            if (name.EndsWith("class_embedding", StringComparison.Ordinal) || name.EndsWith("register_tokens", StringComparison.Ordinal))
            {
                init.Normal(weight, 1e-6);
            }
            else if (name.EndsWith("lambda1", StringComparison.Ordinal))
            {
                init.Constant(weight, BranchScale);
            }
            else if (weight.shape.Length == 2)
            {
                init.Normal(weight, 0.02);
            }
        }
        Tower.Embeddings.Patches.Initialize(init);
    }
}
