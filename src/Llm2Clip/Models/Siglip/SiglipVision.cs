using Llm2Clip.Layers;
using TorchSharp;
using TorchSharp.Utils;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace Llm2Clip.Models.Siglip;

/// <summary>
/// The vision half of SigLIP (https://arxiv.org/abs/2303.15343) and of SigLIP 2 at a fixed size, as Hugging Face names it:
/// <code>
/// pixels -> patches (linear, with bias) + positions
///        -> N x ( x + attention(layer_norm1 x) ; x + fc2 act(fc1 layer_norm2 x) )
///        -> post_layernorm -> attention-pooling head, whose output are the features: there is no projection
/// </code>
/// Shapes below: B images, G x G patches of side P, T = G*G tokens, W width = D embed dim.
/// Reference: transformers 5.23 models/siglip/modeling_siglip.py.
/// </summary>
internal sealed class SiglipVisionModel : VisionModel
{
    [ComponentName(Name = "vision_model")]
    private readonly SiglipVisionTower _tower;

    /// <summary>A model with zero weights; <see cref="SiglipVisionWeights"/> fills them.</summary>
    public SiglipVisionModel(SiglipVisionConfig config, Device device)
        : base(nameof(SiglipVisionModel))
    {
        config.Validate("model");
        Config = config;
        _tower = new SiglipVisionTower(config, device);
        RegisterComponents();
    }

    /// <summary>Its shape.</summary>
    public SiglipVisionConfig Config { get; }

    /// <inheritdoc/>
    public override int EmbedDim => Config.Width;

    /// <inheritdoc/>
    public override IReadOnlyList<string> EmbeddingNames { get; } = ["vision_model.embeddings"];

    /// <inheritdoc/>
    public override IReadOnlyList<string> ProjectionNames => [];

    /// <inheritdoc/>
    public override IReadOnlyList<string> UndecayedNames { get; } =
        ["vision_model.embeddings.position_embedding.weight", "vision_model.head.probe"];

    private protected override VisionConfig Shape => Config;

    private protected override VisionTower Tower => _tower;

    /// <inheritdoc/>
    public override void SaveConfig(string folder) => ModelFolder.SaveConfig(folder, Config.ToJson());

    /// <inheritdoc/>
    public override Tensor Project(Tensor pooled) => pooled;
}

/// <summary>All of the model; Hugging Face's <c>vision_model</c>.</summary>
internal sealed class SiglipVisionTower : VisionTower
{
    [ComponentName(Name = "embeddings")]
    private readonly SiglipVisionEmbeddings _embeddings;

    [ComponentName(Name = "encoder")]
    private readonly TransformerBlocks _blocks;

    [ComponentName(Name = "post_layernorm")]
    private readonly LayerNorm _postNorm;

    [ComponentName(Name = "head")]
    private readonly AttentionPoolingHead _head;

    public SiglipVisionTower(SiglipVisionConfig config, Device device)
        : base(nameof(SiglipVisionTower))
    {
        _embeddings = new SiglipVisionEmbeddings(config, device);
        _blocks = new TransformerBlocks(config.Blocks, device, Noise);
        _postNorm = new LayerNorm(config.Width, config.LayerNormEpsilon, device);
        _head = new AttentionPoolingHead(config.Blocks, device);
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override void SetDropPath(double rate) => _blocks.SetDropPath(rate);

    /// <summary>
    /// The pooled features [B, W], and what is inside: <c>hidden.0</c> (patches plus positions) to <c>hidden.N</c> and
    /// <c>last_hidden_state</c>, all [B, T, W]. The tensors live until <paramref name="probe"/> returns.
    /// </summary>
    public override Tensor Pool(Tensor pixels, Action<string, Tensor>? probe)
    {
        using var scope = NewDisposeScope();
        var x = _embeddings.Embed(pixels, Noise, PatchDropout); // [B, T, W]
        x = _postNorm.call(_blocks.Pass(x, firstTokenOnly: false, probe));
        probe?.Invoke("last_hidden_state", x);
        return _head.call(x).MoveToOuterDisposeScope(); // [B, W]
    }
}

/// <summary>Patches and positions: [B, 3, H, W] to [B, T, W].</summary>
internal sealed class SiglipVisionEmbeddings : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "patch_embedding")]
    private readonly PatchEmbedding _patches; // [W, 3, P, P] and [W]

    [ComponentName(Name = "position_embedding")]
    private readonly WeightOnly _positions; // [T, W]

    private readonly int _grid;

    public SiglipVisionEmbeddings(SiglipVisionConfig config, Device device)
        : base(nameof(SiglipVisionEmbeddings))
    {
        _grid = config.Grid;
        _patches = new PatchEmbedding(config.Width, config.PatchSize, bias: true, device);
        _positions = new WeightOnly([(long)config.Grid * config.Grid, config.Width], device);
        RegisterComponents();
    }

    public override Tensor forward(Tensor pixels) => Embed(pixels, new TrainingNoise(), 0);

    public Tensor Embed(Tensor pixels, TrainingNoise noise, double patchDropout)
    {
        var (rows, columns) = _patches.Grid(pixels);
        using var scope = NewDisposeScope();
        var table = PositionTable.For(_positions.Weight, _grid, rows, columns, classToken: false); // [G*G, W]
        return _patches.Embed(pixels, table, noise, patchDropout).MoveToOuterDisposeScope();
    }
}

/// <summary>
/// A learned query attends to all tokens, x = attention(probe, tokens), and the result is x + mlp(layernorm x). [B, T, W] to [B, W], fp32.
/// </summary>
internal sealed class AttentionPoolingHead : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "probe")]
    private readonly Parameter _probe; // [1, 1, W]

    [ComponentName(Name = "attention")]
    private readonly PackedAttention _attention;

    [ComponentName(Name = "layernorm")]
    private readonly LayerNorm _norm;

    [ComponentName(Name = "mlp")]
    private readonly Mlp _mlp;

    public AttentionPoolingHead(TransformerShape shape, Device device)
        : base(nameof(AttentionPoolingHead))
    {
        _probe = OwnedWeights.New([1, 1, shape.Width], device);
        _attention = new PackedAttention(shape.Width, shape.Heads, device);
        _norm = new LayerNorm(shape.Width, shape.LayerNormEpsilon, device);
        _mlp = new Mlp(shape.Width, shape.MlpWidth, shape.Activation, device);
        RegisterComponents();
    }

    public override Tensor forward(Tensor tokens)
    {
        using var scope = NewDisposeScope();
        var x = _attention.call(_probe.expand(tokens.shape[0], 1, -1), tokens).InFp32(); // [B, 1, W]
        return x.Plus(_mlp.call(_norm.call(x))).select(1, 0).MoveToOuterDisposeScope();
    }
}

/// <summary>
/// Attention of queries [B, Q, W] to tokens [B, T, W], with the weights of q, k and v in one, as torch's MultiheadAttention stores them.
/// </summary>
internal sealed class PackedAttention : nn.Module<Tensor, Tensor, Tensor>, IProducts
{
    [ComponentName(Name = "in_proj_weight")]
    private readonly Parameter _weight; // [3W, W]

    [ComponentName(Name = "in_proj_bias")]
    private readonly Parameter _bias; // [3W]

    [ComponentName(Name = "out_proj")]
    private readonly Linear _output; // [W, W]

    private readonly int _width;
    private readonly int _heads;

    public PackedAttention(int width, int heads, Device device)
        : base(nameof(PackedAttention))
    {
        (_width, _heads) = (width, heads);
        _weight = OwnedWeights.New([3L * width, width], device);
        _bias = OwnedWeights.New([3L * width], device);
        _output = new Linear(width, width, bias: true, device);
        RegisterComponents();
    }

    public Precision Precision { get; set; }

    public override Tensor forward(Tensor queries, Tensor tokens)
    {
        using var scope = NewDisposeScope();
        var query = Precision.Product(queries, _weight.narrow(0, 0, _width), _bias.narrow(0, 0, _width)); // [B, Q, W]
        var packed = Precision.Product(tokens, _weight.narrow(0, _width, 2L * _width), _bias.narrow(0, _width, 2L * _width)); // [B, T, 2W]
        return _output.call(Attention.Attend(packed, _heads, query)).MoveToOuterDisposeScope();
    }
}
