using Llm2Clip.Layers;
using TorchSharp;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Llm2Clip.Models;

/// <summary>
/// What the families share: tokens go through transformer blocks, with drop path and patch dropout in training, and are pooled to one
/// vector, the class token's or a head's. Named as Hugging Face's CLIP (<c>vision_model</c>) is.
/// </summary>
internal sealed class VisionTower : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "embeddings")]
    private readonly VisionEmbeddings _embeddings;

    [ComponentName(Name = "pre_layrnorm")]
    private readonly LayerNorm? _preNorm;

    [ComponentName(Name = "encoder")]
    private readonly TransformerBlocks _blocks;

    [ComponentName(Name = "post_layernorm")]
    private readonly LayerNorm _postNorm;

    [ComponentName(Name = "head")]
    private readonly nn.Module<Tensor, Tensor>? _head;

    /// <summary>A tower with zero weights.</summary>
    /// <param name="config">Its shape.</param>
    /// <param name="device">Where to compute.</param>
    /// <param name="preNorm">Whether a layer norm precedes the first block.</param>
    /// <param name="head">Pools all tokens [B, T, W] to [B, W]; null where the class token does.</param>
    public VisionTower(VisionConfig config, Device device, bool preNorm = false, nn.Module<Tensor, Tensor>? head = null)
        : base(nameof(VisionTower))
    {
        _embeddings = new VisionEmbeddings(config, device);
        _preNorm = preNorm ? new LayerNorm(config.Width, config.LayerNormEpsilon, device) : null;
        _blocks = new TransformerBlocks(config.Blocks, device, Noise);
        _postNorm = new LayerNorm(config.Width, config.LayerNormEpsilon, device);
        _head = head;
        RegisterComponents();
    }

    /// <summary>Drop path and patch dropout; off until a trainer begins a pass.</summary>
    public TrainingNoise Noise { get; } = new();

    /// <summary>Share of patches left out of a training pass, 0 to below 1.</summary>
    public double PatchDropout { get; set; }

    /// <summary>The tokens' weights.</summary>
    public VisionEmbeddings Embeddings => _embeddings;

    /// <summary>The blocks.</summary>
    public TransformerBlocks Blocks => _blocks;

    /// <summary>Whether a layer norm precedes the first block.</summary>
    public bool HasPreNorm => _preNorm is not null;

    /// <inheritdoc/>
    public override Tensor forward(Tensor pixels) => Pool(pixels, null);

    /// <summary>
    /// The pooled features, [B, 3, H, W] to [B, W], fp32, and what is inside: <c>embeddings</c> [B, T, W], <c>hidden.0</c> (input of the
    /// first block) to <c>hidden.N</c>, <c>last_hidden_state</c> (after the last norm) and <c>pooled</c>. The tensors live until
    /// <paramref name="probe"/> returns.
    /// </summary>
    public Tensor Pool(Tensor pixels, Action<string, Tensor>? probe)
    {
        using var scope = NewDisposeScope();
        var (x, rotary) = _embeddings.Embed(pixels, Noise, PatchDropout); // [B, T, W]
        probe?.Invoke("embeddings", x);
        x = _blocks.Pass(_preNorm is null ? x : _preNorm.call(x), firstTokenOnly: _head is null, probe, rotary); // [B, T, W] or [B, 1, W]
        if (probe is not null || _head is not null)
        {
            x = _postNorm.call(x);
            probe?.Invoke("last_hidden_state", x);
        }
        var pooled = _head is not null ? _head.call(x) : probe is not null ? x.select(1, 0) : _postNorm.call(x.select(1, 0)); // [B, W]
        probe?.Invoke("pooled", pooled);
        return pooled.MoveToOuterDisposeScope();
    }
}
