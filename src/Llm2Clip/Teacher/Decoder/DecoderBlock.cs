using Llm2Clip.Layers;
using TorchSharp;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Llm2Clip.Teachers.Decoder;

/// <summary>
/// One block of a decoder: x + post_norm attention(norm x), then x + post_norm mlp(norm x), with the post-norms where its architecture has
/// them. The stream x [B, T, W] stays fp32.
/// </summary>
internal sealed class DecoderBlock : nn.Module
{
    [ComponentName(Name = "attention_norm")]
    private readonly RmsNorm _attentionNorm;

    [ComponentName(Name = "self_attn")]
    private readonly DecoderAttention _attention;

    [ComponentName(Name = "attention_post_norm")]
    private readonly RmsNorm? _attentionPostNorm;

    [ComponentName(Name = "mlp_norm")]
    private readonly RmsNorm _mlpNorm;

    [ComponentName(Name = "mlp")]
    private readonly GatedMlp _mlp;

    [ComponentName(Name = "mlp_post_norm")]
    private readonly RmsNorm? _mlpPostNorm;

    private readonly Precision _precision;

    public DecoderBlock(DecoderShape shape, Precision precision, Device device)
        : base(nameof(DecoderBlock))
    {
        _precision = precision;
        var dtype = DecoderModel.WeightType(precision);
        RmsNorm Norm() => new(shape.Width, shape.Epsilon, device);
        _attentionNorm = Norm();
        _attention = new DecoderAttention(shape, device, dtype);
        _mlpNorm = Norm();
        _mlp = new GatedMlp(
            GatedNames.Language,
            new Linear(shape.Width, shape.MlpWidth, shape.Biases.Gate, device, dtype),
            new Linear(shape.Width, shape.MlpWidth, shape.Biases.Up, device, dtype),
            new Linear(shape.MlpWidth, shape.Width, shape.Biases.Down, device, dtype),
            gate => shape.Family.Gate == GateActivation.GeluTanh ? Activation.GeluTanh.Apply(gate) : nn.functional.silu(gate));
        (_attentionPostNorm, _mlpPostNorm) = shape.Family.PostNorms ? (Norm(), Norm()) : (null, null);
        RegisterComponents();
    }

    /// <summary>The attention, for loading.</summary>
    public DecoderAttention Attention => _attention;

    /// <summary>x: [B, T, W] to [B, T, W], fp32.</summary>
    public Tensor Pass(Tensor x, AttentionView view)
    {
        using var scope = NewDisposeScope();
        // Cast once for the products that read it.
        x = x.Plus(Normed(_attention.Attend(_attentionNorm.call(x).ForProduct(_precision), view), _attentionPostNorm));
        x = x.Plus(Normed(_mlp.call(_mlpNorm.call(x).ForProduct(_precision)), _mlpPostNorm));
        return x.MoveToOuterDisposeScope();
    }

    private static Tensor Normed(Tensor branch, RmsNorm? norm) => norm is null ? branch : norm.call(branch);
}
