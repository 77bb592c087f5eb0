using Llm2Clip.Layers;
using Llm2Clip.Weights.Onnx;
using static TorchSharp.torch;

namespace Llm2Clip.Models.Onnx;

/// <summary>
/// The layers that models share, as operators of a graph; each takes and returns names of results. Weights go by the names that the models'
/// parameters have.
/// </summary>
/// <param name="graph">The graph.</param>
/// <param name="weights">Weights by name.</param>
internal sealed class OnnxLayers(OnnxGraph graph, IReadOnlyDictionary<string, Tensor> weights)
{
    /// <summary>The graph.</summary>
    public OnnxGraph Graph => graph;

    /// <summary>A weight; the name in the graph is its own.</summary>
    public Tensor this[string name] => weights[name];

    /// <summary>Whether the model has such a weight.</summary>
    public bool Has(string name) => weights.ContainsKey(name);

    /// <summary>x + y.</summary>
    public string Add(string x, string y) => graph.Apply("Add", [x, y]);

    /// <summary>x * y, element by element.</summary>
    public string Times(string x, string y) => graph.Apply("Mul", [x, y]);

    /// <summary>[..., in] to [..., out] by the layer of this name.</summary>
    public string Linear(string x, string layer) =>
        Product(x, layer, weights[layer + ".weight"], weights.GetValueOrDefault(layer + ".bias"));

    /// <summary>x W^T + b with W [out, in], under a name.</summary>
    public string Product(string x, string name, Tensor weight, Tensor? bias)
    {
        var product = graph.Apply("MatMul", [x, graph.Weight(name + ".weight", weight.t())]);
        return bias is null ? product : Add(product, graph.Weight(name + ".bias", bias));
    }

    /// <summary>Layer norm over the last dimension.</summary>
    public string Norm(string x, string layer, double epsilon) => graph.Apply(
        "LayerNormalization",
        [x, graph.Weight(layer + ".weight", weights[layer + ".weight"]), graph.Weight(layer + ".bias", weights[layer + ".bias"])],
        ("axis", -1L), ("epsilon", (float)epsilon));

    /// <summary>x / max(||x||, 1e-12) over the last dimension.</summary>
    public string Normalize(string x)
    {
        var length = graph.Apply("ReduceL2", [x], ("axes", new[] { -1L }), ("keepdims", 1L));
        return graph.Apply("Div", [x, graph.Apply("Max", [length, graph.Number(1e-12f)])]);
    }

    /// <summary>The activation, out of operators that the version has.</summary>
    public string Activate(string x, Activation activation)
    {
        if (activation == Activation.QuickGelu)
        {
            return Times(x, graph.Apply("Sigmoid", [Times(x, graph.Number(1.702f))]));
        }
        var inner = activation == Activation.Gelu
            ? graph.Apply("Erf", [Times(x, graph.Number((float)Math.Sqrt(0.5)))])
            : graph.Apply("Tanh", [Times(
                Add(x, Times(graph.Number(0.044715f), Times(x, Times(x, x)))), graph.Number((float)Math.Sqrt(2 / Math.PI)))]);
        return Times(Times(x, graph.Number(0.5f)), Add(inner, graph.Number(1)));
    }

    /// <summary>[B, T, W] to [B, H, T, W / H].</summary>
    public string Heads(string x, int heads, int width) => graph.Apply(
        "Transpose", [graph.Apply("Reshape", [x, graph.Numbers(0, -1, heads, width / heads)])], ("perm", new long[] { 0, 2, 1, 3 }));

    /// <summary>
    /// softmax(q k^T / sqrt(W / H) + mask) v: queries [B or 1, H, Q, W / H], keys and values [B, H, T, W / H] to [B, Q, W].
    /// </summary>
    public string Attend(string q, string k, string v, int heads, int width, string? mask = null)
    {
        var turned = graph.Apply("Transpose", [k], ("perm", new long[] { 0, 1, 3, 2 }));
        var scores = graph.Apply("MatMul", [Times(q, graph.Number((float)Math.Pow((double)width / heads, -0.5))), turned]);
        var shares = graph.Apply("Softmax", [mask is null ? scores : Add(scores, mask)], ("axis", -1L));
        var mixed = graph.Apply("Transpose", [graph.Apply("MatMul", [shares, v])], ("perm", new long[] { 0, 2, 1, 3 }));
        return graph.Apply("Reshape", [mixed, graph.Numbers(0, -1, width)]);
    }

    /// <summary>fc2(act(fc1 x)) of the MLP of this name, or the gated form.</summary>
    public string Mlp(string x, string mlp, TransformerShape shape)
    {
        if (!shape.Gated)
        {
            return Linear(Activate(Linear(x, mlp + ".fc1"), shape.Activation), mlp + ".fc2");
        }
        var gate = Linear(x, mlp + ".gate");
        var inner = Times(Times(gate, graph.Apply("Sigmoid", [gate])), Linear(x, mlp + ".fc1"));
        return Linear(shape.InnerNorms ? Norm(inner, mlp + ".inner_norm", shape.LayerNormEpsilon) : inner, mlp + ".fc2");
    }

    /// <summary>The blocks of a transformer, <c>PREFIX.0</c> and so on: [B, T, W] to [B, T, W].</summary>
    /// <param name="x">The tokens.</param>
    /// <param name="prefix">What the blocks' names begin with.</param>
    /// <param name="shape">Their sizes.</param>
    /// <param name="mask">Added to the scores; null for none.</param>
    /// <param name="turn">What becomes of queries and keys [B, H, T, W / H]; null for nothing.</param>
    public string Blocks(string x, string prefix, TransformerShape shape, string? mask = null, Func<string, string>? turn = null)
    {
        for (var i = 0; i < shape.Layers; i++)
        {
            var block = FormattableString.Invariant($"{prefix}.{i}");
            var (attention, normed) = (block + ".self_attn", Norm(x, block + ".layer_norm1", shape.LayerNormEpsilon));
            var (q, k, v) = (Part("q"), Part("k"), Part("v"));
            if (turn is not null)
            {
                (q, k) = (turn(q), turn(k));
            }
            var mixed = Attend(q, k, v, shape.Heads, shape.Width, mask);
            mixed = shape.InnerNorms ? Norm(mixed, attention + ".inner_norm", shape.LayerNormEpsilon) : mixed;
            x = Add(x, Scaled(Linear(mixed, attention + ".out_proj"), block + ".layer_scale1.lambda1"));
            x = Add(x, Scaled(
                Mlp(Norm(x, block + ".layer_norm2", shape.LayerNormEpsilon), block + ".mlp", shape), block + ".layer_scale2.lambda1"));

            string Part(string letter) => Heads(Linear(normed, $"{attention}.{letter}_proj"), shape.Heads, shape.Width);
        }
        return x;
    }

    private string Scaled(string x, string factor) => Has(factor) ? Times(x, graph.Weight(factor, weights[factor])) : x;
}
