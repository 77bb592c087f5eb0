using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Llm2Clip.Layers;

/// <summary>Sizes of a stack of transformer blocks.</summary>
/// <param name="Width">Width of the token stream; the heads divide it.</param>
/// <param name="Layers">Number of blocks.</param>
/// <param name="Heads">Attention heads.</param>
/// <param name="MlpWidth">Inner width of the MLP.</param>
/// <param name="Activation">Activation of the MLP.</param>
/// <param name="LayerNormEpsilon">Epsilon of all layer norms.</param>
internal sealed record TransformerShape(int Width, int Layers, int Heads, int MlpWidth, Activation Activation, double LayerNormEpsilon)
{
    /// <summary>Whether the MLP is gated by SiLU (<see cref="GatedMlp"/>) in the place of the activation.</summary>
    public bool Gated { get; init; }

    /// <summary>Whether layer norms precede the second products of attention and MLP (sub-LN).</summary>
    public bool InnerNorms { get; init; }

    /// <summary>Whether each branch has a learned factor per element.</summary>
    public bool LayerScale { get; init; }

    /// <summary>Whether the keys have a bias; queries and values always have.</summary>
    public bool KeyBias { get; init; } = true;

    /// <summary>Whether a token sees none behind it, as in a text tower.</summary>
    public bool Causal { get; init; }

    /// <summary>Weights of all blocks: q, k, v and out, the MLP, two layer norms per block, and what the shape has besides.</summary>
    public Int128 WeightCount
    {
        get
        {
            var (w, m) = ((Int128)Width, (Int128)MlpWidth);
            var attention = 4 * (w * w + w) - (KeyBias ? 0 : w) + (InnerNorms ? 2 * w : 0);
            var mlp = (Gated ? 2 : 1) * (w * m + m) + m * w + w + (InnerNorms ? 2 * m : 0);
            return Layers * (attention + mlp + 4 * w + (LayerScale ? 2 * w : 0));
        }
    }
}

/// <summary>Hugging Face's <c>encoder</c>: a list of blocks.</summary>
internal sealed class TransformerBlocks : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "layers")]
    private readonly ModuleList<TransformerBlock> _layers;

    private readonly TransformerShape _shape;

    public TransformerBlocks(TransformerShape shape, Device device, TrainingNoise noise)
        : base(nameof(TransformerBlocks))
    {
        _shape = shape;
        var blocks = Enumerable.Range(0, shape.Layers).Select(_ => new TransformerBlock(shape, device, noise));
        _layers = new ModuleList<TransformerBlock>([.. blocks]);
        RegisterComponents();
    }

    /// <summary>Sets stochastic depth: 0 at the first block, rising linearly to <paramref name="rate"/> at the last.</summary>
    public void SetDropPath(double rate)
    {
        for (var i = 0; i < _layers.Count; i++)
        {
            _layers[i].DropPath = _layers.Count == 1 ? rate : rate * i / (_layers.Count - 1);
        }
    }

    /// <summary>[B, T, W] to [B, T, W], fp32.</summary>
    public override Tensor forward(Tensor x) => Pass(x, firstTokenOnly: false, probe: null);

    /// <summary>
    /// <see cref="forward"/> that also shows <c>hidden.0</c> (the input) to <c>hidden.N</c>. With <paramref name="firstTokenOnly"/> the
    /// last block computes that token alone, unless somebody looks: [B, 1, W].
    /// </summary>
    public Tensor Pass(Tensor x, bool firstTokenOnly, Action<string, Tensor>? probe, RotaryTable? rotary = null)
    {
        using var scope = NewDisposeScope();
        probe?.Invoke("hidden.0", x);
        for (var i = 0; i < _layers.Count; i++)
        {
            var alone = firstTokenOnly && i == _layers.Count - 1 && probe is null;
            x = _layers[i].Pass(x, alone ? 1 : x.shape[1], rotary);
            probe?.Invoke($"hidden.{i + 1}", x);
        }
        return x.MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Fills the weights as OpenAI's CLIP starts: attention in width^-0.5, outputs width^-0.5 (2 layers)^-0.5, fc1 (2 width)^-0.5.
    /// </summary>
    public void Initialize(WeightInit init)
    {
        foreach (var block in _layers)
        {
            block.Initialize(init, _shape.Layers);
        }
    }

    /// <summary>Fills the attention as <see cref="MimeticInit"/> says.</summary>
    public void InitializeMimetic(WeightInit init)
    {
        foreach (var block in _layers)
        {
            block.InitializeMimetic(init);
        }
    }
}
