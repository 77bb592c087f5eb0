using Llm2Clip.Layers;
using TorchSharp;
using TorchSharp.Utils;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace Llm2Clip.Models.Clip;

/// <summary>
/// The vision half of CLIP (https://arxiv.org/abs/2103.00020) as OpenAI trained it and Hugging Face names it:
/// <code>
/// pixels -> patches (linear, no bias) -> [class ; patches] + positions -> pre_layrnorm (sic)
///        -> N x ( x + attention(layer_norm1 x) ; x + fc2 act(fc1 layer_norm2 x) )
///        -> post_layernorm of the class token -> projection (no bias)
/// </code>
/// Shapes below: B images, G x G patches of side P, T = G*G + 1 tokens, W width, H heads, D embed dim.
/// Reference: transformers 5.23 models/clip/modeling_clip.py, openai/CLIP dcba3cb clip/model.py.
/// </summary>
public sealed class ClipVisionModel : VisionModel
{
    [ComponentName(Name = "vision_model")]
    private readonly ClipVisionTower _tower;

    [ComponentName(Name = "visual_projection")]
    private readonly Linear _projection; // [D, W]

    /// <summary>A model with zero weights; <see cref="Initialize"/> or <see cref="ClipVisionWeights"/> fills them.</summary>
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

    /// <inheritdoc/>
    public override int EmbedDim => Config.EmbedDim;

    /// <inheritdoc/>
    public override IReadOnlyList<string> EmbeddingNames { get; } = ["vision_model.embeddings", "vision_model.pre_layrnorm"];

    /// <inheritdoc/>
    public override IReadOnlyList<string> ProjectionNames { get; } = ["visual_projection"];

    /// <inheritdoc/>
    public override IReadOnlyList<string> UndecayedNames { get; } = ["vision_model.embeddings.position_embedding.weight"];

    private protected override VisionConfig Shape => Config;

    private protected override VisionTower Tower => _tower;

    /// <inheritdoc/>
    public override void SaveConfig(string folder) => ModelFolder.SaveConfig(folder, Config.ToJson());

    /// <inheritdoc/>
    public override Tensor Project(Tensor pooled)
    {
        using var scope = NewDisposeScope();
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
internal sealed class ClipVisionTower : VisionTower
{
    [ComponentName(Name = "embeddings")]
    private readonly ClipVisionEmbeddings _embeddings;

    [ComponentName(Name = "pre_layrnorm")]
    private readonly LayerNorm _preNorm;

    [ComponentName(Name = "encoder")]
    private readonly TransformerBlocks _blocks;

    [ComponentName(Name = "post_layernorm")]
    private readonly LayerNorm _postNorm;

    public ClipVisionTower(ClipVisionConfig config, Device device)
        : base(nameof(ClipVisionTower))
    {
        _embeddings = new ClipVisionEmbeddings(config, device);
        _preNorm = new LayerNorm(config.Width, config.LayerNormEpsilon, device);
        _blocks = new TransformerBlocks(config.Blocks, device, Noise);
        _postNorm = new LayerNorm(config.Width, config.LayerNormEpsilon, device);
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override void SetDropPath(double rate) => _blocks.SetDropPath(rate);

    /// <summary>
    /// The pooled features [B, W], and what is inside: <c>embeddings</c> [B, T, W], <c>hidden.0</c> (input of the first block) to
    /// <c>hidden.N</c>, and <c>pooled</c>. The tensors live until <paramref name="probe"/> returns.
    /// </summary>
    public override Tensor Pool(Tensor pixels, Action<string, Tensor>? probe)
    {
        using var scope = NewDisposeScope();
        var x = _embeddings.Embed(pixels, Noise, PatchDropout); // [B, T, W]
        probe?.Invoke("embeddings", x);
        x = _blocks.Pass(_preNorm.call(x), firstTokenOnly: true, probe); // [B, T, W] or [B, 1, W]
        var pooled = _postNorm.call(x.select(1, 0)); // [B, W]
        probe?.Invoke("pooled", pooled);
        return pooled.MoveToOuterDisposeScope();
    }

    public void Initialize(WeightInit init)
    {
        _embeddings.Initialize(init);
        _blocks.Initialize(init);
    }

    public void InitializeMimetic(WeightInit init)
    {
        _embeddings.InitializeMimetic();
        _blocks.InitializeMimetic(init);
    }
}

/// <summary>Patches, class token and positions: [B, 3, H, W] to [B, T, W].</summary>
internal sealed class ClipVisionEmbeddings : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "class_embedding")]
    private readonly Parameter _classToken; // [W]

    [ComponentName(Name = "patch_embedding")]
    private readonly PatchEmbedding _patches; // [W, 3, P, P]

    [ComponentName(Name = "position_embedding")]
    private readonly WeightOnly _positions; // [T, W]

    private readonly ClipVisionConfig _config;

    public ClipVisionEmbeddings(ClipVisionConfig config, Device device)
        : base(nameof(ClipVisionEmbeddings))
    {
        _config = config;
        _classToken = OwnedWeights.New([config.Width], device);
        _patches = new PatchEmbedding(config.Width, config.PatchSize, bias: false, device);
        _positions = new WeightOnly([config.Tokens, config.Width], device);
        RegisterComponents();
    }

    public override Tensor forward(Tensor pixels) => Embed(pixels, new TrainingNoise(), 0);

    /// <summary>Tokens with positions, before the first norm.</summary>
    public Tensor Embed(Tensor pixels, TrainingNoise noise, double patchDropout)
    {
        var (rows, columns) = _patches.Grid(pixels);
        using var scope = NewDisposeScope();
        var table = PositionTable.For(_positions.Weight, _config.Grid, rows, columns); // [1 + G*G, W]
        var patches = _patches.Embed(pixels, table.narrow(0, 1, rows * columns), noise, patchDropout); // [B, K, W], fp32
        var first = _classToken.Plus(table.select(0, 0)).expand(pixels.shape[0], 1, _config.Width); // [B, 1, W]
        return cat([first, patches], 1).MoveToOuterDisposeScope();
    }

    public void Initialize(WeightInit init)
    {
        var scale = Math.Pow(_config.Width, -0.5);
        init.Normal(_classToken, scale);
        init.Normal(_positions.Weight, scale);
        _patches.Initialize(init);
    }

    public void InitializeMimetic() => MimeticInit.Positions(_positions.Weight, _config.Grid);
}
