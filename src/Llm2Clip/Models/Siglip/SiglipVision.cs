using Llm2Clip.Layers;
using TorchSharp;
using TorchSharp.Utils;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace Llm2Clip.Models.Siglip;

/// <summary>
/// The vision half of SigLIP (https://arxiv.org/abs/2303.15343) and of SigLIP 2 at a fixed size, as Hugging Face names it:
/// <code>
/// pixels -> patches (linear, with bias) + positions
///        -> N x ( x + attention(layer_norm1 x) ; x + fc2 act(fc1 layer_norm2 x) )
///        -> post_layernorm -> attention-pooling head, whose output are the features: there is no projection
/// </code>
/// Shapes: B images, G x G patches of side P, T = G*G tokens, W width = D embed dim.
/// Reference: transformers 5.23 models/siglip/modeling_siglip.py.
/// </summary>
internal sealed class SiglipVisionModel : VisionModel
{
    /// <summary>A model with zero weights; <see cref="Initialize"/> or loading fills them.</summary>
    public SiglipVisionModel(SiglipVisionConfig config, Device device)
        : base(
            nameof(SiglipVisionModel), config,
            new VisionTower(config, device, head: new AttentionPoolingHead(config.Blocks, device)), projection: null)
    {
        Config = config;
        RegisterParts();
    }

    /// <summary>Its shape.</summary>
    public SiglipVisionConfig Config { get; }

    /// <summary>
    /// The authors' initialization, as transformers 5.23 has it (models/siglip/modeling_siglip.py, _init_weights): attention, MLPs and
    /// probe uniform after Glorot with biases 0 in attention and of deviation 1e-6 in MLPs, positions normal with width^-0.5, patches and
    /// the head's output truncated normal with inputs^-0.5.
    /// </summary>
    public override void Initialize(ulong seed, VisionStart start = VisionStart.Clip)
    {
        var init = new WeightInit(seed);
        foreach (var (name, weight) in NamedParameters())
        {
            var isMlp = name.Contains(".mlp.", StringComparison.Ordinal);
            if (name.EndsWith("position_embedding.weight", StringComparison.Ordinal))
            {
                init.Normal(weight, Math.Pow(Config.Width, -0.5));
            }
            else if (name.Contains("patch_embedding.weight", StringComparison.Ordinal)
                || name.EndsWith("head.attention.out_proj.weight", StringComparison.Ordinal))
            {
                init.TruncatedNormal(weight, Math.Sqrt(weight.shape[0] / (double)weight.numel()));
            }
            else if (weight.shape.Length > 1)
            {
                init.Xavier(weight);
            }
            else if (isMlp)
            {
                init.Normal(weight, 1e-6);
            }
        }
    }
}

/// <summary>
/// A learned query attends to all tokens, x = attention(probe, tokens), and the result is x + mlp(layernorm x). [B, T, W] to [B, W], fp32.
/// </summary>
internal sealed class AttentionPoolingHead : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "probe")]
    private readonly Parameter _probe; // [1, 1, W]

    [ComponentName(Name = "attention")]
    private readonly PackedAttention _attention;

    [ComponentName(Name = "layernorm")]
    private readonly LayerNorm _norm;

    [ComponentName(Name = "mlp")]
    private readonly Mlp _mlp;

    public AttentionPoolingHead(TransformerShape shape, Device device)
        : base(nameof(AttentionPoolingHead))
    {
        _probe = OwnedWeights.New([1, 1, shape.Width], device);
        _attention = new PackedAttention(shape.Width, shape.Heads, device);
        _norm = new LayerNorm(shape.Width, shape.LayerNormEpsilon, device);
        _mlp = new Mlp(shape.Width, shape.MlpWidth, shape.Activation, device);
        RegisterComponents();
    }

    public override Tensor forward(Tensor tokens)
    {
        using var scope = NewDisposeScope();
        var x = _attention.call(_probe.expand(tokens.shape[0], 1, -1), tokens).InFp32(); // [B, 1, W]
        return x.Plus(_mlp.call(_norm.call(x))).select(1, 0).MoveToOuterDisposeScope();
    }
}

/// <summary>
/// Attention of queries [B, Q, W] to tokens [B, T, W], with the weights of q, k and v in one, as torch's MultiheadAttention stores them.
/// </summary>
internal sealed class PackedAttention : nn.Module<Tensor, Tensor, Tensor>, IProducts
{
    [ComponentName(Name = "in_proj_weight")]
    private readonly Parameter _weight; // [3W, W]

    [ComponentName(Name = "in_proj_bias")]
    private readonly Parameter _bias; // [3W]

    [ComponentName(Name = "out_proj")]
    private readonly Linear _output; // [W, W]

    private readonly int _width;
    private readonly int _heads;

    public PackedAttention(int width, int heads, Device device)
        : base(nameof(PackedAttention))
    {
        (_width, _heads) = (width, heads);
        _weight = OwnedWeights.New([3L * width, width], device);
        _bias = OwnedWeights.New([3L * width], device);
        _output = new Linear(width, width, bias: true, device);
        RegisterComponents();
    }

    public Precision Precision { get; set; }

    public override Tensor forward(Tensor queries, Tensor tokens)
    {
        using var scope = NewDisposeScope();
        var query = Precision.Product(queries, _weight.narrow(0, 0, _width), _bias.narrow(0, 0, _width)); // [B, Q, W]
        var packed = Precision.Product(tokens, _weight.narrow(0, _width, 2L * _width), _bias.narrow(0, _width, 2L * _width)); // [B, T, 2W]
        return _output.call(Attention.Attend(packed, _heads, query)).MoveToOuterDisposeScope();
    }
}
