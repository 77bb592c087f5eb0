using Llm2Clip.Layers;
using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using LayerNorm = Llm2Clip.Layers.LayerNorm;
using Linear = Llm2Clip.Layers.Linear;

namespace Llm2Clip.Models.Clip;

/// <summary>
/// The vision half of CLIP (https://arxiv.org/abs/2103.00020) as OpenAI trained it and Hugging Face names it:
/// <code>
/// pixels -> patches (linear, no bias) -> [class ; patches] + positions -> pre_layrnorm (sic)
///        -> N x ( x + attention(layer_norm1 x) ; x + fc2 act(fc1 layer_norm2 x) )
///        -> post_layernorm of the class token -> projection (no bias)
/// </code>
/// Shapes below: B pictures, G x G patches of side P, T = G*G + 1 tokens, W width, H heads, D embed dim.
/// Reference: transformers 5.23 models/clip/modeling_clip.py, openai/CLIP dcba3cb clip/model.py.
/// </summary>
public sealed class ClipVisionModel : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "vision_model")]
    private readonly ClipVisionTower _tower;

    [ComponentName(Name = "visual_projection")]
    private readonly Linear _projection; // [D, W]

    /// <summary>A model with zero weights; <see cref="Initialize"/> or <see cref="ClipWeights"/> fills them.</summary>
    public ClipVisionModel(ClipVisionConfig config, Device device)
        : base(nameof(ClipVisionModel))
    {
        config.Validate("model");
        Config = config;
        _tower = new ClipVisionTower(config, device);
        _projection = new Linear(config.Width, config.EmbedDim, bias: false, device);
        RegisterComponents();
    }

    /// <summary>Its shape.</summary>
    public ClipVisionConfig Config { get; }

    /// <summary>Drop path and patch dropout; off until a trainer begins a pass.</summary>
    public TrainingNoise Noise => _tower.Noise;

    /// <summary>Share of patches left out of a training pass, 0 to below 1.</summary>
    public double PatchDropout { get => _tower.PatchDropout; set => _tower.PatchDropout = value; }

    /// <summary>Format of matrix products.</summary>
    public Precision Precision
    {
        get => _projection.Precision;
        set
        {
            foreach (var layer in modules().OfType<Linear>())
            {
                layer.Precision = value;
            }
            _tower.SetPrecision(value);
        }
    }

    /// <summary>Rate of stochastic depth of the last block; it rises linearly from 0 at the first.</summary>
    public void SetDropPath(double rate) => _tower.SetDropPath(rate);

    /// <summary>Normalized pixels [B, 3, H, W] to image features [B, D], fp32, not normalized.</summary>
    public override Tensor forward(Tensor pixels) => Encode(pixels, null);

    /// <summary>
    /// <see cref="forward"/> that also shows what is inside: <c>embeddings</c> [B, T, W], <c>hidden.0</c> (input of the first block) to
    /// <c>hidden.N</c>, and <c>pooled</c> [B, W]. The tensors live until <paramref name="probe"/> returns.
    /// </summary>
    public Tensor Encode(Tensor pixels, Action<string, Tensor>? probe)
    {
        using var scope = NewDisposeScope();
        var pooled = _tower.Pool(pixels, probe); // [B, W]
        return _projection.call(pooled).InFp32().MoveToOuterDisposeScope(); // [B, D]
    }

    /// <summary>
    /// OpenAI's initialization (openai/CLIP dcba3cb clip/model.py#L299): class token, positions and projection normal with width^-0.5,
    /// blocks as in its transformer (attention in width^-0.5, outputs width^-0.5 (2 layers)^-0.5, fc1 (2 width)^-0.5), biases 0, patches as
    /// torch's convolution.
    /// </summary>
    /// <param name="seed">Seed of all weights.</param>
    /// <param name="start">With <see cref="VisionStart.Mimetic"/>, attention and positions start as <see cref="MimeticInit"/> says.</param>
    public void Initialize(ulong seed, VisionStart start = VisionStart.Clip)
    {
        var init = new WeightInit(seed);
        _tower.Initialize(init);
        if (start == VisionStart.Mimetic)
        {
            _tower.InitializeMimetic(init);
        }
        init.Normal(_projection.Weight, Math.Pow(Config.Width, -0.5));
    }
}

/// <summary>Everything before the projection; Hugging Face's <c>vision_model</c>.</summary>
internal sealed class ClipVisionTower : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "embeddings")]
    private readonly ClipVisionEmbeddings _embeddings;

    [ComponentName(Name = "pre_layrnorm")]
    private readonly LayerNorm _preNorm;

    [ComponentName(Name = "encoder")]
    private readonly ClipVisionBlocks _blocks;

    [ComponentName(Name = "post_layernorm")]
    private readonly LayerNorm _postNorm;

    private readonly ClipVisionConfig _config;

    public ClipVisionTower(ClipVisionConfig config, Device device)
        : base(nameof(ClipVisionTower))
    {
        _config = config;
        _embeddings = new ClipVisionEmbeddings(config, device);
        _preNorm = new LayerNorm(config.Width, config.LayerNormEpsilon, device);
        _blocks = new ClipVisionBlocks(config, device, Noise);
        _postNorm = new LayerNorm(config.Width, config.LayerNormEpsilon, device);
        RegisterComponents();
    }

    public TrainingNoise Noise { get; } = new();

    public double PatchDropout { get; set; }

    public void SetDropPath(double rate)
    {
        var blocks = _blocks.Layers;
        for (var i = 0; i < blocks.Count; i++)
        {
            blocks[i].DropPath = blocks.Count == 1 ? rate : rate * i / (blocks.Count - 1);
        }
    }

    public void SetPrecision(Precision precision)
    {
        _embeddings.Precision = precision;
        foreach (var block in _blocks.Layers)
        {
            block.SetPrecision(precision);
        }
    }

    public override Tensor forward(Tensor pixels) => Pool(pixels, null);

    /// <summary>[B, 3, H, W] to [B, W], fp32.</summary>
    public Tensor Pool(Tensor pixels, Action<string, Tensor>? probe)
    {
        using var scope = NewDisposeScope();
        var x = _embeddings.Embed(pixels, Noise, PatchDropout); // [B, T, W]
        probe?.Invoke("embeddings", x);
        x = _preNorm.call(x);
        probe?.Invoke("hidden.0", x);
        for (var i = 0; i < _blocks.Layers.Count; i++)
        {
            // Only the class token of the last block is read, unless somebody looks.
            var last = i == _blocks.Layers.Count - 1 && probe is null;
            x = last ? _blocks.Layers[i].OfClassToken(x) : _blocks.Layers[i].call(x);
            probe?.Invoke($"hidden.{i + 1}", x);
        }
        var pooled = _postNorm.call(x.select(1, 0)); // [B, W]
        probe?.Invoke("pooled", pooled);
        return pooled.MoveToOuterDisposeScope();
    }

    public void Initialize(WeightInit init)
    {
        _embeddings.Initialize(init);
        foreach (var block in _blocks.Layers)
        {
            block.Initialize(init, _config.Layers);
        }
    }

    public void InitializeMimetic(WeightInit init)
    {
        _embeddings.InitializeMimetic();
        foreach (var block in _blocks.Layers)
        {
            block.InitializeMimetic(init);
        }
    }
}

/// <summary>Hugging Face's <c>encoder</c>: the list of blocks.</summary>
internal sealed class ClipVisionBlocks : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "layers")]
    private readonly ModuleList<ClipVisionBlock> _layers;

    public ClipVisionBlocks(ClipVisionConfig config, Device device, TrainingNoise noise)
        : base(nameof(ClipVisionBlocks))
    {
        _layers = new ModuleList<ClipVisionBlock>([.. Enumerable.Range(0, config.Layers).Select(_ => new ClipVisionBlock(config, device, noise))]);
        RegisterComponents();
    }

    public ModuleList<ClipVisionBlock> Layers => _layers;

    public override Tensor forward(Tensor x) => _layers.Aggregate(x, (stream, block) => block.call(stream));
}
