using TorchSharp;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Llm2Clip.Layers;

/// <summary>fc2(act(fc1 x)), the activation in the product's format.</summary>
internal sealed class Mlp : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "fc1")]
    private readonly Linear _up; // [M, W]

    [ComponentName(Name = "fc2")]
    private readonly Linear _down; // [W, M]

    private readonly Activation _activation;

    public Mlp(int width, int inner, Activation activation, Device device)
        : base(nameof(Mlp))
    {
        _activation = activation;
        _up = new Linear(width, inner, bias: true, device);
        _down = new Linear(inner, width, bias: true, device);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        return _down.call(_activation.Apply(_up.call(x))).MoveToOuterDisposeScope();
    }

    public void Initialize(WeightInit init, int layers)
    {
        var width = _up.Weight.shape[1];
        init.Normal(_up.Weight, Math.Pow(2 * width, -0.5));
        init.Normal(_down.Weight, Math.Pow(width, -0.5) * Math.Pow(2 * layers, -0.5));
    }
}

/// <summary>
/// A gated MLP (https://arxiv.org/abs/2002.05202): fc2(silu(gate x) * fc1 x), with inner norms fc2(inner_norm(silu(gate x) * fc1 x)).
/// </summary>
internal sealed class SwiGlu : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "gate")]
    private readonly Linear _gate; // [M, W]

    [ComponentName(Name = "fc1")]
    private readonly Linear _up; // [M, W]

    [ComponentName(Name = "inner_norm")]
    private readonly LayerNorm? _innerNorm;

    [ComponentName(Name = "fc2")]
    private readonly Linear _down; // [W, M]

    public SwiGlu(TransformerShape shape, Device device)
        : base(nameof(SwiGlu))
    {
        _gate = new Linear(shape.Width, shape.MlpWidth, bias: true, device);
        _up = new Linear(shape.Width, shape.MlpWidth, bias: true, device);
        _innerNorm = shape.InnerNorms ? new LayerNorm(shape.MlpWidth, shape.LayerNormEpsilon, device) : null;
        _down = new Linear(shape.MlpWidth, shape.Width, bias: true, device);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        var inner = nn.functional.silu(_gate.call(x)) * _up.call(x);
        return _down.call(_innerNorm is null ? inner : _innerNorm.call(inner)).MoveToOuterDisposeScope();
    }
}
