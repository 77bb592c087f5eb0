using Llm2Clip.Layers;
using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using LayerNorm = Llm2Clip.Layers.LayerNorm;
using Linear = Llm2Clip.Layers.Linear;

namespace Llm2Clip.Models.Text;

/// <summary>Shape of a <see cref="TextAdapter"/>.</summary>
public sealed record TextAdapterConfig
{
    /// <summary>Length of the teacher's vectors.</summary>
    public required int InputDim { get; init; }

    /// <summary>Length of the output, equal to the image features'.</summary>
    public required int EmbedDim { get; init; }

    /// <summary>Number of residual blocks.</summary>
    public int Blocks { get; init; } = 4;

    /// <summary>Inner width of a block as a multiple of <see cref="InputDim"/>.</summary>
    public int Expansion { get; init; } = 2;

    /// <summary>Epsilon of all layer norms.</summary>
    public double LayerNormEpsilon { get; init; } = 1e-5;

    /// <summary>Weights of all layers.</summary>
    internal Int128 WeightCount
    {
        get
        {
            Int128 d = InputDim;
            var inner = d * Expansion;
            return Blocks * (2 * d + 2 * d * inner + inner + d) + 2 * d + d * EmbedDim + EmbedDim; // norm and MLP of a block; norm; linear
        }
    }
}

/// <summary>
/// The student's text side (facts B3; LLM2CLIP cba3b45 eva_clip/model.py#L217, TextProj): x / max(||x||, 1e-12), then N blocks
/// x + W2 GELU(W1 LN(x)), LN, linear. It always normalizes its input, so cached and live teacher vectors give the same result.
/// </summary>
public sealed class TextAdapter : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "text_adaptor")]
    private readonly ModuleList<nn.Module<Tensor, Tensor>> _layers; // N blocks, norm, linear

    /// <summary>An adapter whose products are zero; <see cref="Initialize"/> or loading fills them.</summary>
    public TextAdapter(TextAdapterConfig config, Device device)
        : base(nameof(TextAdapter))
    {
        Config = config;
        _layers = new ModuleList<nn.Module<Tensor, Tensor>>(
        [
            .. Enumerable.Range(0, config.Blocks).Select(_ => (nn.Module<Tensor, Tensor>)new AdapterBlock(config, device)),
            new LayerNorm(config.InputDim, config.LayerNormEpsilon, device),
            new Linear(config.InputDim, config.EmbedDim, bias: true, device),
        ]);
        RegisterComponents();
    }

    /// <summary>Its shape.</summary>
    public TextAdapterConfig Config { get; }

    /// <summary>Dropout of the normalized input; off until a trainer begins a pass.</summary>
    public TrainingNoise Noise { get; } = new();

    /// <summary>Share of input elements dropped in a training pass.</summary>
    public double InputDropout { get; set; }

    /// <summary>Format of matrix products.</summary>
    public Precision Precision
    {
        get => modules().OfType<Linear>().First().Precision;
        set => this.SetPrecision(value);
    }

    /// <summary>Teacher vectors [B, InputDim], un-normalized, to text features [B, EmbedDim], fp32, not normalized.</summary>
    public override Tensor forward(Tensor vectors) => Encode(vectors, null);

    /// <summary><see cref="forward"/> that also shows <c>normalised_input</c> and <c>after.0</c> to <c>after.N+1</c>.</summary>
    public Tensor Encode(Tensor vectors, Action<string, Tensor>? probe)
    {
        using var scope = NewDisposeScope();
        var x = vectors.InFp32().Normalize(); // [B, InputDim]
        probe?.Invoke("normalised_input", x);
        x = Noise.Dropout(x, InputDropout);
        for (var i = 0; i < _layers.Count; i++)
        {
            x = _layers[i].call(x).InFp32();
            probe?.Invoke($"after.{i}", x);
        }
        return x.MoveToOuterDisposeScope();
    }

    /// <summary>torch's default initialization of linear layers, as the released code has it.</summary>
    public void Initialize(ulong seed)
    {
        var init = new WeightInit(seed);
        foreach (var layer in modules().OfType<Linear>())
        {
            init.TorchDefault(layer.Weight, layer.Bias);
        }
    }
}

/// <summary>x + W2 GELU(W1 LN(x)); names as published: <c>ln</c>, <c>fn.0</c>, <c>fn.3</c>.</summary>
internal sealed class AdapterBlock : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "ln")]
    private readonly LayerNorm _norm;

    [ComponentName(Name = "fn")]
    private readonly AdapterMlp _mlp;

    public AdapterBlock(TextAdapterConfig config, Device device)
        : base(nameof(AdapterBlock))
    {
        _norm = new LayerNorm(config.InputDim, config.LayerNormEpsilon, device);
        _mlp = new AdapterMlp(config.InputDim, config.InputDim * config.Expansion, device);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        return x.Plus(_mlp.call(_norm.call(x))).MoveToOuterDisposeScope();
    }
}

/// <summary>The two products of a block; places 1 and 2 of the published sequence are the activation and a dropout of rate 0.</summary>
internal sealed class AdapterMlp : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "0")]
    private readonly Linear _up;

    [ComponentName(Name = "3")]
    private readonly Linear _down;

    public AdapterMlp(int width, int inner, Device device)
        : base(nameof(AdapterMlp))
    {
        _up = new Linear(width, inner, bias: true, device);
        _down = new Linear(inner, width, bias: true, device);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        return _down.call(nn.functional.gelu(_up.call(x))).MoveToOuterDisposeScope();
    }
}
