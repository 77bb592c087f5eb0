using Llm2Clip.Layers;
using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Llm2Clip.Models.ResNet;

/// <summary>
/// CLIP's residual network as OpenAI and open_clip name it, RN50 to RN50x64 (openai/CLIP dcba3cb clip/model.py#L94):
/// <code>
/// pixels -> conv1 (stride 2), conv2, conv3 (3 x 3, bn and relu behind each), means of 2 x 2 -> layer1 -> layer2 -> layer3 -> layer4
///        -> attention pooling -> c_proj
/// </code>
/// Strides are means before a convolution, which keeps high frequencies out (https://arxiv.org/abs/1904.11486). The pooled features are the
/// pooling's answer; <c>attnpool.c_proj</c> is the projection.
/// </summary>
public sealed class ModifiedResNetModel : ResidualNetwork
{
    [ComponentName(Name = "visual")]
    private readonly ModifiedResNetTower _tower;

    /// <summary>A model with zero weights; <see cref="Initialize"/> or <see cref="ModifiedResNetWeights"/> fills them.</summary>
    public ModifiedResNetModel(ModifiedResNetConfig config, Device device)
        : base(nameof(ModifiedResNetModel), new ResNetSettings(config.BatchNorm, config.BatchNormEpsilon, new TrainingNoise()))
    {
        Config = config;
        _tower = new ModifiedResNetTower(config, Settings, device);
        RegisterComponents();
    }

    /// <summary>Its shape.</summary>
    public ModifiedResNetConfig Config { get; }

    /// <inheritdoc/>
    public override int EmbedDim => Config.EmbedDim;

    /// <inheritdoc/>
    public override int ImageSize => Config.ImageSize;

    /// <inheritdoc/>
    public override IReadOnlyList<int> PooledParts => [Config.PooledWidth];

    /// <inheritdoc/>
    public override IReadOnlyList<string> BlockNames => ResNetStages.BlockNames(Config.Blocks, "visual.");

    /// <inheritdoc/>
    public override IReadOnlyList<string> EmbeddingNames { get; } =
        ["visual.conv1", "visual.bn1", "visual.conv2", "visual.bn2", "visual.conv3", "visual.bn3"];

    /// <inheritdoc/>
    public override IReadOnlyList<string> ProjectionNames { get; } = ["visual.attnpool.c_proj"];

    /// <inheritdoc/>
    public override IReadOnlyList<string> UndecayedNames { get; } = ["visual.attnpool.positional_embedding"];

    private protected override IReadOnlyList<ResidualBlock> Blocks => _tower.Blocks;

    private protected override IReadOnlyList<NormedConvolution> Stem => _tower.Stem;

    /// <summary>
    /// OpenAI's initialization: attention pooling normal with width^-0.5, the last norm of each block 0, convolutions torch's (openai/CLIP
    /// dcba3cb clip/model.py#L300).
    /// </summary>
    public override void Initialize(ulong seed)
    {
        var init = new WeightInit(seed);
        foreach (var layer in Stem.Concat(Blocks.SelectMany(block => block.Layers)))
        {
            layer.Convolution.Initialize(init);
        }
        using var off = no_grad();
        using var scope = NewDisposeScope();
        foreach (var block in Blocks)
        {
            block.Last?.Weight.zero_();
        }
        _tower.Pooling.Initialize(init);
    }

    /// <inheritdoc/>
    public override void SaveConfig(string folder) => ModelFolder.SaveConfig(folder, Config.ToJson());

    /// <inheritdoc/>
    public override Tensor Pool(Tensor pixels, Action<string, Tensor>? probe)
    {
        using var scope = NewDisposeScope();
        return _tower.Pooling.Attend(_tower.Map(Input(pixels), probe)).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override Tensor Project(Tensor pooled) => _tower.Pooling.Project(pooled);

    /// <summary>The same function as a folded network of its own.</summary>
    internal ModifiedResNetModel Folded()
    {
        var folded = new ModifiedResNetModel(
            Config with { BatchNorm = BatchNormMode.Folded }, _tower.Stem[0].Convolution.Weight.device);
        folded.TakeFolded(this);
        return folded;
    }

    private protected override void TakeFolded(ResidualNetwork other)
    {
        base.TakeFolded(other);
        using var off = no_grad();
        using var scope = NewDisposeScope();
        var pooling = ((ModifiedResNetModel)other)._tower.Pooling.named_parameters().ToDictionary(p => p.name, p => p.parameter);
        foreach (var (name, parameter) in _tower.Pooling.named_parameters())
        {
            parameter.copy_(pooling[name]);
        }
    }
}

/// <summary>All of it; OpenAI's <c>visual</c>.</summary>
internal sealed class ModifiedResNetTower : nn.Module<Tensor, Tensor>
{
    private readonly ResNetStages _stages;

    public ModifiedResNetTower(ModifiedResNetConfig config, ResNetSettings settings, Device device)
        : base(nameof(ModifiedResNetTower))
    {
        var half = config.Width / 2;
        Stem =
        [
            new NormedConvolution(3, half, 3, 2, settings, device),
            new NormedConvolution(half, half, 3, 1, settings, device),
            new NormedConvolution(half, config.Width, 3, 1, settings, device),
        ];
        for (var i = 0; i < Stem.Count; i++)
        {
            Stem[i].Register(this, $"conv{i + 1}", $"bn{i + 1}");
        }
        int Width(int stage) => config.Width << stage;
        _stages = new ResNetStages(
            this, config.Blocks, config.Width, stage => Width(stage) * ResidualBlock.Expansion,
            (stage, inputs, stride) => ResidualBlock.Bottleneck(inputs, Width(stage), stride, antialiased: true, settings, device));
        Pooling = new AttentionPool(config.PooledWidth, config.Grid, config.Heads, config.EmbedDim, device);
        register_module("attnpool", Pooling);
    }

    /// <summary>Convolutions and norms before the first block.</summary>
    public IReadOnlyList<NormedConvolution> Stem { get; }

    /// <summary>The blocks in order.</summary>
    public IReadOnlyList<ResidualBlock> Blocks => _stages.Blocks;

    /// <summary>The attention pooling.</summary>
    public AttentionPool Pooling { get; }

    /// <summary>The features: [B, 3, H, W] to [B, D].</summary>
    public override Tensor forward(Tensor pixels)
    {
        using var scope = NewDisposeScope();
        return Pooling.call(Map(pixels, null)).MoveToOuterDisposeScope();
    }

    /// <summary>The last stage's map, [B, 32 width, H/32, W/32].</summary>
    public Tensor Map(Tensor pixels, Action<string, Tensor>? probe)
    {
        using var scope = NewDisposeScope();
        var x = pixels;
        foreach (var layer in Stem)
        {
            x = layer.Apply(x).relu_(); // [B, width, H/2, W/2] in the end
        }
        x = nn.functional.avg_pool2d(x, 2); // [B, width, H/4, W/4]
        probe?.Invoke("stem", x);
        return _stages.Pass(x, probe).MoveToOuterDisposeScope();
    }
}
