using Llm2Clip.Layers;
using Llm2Clip.Weights;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Llm2Clip.Models.ResNet;

/// <summary>What torchvision's residual networks and CLIP's share as an image encoder: four stages of blocks with batch norms.</summary>
public abstract class ResidualNetwork : nn.Module<Tensor, Tensor>, IImageEncoder
{
    /// <summary>Pixels per element of the last stage's maps, in each direction: what the strides come to.</summary>
    internal const int Stride = 32;

    private protected ResidualNetwork(string name, ResNetSettings settings)
        : base(name) => Settings = settings;

    /// <inheritdoc/>
    public abstract int EmbedDim { get; }

    /// <inheritdoc/>
    public abstract int ImageSize { get; }

    /// <inheritdoc/>
    public abstract IReadOnlyList<int> PooledParts { get; }

    /// <inheritdoc/>
    public abstract IReadOnlyList<string> BlockNames { get; }

    /// <inheritdoc/>
    public abstract IReadOnlyList<string> EmbeddingNames { get; }

    /// <inheritdoc/>
    public abstract IReadOnlyList<string> ProjectionNames { get; }

    /// <inheritdoc/>
    public abstract IReadOnlyList<string> UndecayedNames { get; }

    /// <summary>What becomes of its batch norms.</summary>
    public BatchNormMode BatchNorm => Settings.BatchNorm;

    /// <inheritdoc/>
    public TrainingNoise Noise => Settings.Noise;

    /// <summary>0: there are no patches that could be left out.</summary>
    /// <exception cref="ConfigException">Set to another value.</exception>
    public double PatchDropout
    {
        get => 0;
        set
        {
            if (value != 0)
            {
                throw new ConfigException(
                    "clip_train.patch_dropout leaves out patches, which a residual network has none of. Set it to 0.");
            }
        }
    }

    /// <inheritdoc/>
    public Precision Precision
    {
        get => modules().OfType<IProducts>().First().Precision;
        set => this.SetPrecision(value);
    }

    private protected ResNetSettings Settings { get; }

    /// <summary>The blocks in order.</summary>
    private protected abstract IReadOnlyList<ResidualBlock> Blocks { get; }

    /// <summary>Convolutions and norms before the first block.</summary>
    private protected abstract IReadOnlyList<NormedConvolution> Stem { get; }

    /// <summary>Parameters and running statistics: what a file holds.</summary>
    internal IReadOnlyList<(string Name, Tensor Tensor)> State =>
        [.. NamedParameters().Select(p => (p.Name, (Tensor)p.Parameter)), .. NamedBuffers()];

    /// <summary>Fills all weights as the network's authors did.</summary>
    public abstract void Initialize(ulong seed);

    /// <inheritdoc/>
    public void SetDropPath(double rate)
    {
        for (var i = 0; i < Blocks.Count; i++)
        {
            Blocks[i].DropPath = Blocks.Count == 1 ? rate : rate * i / (Blocks.Count - 1);
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<(string Name, Parameter Parameter)> NamedParameters() => [.. named_parameters()];

    /// <inheritdoc/>
    public IReadOnlyList<(string Name, Tensor Buffer)> NamedBuffers() => [.. named_buffers()];

    /// <inheritdoc/>
    public abstract void SaveConfig(string folder);

    /// <inheritdoc/>
    public void Save(string folder)
    {
        ModelFolder.SaveWeights(Path.Combine(folder, ModelFolder.WeightsName), NameTable.Same.Of(State));
        SaveConfig(folder);
    }

    /// <inheritdoc/>
    public Tensor Pool(Tensor pixels) => Pool(pixels, null);

    /// <summary>
    /// <see cref="Pool(Tensor)"/> that also shows what is inside, by name: <c>stem</c> and <c>layer1</c> to <c>layer4</c>, [B, C, H, W]
    /// each. The tensors live until <paramref name="probe"/> returns.
    /// </summary>
    public abstract Tensor Pool(Tensor pixels, Action<string, Tensor>? probe);

    /// <inheritdoc/>
    public abstract Tensor Project(Tensor pooled);

    /// <inheritdoc/>
    public Tensor Encode(Tensor pixels) => call(pixels);

    /// <summary>Normalized pixels [B, 3, H, W] to image features [B, D], fp32, not normalized.</summary>
    public override Tensor forward(Tensor pixels)
    {
        using var scope = NewDisposeScope();
        return Project(Pool(pixels)).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Makes this, a folded network, compute what <paramref name="other"/> of the same shape does with running statistics.
    /// </summary>
    private protected virtual void TakeFolded(ResidualNetwork other)
    {
        var pairs = Stem.Concat(Blocks.SelectMany(block => block.Layers))
            .Zip(other.Stem.Concat(other.Blocks.SelectMany(block => block.Layers)));
        foreach (var (own, others) in pairs)
        {
            own.TakeFolded(others);
        }
    }

    /// <summary>Pixels as the first convolution takes them: channels last in memory, which copies only where they are not.</summary>
    /// <exception cref="ArgumentException">The shape is another, or the images are smaller than the strides allow.</exception>
    private protected static Tensor Input(Tensor pixels)
    {
        if (pixels.shape is not [_, 3, >= Stride, >= Stride])
        {
            throw new ArgumentException(
                $"Pixels are [{string.Join(", ", pixels.shape)}]; expected [B, 3, H, W] with H and W of at least {Stride}.",
                nameof(pixels));
        }
        return pixels.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2);
    }
}
