using TorchSharp;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Llm2Clip.Layers;

/// <summary>
/// Multi-head self-attention. The state holds q, k and v apart, as published; the product is one: their weights are put
/// together (a copy of a few hundred kB). With inner norms a layer norm precedes the output's product.
/// </summary>
internal sealed class SelfAttention : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "q_proj")]
    private readonly Linear _query; // [W, W]

    [ComponentName(Name = "k_proj")]
    private readonly Linear _key;

    [ComponentName(Name = "v_proj")]
    private readonly Linear _value;

    [ComponentName(Name = "inner_norm")]
    private readonly LayerNorm? _innerNorm;

    [ComponentName(Name = "out_proj")]
    private readonly Linear _output;

    private readonly int _width;
    private readonly int _heads;
    private readonly bool _causal;

    public SelfAttention(TransformerShape shape, Device device)
        : base(nameof(SelfAttention))
    {
        (_width, _heads, _causal) = (shape.Width, shape.Heads, shape.Causal);
        _query = new Linear(_width, _width, bias: true, device);
        _key = new Linear(_width, _width, shape.KeyBias, device);
        _value = new Linear(_width, _width, bias: true, device);
        _innerNorm = shape.InnerNorms ? new LayerNorm(_width, shape.LayerNormEpsilon, device) : null;
        _output = new Linear(_width, _width, bias: true, device);
        RegisterComponents();
    }

    /// <summary>x: [B, T, W] fp32 to [B, T, W] in the product's format.</summary>
    public override Tensor forward(Tensor x) => Attend(x, x.shape[1], null);

    /// <summary>
    /// The first <paramref name="queries"/> (Q) tokens attend to all: [B, T, W] fp32 to [B, Q, W] in the product's format.
    /// </summary>
    public Tensor Attend(Tensor x, long queries, RotaryTable? rotary)
    {
        using var scope = NewDisposeScope();
        var all = queries == x.shape[1];
        var packed = all ? Project(x, _query, _key, _value) : Project(x, _key, _value); // [B, T, 3W] or [B, T, 2W]
        var query = all ? null : _query.call(x.narrow(1, 0, queries)); // [B, Q, W]
        var mixed = Attention.Attend(packed, _heads, query, rotary, _causal);
        return _output.call(_innerNorm is null ? mixed : _innerNorm.call(mixed)).MoveToOuterDisposeScope();
    }

    /// <summary>One product for several layers [W, W]: x [B, T, W] to [B, T, nW].</summary>
    private Tensor Project(Tensor x, params Linear[] layers)
    {
        var none = layers.All(layer => layer.Bias is not null) ? null : zeros([_width], device: x.device);
        var packed = _query.Precision.Product(
            x, cat([.. layers.Select(layer => layer.Weight)], 0), cat([.. layers.Select(layer => layer.Bias ?? none!)], 0));
        return layers.All(layer => layer.Lora is null)
            ? packed
            : packed.Plus(cat([.. layers.Select(layer => layer.Lora?.Delta(x) ?? zeros(Shape(x), packed.dtype, x.device))], -1));

        static long[] Shape(Tensor x) => [.. x.shape];
    }

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
