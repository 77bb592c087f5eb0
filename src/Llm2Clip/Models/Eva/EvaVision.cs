using System.Globalization;
using Llm2Clip.Layers;
using static TorchSharp.torch;

namespace Llm2Clip.Models.Eva;

/// <summary>
/// The vision half of EVA02-CLIP (https://arxiv.org/abs/2303.15389), which LLM2CLIP trains (facts B4):
/// <code>
/// pixels -> patches (linear, with bias) -> [class ; patches] + positions
///        -> N x ( x + out_proj inner_norm attention(norm1 x) ; x + fc2 inner_norm(silu(gate y) * fc1 y), y = norm2 x )
///        -> norm of the class token -> projection (with bias)
/// </code>
/// Queries and keys of patches turn by their row and column (<see cref="RotaryTable"/>); keys have no bias.
/// Reference: LLM2CLIP cba3b45 eva_clip/eva_vit_model.py, rope.py; timm 1.0.31 models/eva.py.
/// </summary>
internal sealed class EvaVisionModel : VisionModel
{
    /// <summary>Factor on a new projection (LLM2CLIP cba3b45 eva_clip/eva_vit_model.py#L446).</summary>
    private const double HeadScale = 0.001;

    /// <summary>A model with zero weights; <see cref="Initialize"/> or loading fills them.</summary>
    public EvaVisionModel(EvaVisionConfig config, Device device)
        : base(
            nameof(EvaVisionModel), config, new VisionTower(config, device), new Linear(config.Width, config.EmbedDim, bias: true, device))
    {
        Config = config;
        RegisterParts();
    }

    /// <summary>Its shape.</summary>
    public EvaVisionConfig Config { get; }

    /// <summary>
    /// The authors' initialization (LLM2CLIP cba3b45 eva_clip/eva_vit_model.py, fix_init_weight): all products and tokens normal with
    /// deviation 0.02 and biases 0, the second product of each branch of block n divided by sqrt(2 n), the projection by 1,000; patches as
    /// torch's convolution.
    /// </summary>
    public override void Initialize(ulong seed, VisionStart start = VisionStart.Clip)
    {
        var init = new WeightInit(seed);
        foreach (var (name, weight) in NamedParameters())
        {
            var isToken = name.Contains("class_embedding", StringComparison.Ordinal) || name.Contains("position", StringComparison.Ordinal);
            if (isToken || weight.shape.Length == 2)
            {
                init.Normal(weight, 0.02 * ScaleOf(name));
            }
        }
        Tower.Embeddings.Patches.Initialize(init);
    }

    private double ScaleOf(string name)
    {
        if (name.StartsWith(ProjectionNames[0], StringComparison.Ordinal))
        {
            return HeadScale;
        }
        var second = name.EndsWith("out_proj.weight", StringComparison.Ordinal) || name.EndsWith("fc2.weight", StringComparison.Ordinal);
        return second ? Math.Pow(2 * (int.Parse(name.Split('.')[3], CultureInfo.InvariantCulture) + 1), -0.5) : 1;
    }
}
