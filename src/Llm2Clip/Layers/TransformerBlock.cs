using TorchSharp;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Llm2Clip.Layers;

/// <summary>
/// One pre-norm block of a transformer, named as Hugging Face names it: x + attention(layer_norm1 x), then x + mlp(layer_norm2 x). The
/// stream x [B, T, W] stays fp32.
/// </summary>
internal sealed class TransformerBlock : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "layer_norm1")]
    private readonly LayerNorm _norm1;

    [ComponentName(Name = "self_attn")]
    private readonly SelfAttention _attention;

    [ComponentName(Name = "layer_norm2")]
    private readonly LayerNorm _norm2;

    [ComponentName(Name = "mlp")]
    private readonly Mlp _mlp;

    private readonly TrainingNoise _noise;

    public TransformerBlock(TransformerShape shape, Device device, TrainingNoise noise)
        : base(nameof(TransformerBlock))
    {
        _noise = noise;
        _norm1 = new LayerNorm(shape.Width, shape.LayerNormEpsilon, device);
        _attention = new SelfAttention(shape.Width, shape.Heads, device);
        _norm2 = new LayerNorm(shape.Width, shape.LayerNormEpsilon, device);
        _mlp = new Mlp(shape.Width, shape.MlpWidth, shape.Activation, device);
        RegisterComponents();
    }

    /// <summary>Rate of stochastic depth of both branches.</summary>
    public double DropPath { get; set; }

    public override Tensor forward(Tensor x) => Pass(x, x.shape[1]);

    /// <summary>
    /// <see cref="forward"/> for the first token (the class token) alone, [B, T, W] to [B, 1, W]: all that the last block is asked for, and
    /// for a model of twelve blocks 7 % less to compute. The other tokens only give keys and values.
    /// </summary>
    public Tensor OfFirstToken(Tensor x) => Pass(x, 1);

    /// <summary>The first <paramref name="queries"/> tokens of the block's output.</summary>
    private Tensor Pass(Tensor x, long queries)
    {
        using var scope = NewDisposeScope();
        var first = x.narrow(1, 0, queries);
        first = first.Plus(_noise.DropPath(_attention.Attend(_norm1.call(x), queries), DropPath));
        first = first.Plus(_noise.DropPath(_mlp.call(_norm2.call(first)), DropPath));
        return first.MoveToOuterDisposeScope();
    }

    public void Initialize(WeightInit init, int layers)
    {
        _attention.Initialize(init, layers);
        _mlp.Initialize(init, layers);
    }

    public void InitializeMimetic(WeightInit init) => _attention.InitializeMimetic(init);
}

/// <summary>
/// Multi-head self-attention. The state holds q, k and v apart, as published; the product is one: their weights are put
/// together (a copy of a few hundred kB).
/// </summary>
internal sealed class SelfAttention : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "q_proj")]
    private readonly Linear _query; // [W, W]

    [ComponentName(Name = "k_proj")]
    private readonly Linear _key;

    [ComponentName(Name = "v_proj")]
    private readonly Linear _value;

    [ComponentName(Name = "out_proj")]
    private readonly Linear _output;

    private readonly int _width;
    private readonly int _heads;

    public SelfAttention(int width, int heads, Device device)
        : base(nameof(SelfAttention))
    {
        (_width, _heads) = (width, heads);
        _query = new Linear(width, width, bias: true, device);
        _key = new Linear(width, width, bias: true, device);
        _value = new Linear(width, width, bias: true, device);
        _output = new Linear(width, width, bias: true, device);
        RegisterComponents();
    }

    /// <summary>x: [B, T, W] fp32 to [B, T, W] in the product's format.</summary>
    public override Tensor forward(Tensor x) => Attend(x, x.shape[1]);

    /// <summary>
    /// The first <paramref name="queries"/> (Q) tokens attend to all: [B, T, W] fp32 to [B, Q, W] in the product's format.
    /// </summary>
    public Tensor Attend(Tensor x, long queries)
    {
        using var scope = NewDisposeScope();
        var all = queries == x.shape[1];
        var packed = all ? Project(x, _query, _key, _value) : Project(x, _key, _value); // [B, T, 3W] or [B, T, 2W]
        var query = all ? null : _query.call(x.narrow(1, 0, queries)); // [B, Q, W]
        return _output.call(Attention.Attend(packed, _heads, query)).MoveToOuterDisposeScope();
    }

    /// <summary>One product for several layers [W, W]: x [B, T, W] to [B, T, nW].</summary>
    private Tensor Project(Tensor x, params Linear[] layers) =>
        _query.Precision.Product(x, cat([.. layers.Select(layer => layer.Weight)], 0), cat([.. layers.Select(layer => layer.Bias!)], 0));

    public void Initialize(WeightInit init, int layers)
    {
        var inner = Math.Pow(_width, -0.5);
        init.Normal(_query.Weight, inner);
        init.Normal(_key.Weight, inner);
        init.Normal(_value.Weight, inner);
        init.Normal(_output.Weight, inner * Math.Pow(2 * layers, -0.5));
    }

    public void InitializeMimetic(WeightInit init)
    {
        using var off = no_grad();
        using var scope = NewDisposeScope();
        var head = _width / _heads;
        for (var i = 0; i < _heads; i++)
        {
            MimeticInit.QueryKey(init, _query.Weight.narrow(0, (long)i * head, head), _key.Weight.narrow(0, (long)i * head, head));
        }
        MimeticInit.OutputValue(init, _output.Weight, _value.Weight);
    }
}

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
