using Llm2Clip.Layers;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Models.ResNet;

/// <summary>
/// A residual network (https://arxiv.org/abs/1512.03385) as torchvision has and names it (torchvision 0.20 models/resnet.py):
/// <code>
/// pixels -> conv1 (7 x 7, stride 2), bn1, relu, max pool (3 x 3, stride 2) -> layer1 -> layer2 -> layer3 -> layer4
/// </code>
/// Its features are the spatial means of the stages that the configuration names, side by side; it has no projection. Maps in bf16 stay
/// bf16 between the convolutions; norms and means are fp32.
/// </summary>
public sealed class ResNetModel : ResidualNetwork
{
    private readonly NormedConvolution _stem;
    private readonly ResNetStages _stages;

    /// <summary>A model with zero weights; <see cref="Initialize"/> or <see cref="ResNetWeights"/> fills them.</summary>
    public ResNetModel(ResNetConfig config, Device device)
        : base(nameof(ResNetModel), new ResNetSettings(config.BatchNorm, config.BatchNormEpsilon, new TrainingNoise()))
    {
        Config = config;
        _stem = new NormedConvolution(3, ResNetConfig.FirstWidth, 7, 2, Settings, device);
        _stem.Register(this, "conv1", "bn1");
        _stages = new ResNetStages(this, config.Blocks, ResNetConfig.FirstWidth, config.WidthOf, (stage, inputs, stride) =>
        {
            var width = ResNetConfig.FirstWidth << stage;
            return config.Block == ResNetBlock.Basic
                ? ResidualBlock.Basic(inputs, width, stride, Settings, device)
                : ResidualBlock.Bottleneck(inputs, width, stride, antialiased: false, Settings, device);
        });
    }

    /// <summary>Its shape.</summary>
    public ResNetConfig Config { get; }

    /// <inheritdoc/>
    public override int EmbedDim => PooledParts.Sum();

    /// <inheritdoc/>
    public override int ImageSize => Config.ImageSize;

    /// <inheritdoc/>
    public override IReadOnlyList<int> PooledParts => [.. Config.Stages.Select(name => Config.WidthOf(StageOf(name)))];

    /// <inheritdoc/>
    public override IReadOnlyList<string> BlockNames => ResNetStages.BlockNames(Config.Blocks);

    /// <inheritdoc/>
    public override IReadOnlyList<string> EmbeddingNames { get; } = ["conv1", "bn1"];

    /// <inheritdoc/>
    public override IReadOnlyList<string> ProjectionNames => [];

    /// <inheritdoc/>
    public override IReadOnlyList<string> UndecayedNames => [];

    private protected override IReadOnlyList<ResidualBlock> Blocks => _stages.Blocks;

    private protected override IReadOnlyList<NormedConvolution> Stem => [_stem];

    /// <summary>
    /// torchvision's initialization: convolutions normal with variance 2 / (out side^2), batch norms the identity
    /// (torchvision 0.20 models/resnet.py#L208).
    /// </summary>
    public override void Initialize(ulong seed)
    {
        var init = new WeightInit(seed);
        foreach (var layer in Stem.Concat(Blocks.SelectMany(block => block.Layers)))
        {
            layer.Convolution.InitializeForRelu(init);
        }
    }

    /// <inheritdoc/>
    public override void SaveConfig(string folder) => ModelFolder.SaveConfig(folder, Config.ToJson());

    /// <inheritdoc/>
    public override Tensor Pool(Tensor pixels, Action<string, Tensor>? probe)
    {
        using var scope = NewDisposeScope();
        var x = _stem.Apply(Input(pixels)).relu_(); // [B, 64, H/2, W/2]
        x = nn.functional.max_pool2d(x, 3, 2, 1);   // [B, 64, H/4, W/4]
        probe?.Invoke("stem", x);
        var means = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        _stages.Pass(x, (name, map) =>
        {
            probe?.Invoke(name, map);
            if (Config.Stages.Contains(name))
            {
                means.Add(name, map.mean([2, 3], keepdim: false, ScalarType.Float32)); // [B, C]
            }
        });
        return cat([.. Config.Stages.Select(name => means[name])], 1).MoveToOuterDisposeScope(); // [B, F]
    }

    /// <inheritdoc/>
    public override Tensor Project(Tensor pooled) => pooled;

    /// <summary>The same function as a folded network of its own.</summary>
    internal ResNetModel Folded()
    {
        var folded = new ResNetModel(Config with { BatchNorm = BatchNormMode.Folded }, _stem.Convolution.Weight.device);
        folded.TakeFolded(this);
        return folded;
    }

    private static int StageOf(string name) => ResNetConfig.StageNames.ToList().IndexOf(name);
}
