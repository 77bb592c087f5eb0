using Llm2Clip.Layers;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Llm2Clip.Models;

/// <summary>What the vision towers share: patches go through transformer blocks, with drop path and patch dropout in training.</summary>
internal abstract class VisionTower(string name) : nn.Module<Tensor, Tensor>(name)
{
    /// <summary>Drop path and patch dropout; off until a trainer begins a pass.</summary>
    public TrainingNoise Noise { get; } = new();

    /// <summary>Share of patches left out of a training pass, 0 to below 1.</summary>
    public double PatchDropout { get; set; }

    /// <summary>Sets the rate of stochastic depth of the last block; it rises linearly from 0 at the first.</summary>
    public abstract void SetDropPath(double rate);

    /// <summary>[B, 3, H, W] to [B, W], fp32; <paramref name="probe"/> sees what is inside.</summary>
    public abstract Tensor Pool(Tensor pixels, Action<string, Tensor>? probe);

    /// <inheritdoc/>
    public override Tensor forward(Tensor pixels) => Pool(pixels, null);
}

/// <summary>An image encoder that is a <see cref="VisionConfig"/>'s tower, with whatever follows it.</summary>
public abstract class VisionModel : nn.Module<Tensor, Tensor>, IImageEncoder
{
    private protected VisionModel(string name)
        : base(name)
    {
    }

    /// <inheritdoc/>
    public abstract int EmbedDim { get; }

    /// <inheritdoc/>
    public int ImageSize => Shape.ImageSize;

    /// <inheritdoc/>
    public IReadOnlyList<int> PooledParts => [Shape.Width];

    /// <inheritdoc/>
    public virtual IReadOnlyList<string> BlockNames =>
        [.. Enumerable.Range(0, Shape.Layers).Select(block => $"vision_model.encoder.layers.{block}")];

    /// <inheritdoc/>
    public abstract IReadOnlyList<string> EmbeddingNames { get; }

    /// <inheritdoc/>
    public abstract IReadOnlyList<string> ProjectionNames { get; }

    /// <inheritdoc/>
    public abstract IReadOnlyList<string> UndecayedNames { get; }

    /// <inheritdoc/>
    public TrainingNoise Noise => Tower.Noise;

    /// <inheritdoc/>
    public double PatchDropout { get => Tower.PatchDropout; set => Tower.PatchDropout = value; }

    /// <inheritdoc/>
    public Precision Precision
    {
        get => modules().OfType<IProducts>().First().Precision;
        set => this.SetPrecision(value);
    }

    private protected abstract VisionConfig Shape { get; }

    private protected abstract VisionTower Tower { get; }

    /// <inheritdoc/>
    public void SetDropPath(double rate) => Tower.SetDropPath(rate);

    /// <inheritdoc/>
    public IReadOnlyList<(string Name, Parameter Parameter)> NamedParameters() => [.. named_parameters()];

    /// <inheritdoc/>
    public abstract void SaveConfig(string folder);

    /// <inheritdoc/>
    public void Save(string folder)
    {
        ModelFolder.SaveWeights(folder, NamedParameters());
        SaveConfig(folder);
    }

    /// <inheritdoc/>
    public Tensor Pool(Tensor pixels) => Tower.Pool(pixels, null);

    /// <inheritdoc/>
    public abstract Tensor Project(Tensor pooled);

    /// <inheritdoc/>
    public Tensor Encode(Tensor pixels) => call(pixels);

    /// <summary>Normalized pixels [B, 3, H, W] to image features [B, D], fp32, not normalized.</summary>
    public override Tensor forward(Tensor pixels) => Encode(pixels, null);

    /// <summary>
    /// <see cref="forward"/> that also shows what is inside, by name. The tensors live until <paramref name="probe"/> returns.
    /// </summary>
    public Tensor Encode(Tensor pixels, Action<string, Tensor>? probe)
    {
        using var scope = NewDisposeScope();
        return Project(Tower.Pool(pixels, probe)).MoveToOuterDisposeScope();
    }
}
