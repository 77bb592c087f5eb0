using TorchSharp;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Llm2Clip.Layers;

/// <summary>
/// One pre-norm block of a transformer, named as Hugging Face names it: x + attention(layer_norm1 x), then x + mlp(layer_norm2 x), each
/// branch times its layer scale where the shape has one. The stream x [B, T, W] stays fp32.
/// </summary>
internal sealed class TransformerBlock : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "layer_norm1")]
    private readonly LayerNorm _norm1;

    [ComponentName(Name = "self_attn")]
    private readonly SelfAttention _attention;

    [ComponentName(Name = "layer_scale1")]
    private readonly LayerScale? _scale1;

    [ComponentName(Name = "layer_norm2")]
    private readonly LayerNorm _norm2;

    [ComponentName(Name = "mlp")]
    private readonly nn.Module<Tensor, Tensor> _mlp;

    [ComponentName(Name = "layer_scale2")]
    private readonly LayerScale? _scale2;

    private readonly TrainingNoise _noise;

    public TransformerBlock(TransformerShape shape, Device device, TrainingNoise noise)
        : base(nameof(TransformerBlock))
    {
        _noise = noise;
        _norm1 = new LayerNorm(shape.Width, shape.LayerNormEpsilon, device);
        _attention = new SelfAttention(shape, device);
        _norm2 = new LayerNorm(shape.Width, shape.LayerNormEpsilon, device);
        _mlp = shape.Gated ? Gated(shape, device) : new Mlp(shape.Width, shape.MlpWidth, shape.Activation, device);
        (_scale1, _scale2) = shape.LayerScale ? (new LayerScale(shape.Width, device), new LayerScale(shape.Width, device)) : (null, null);
        RegisterComponents();
    }

    /// <summary>Rate of stochastic depth of both branches.</summary>
    public double DropPath { get; set; }

    public override Tensor forward(Tensor x) => Pass(x, x.shape[1], null);

    /// <summary>
    /// The first <paramref name="queries"/> (Q) tokens of the block's output, [B, T, W] to [B, Q, W]. The class token alone is all that the
    /// last block is asked for, and for a model of twelve blocks 7 % less to compute: the other tokens only give keys and values.
    /// </summary>
    public Tensor Pass(Tensor x, long queries, RotaryTable? rotary)
    {
        using var scope = NewDisposeScope();
        var first = x.narrow(1, 0, queries);
        first = first.Plus(Branch(_attention.Attend(_norm1.call(x), queries, rotary), _scale1));
        first = first.Plus(Branch(_mlp.call(_norm2.call(first)), _scale2));
        return first.MoveToOuterDisposeScope();
    }

    public void Initialize(WeightInit init, int layers)
    {
        _attention.Initialize(init, layers);
        ((Mlp)_mlp).Initialize(init, layers);
    }

    public void InitializeMimetic(WeightInit init) => _attention.InitializeMimetic(init);

    private static GatedMlp Gated(TransformerShape shape, Device device) => new(
        GatedNames.Vision,
        new Linear(shape.Width, shape.MlpWidth, bias: true, device),
        new Linear(shape.Width, shape.MlpWidth, bias: true, device),
        new Linear(shape.MlpWidth, shape.Width, bias: true, device),
        gate => nn.functional.silu(gate),
        shape.InnerNorms ? new LayerNorm(shape.MlpWidth, shape.LayerNormEpsilon, device) : null);

    private Tensor Branch(Tensor x, LayerScale? scale) => _noise.DropPath(scale is null ? x : scale.call(x), DropPath);
}

/// <summary>
/// A learned factor for every element of a branch (https://arxiv.org/abs/2103.17239): [..., W] to fp32 of the same shape.
/// </summary>
internal sealed class LayerScale : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "lambda1")]
    private readonly TorchSharp.Modules.Parameter _factor; // [W]

    public LayerScale(int width, Device device)
        : base(nameof(LayerScale))
    {
        _factor = OwnedWeights.New([width], device, 1);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        return (x.InFp32() * _factor).MoveToOuterDisposeScope();
    }
}
