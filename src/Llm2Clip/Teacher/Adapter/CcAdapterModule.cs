using Llm2Clip.Layers;
using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using LayerNorm = Llm2Clip.Layers.LayerNorm;
using Linear = Llm2Clip.Layers.Linear;

namespace Llm2Clip.Teachers.Adapter;

/// <summary>
/// The learned part of an adapter. Input: centered LLM vectors [N, d]. x sqrt(d) / ||x||, of each part by itself where they have several
/// (<c>teacher.layers</c>); input dropout, then either one linear layer or n residual blocks x + W2 GELU(W1 LN(x)), LN and a linear layer
/// to [N, Dimension]. Training and inference run this one forward.
/// </summary>
internal sealed class CcAdapterModule : nn.Module<Tensor, Tensor>
{
    private const double Epsilon = 1e-5;

    [ComponentName(Name = "blocks")]
    private readonly ModuleList<nn.Module<Tensor, Tensor>> _blocks;

    [ComponentName(Name = "norm")]
    private readonly LayerNorm? _norm;

    [ComponentName(Name = "head")]
    private readonly Linear? _head;

    private readonly double _dropout;
    private readonly int _parts;

    /// <summary>Blocks start as the identity (their last layer is zero), the head as torch's linear layers do.</summary>
    /// <param name="width">Length of the LLM's vectors, d.</param>
    /// <param name="config">Kind, blocks, length of the output.</param>
    /// <param name="seed">Seed of the weights.</param>
    /// <param name="device">Where to compute.</param>
    /// <param name="parts">Parts of equal length that the vectors consist of; divides <paramref name="width"/>.</param>
    public CcAdapterModule(int width, AdapterConfig config, ulong seed, Device device, int parts = 1)
        : base(nameof(CcAdapterModule))
    {
        (_dropout, _parts) = (config.Dropout, parts);
        var residual = config.Kind == AdapterKind.Residual;
        _blocks = new ModuleList<nn.Module<Tensor, Tensor>>(
            [
                .. Enumerable.Range(0, residual ? config.Blocks : 0)
                    .Select(_ => (nn.Module<Tensor, Tensor>)new CcAdapterBlock(width, Epsilon, device)),
            ]);
        _norm = residual ? new LayerNorm(width, Epsilon, device) : null;
        _head = config.Kind == AdapterKind.None ? null : new Linear(width, config.Dimension, bias: true, device);
        RegisterComponents();

        var init = new WeightInit(seed);
        foreach (var block in _blocks.OfType<CcAdapterBlock>())
        {
            block.Initialize(init);
        }
        if (_head is not null)
        {
            init.TorchDefault(_head.Weight, _head.Bias);
        }
    }

    /// <summary>The dropout's randomness: off until a trainer begins a pass.</summary>
    public TrainingNoise Noise { get; } = new();

    /// <summary>The last layer, [Dimension, d]; an adapter of kind none has none.</summary>
    public Linear Head => _head ?? throw new InvalidOperationException("An adapter of kind none has no layer.");

    /// <summary>Centered vectors [N, d] with each part at a root mean square of 1, [N, d]: what blocks and head see.</summary>
    public Tensor Scale(Tensor centered)
    {
        using var scope = NewDisposeScope();
        var width = centered.shape[1] / _parts;
        return centered.reshape(-1, width).Normalize().Times(MathF.Sqrt(width)).reshape(centered.shape).MoveToOuterDisposeScope();
    }

    /// <summary>Centered vectors [N, d] to adapted ones [N, Dimension], un-normalized.</summary>
    public override Tensor forward(Tensor centered)
    {
        using var scope = NewDisposeScope();
        var x = Noise.Dropout(Scale(centered), _dropout); // [N, d]
        foreach (var block in _blocks)
        {
            x = block.call(x);
        }
        return Head.call(_norm is null ? x : _norm.call(x)).MoveToOuterDisposeScope(); // [N, Dimension]
    }
}

/// <summary>x + W2 GELU(W1 LN(x)), [N, d] to [N, 2d] to [N, d].</summary>
internal sealed class CcAdapterBlock : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "norm")]
    private readonly LayerNorm _norm;

    [ComponentName(Name = "widen")]
    private readonly Linear _widen;

    [ComponentName(Name = "narrow")]
    private readonly Linear _narrow;

    public CcAdapterBlock(int width, double epsilon, Device device)
        : base(nameof(CcAdapterBlock))
    {
        _norm = new LayerNorm(width, epsilon, device);
        _widen = new Linear(width, 2 * width, bias: true, device);
        _narrow = new Linear(2 * width, width, bias: true, device);
        RegisterComponents();
    }

    /// <summary>The last layer stays zero, so that a block starts as the identity.</summary>
    public void Initialize(WeightInit init) => init.TorchDefault(_widen.Weight, _widen.Bias);

    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        return x.Plus(_narrow.call(nn.functional.gelu(_widen.call(_norm.call(x))))).MoveToOuterDisposeScope();
    }
}
