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

/// <summary>What a gated MLP calls its three products.</summary>
internal sealed record GatedNames(string Gate, string Up, string Down)
{
    /// <summary>As the vision towers have them.</summary>
    public static GatedNames Vision { get; } = new("gate", "fc1", "fc2");

    /// <summary>As Hugging Face's language models have them.</summary>
    public static GatedNames Language { get; } = new("gate_proj", "up_proj", "down_proj");
}

/// <summary>
/// A gated MLP (https://arxiv.org/abs/2002.05202): down(act(gate x) * up x), with an inner norm down(inner_norm(act(gate x) * up x)).
/// </summary>
internal sealed class GatedMlp : nn.Module<Tensor, Tensor>
{
    private readonly Linear _gate; // [M, W]
    private readonly Linear _up; // [M, W]
    private readonly LayerNorm? _innerNorm;
    private readonly Linear _down; // [W, M]
    private readonly Func<Tensor, Tensor> _activation;

    /// <summary>Puts the layers together and gives them their names.</summary>
    public GatedMlp(
        GatedNames names, Linear gate, Linear up, Linear down, Func<Tensor, Tensor> activation, LayerNorm? innerNorm = null)
        : base(nameof(GatedMlp))
    {
        (_gate, _up, _innerNorm, _down, _activation) = (gate, up, innerNorm, down, activation);
        register_module(names.Gate, gate);
        register_module(names.Up, up);
        if (innerNorm is not null)
        {
            register_module("inner_norm", innerNorm);
        }
        register_module(names.Down, down);
    }

    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        var inner = _activation(_gate.call(x)) * _up.call(x);
        return _down.call(_innerNorm is null ? inner : _innerNorm.call(inner)).MoveToOuterDisposeScope();
    }
}
