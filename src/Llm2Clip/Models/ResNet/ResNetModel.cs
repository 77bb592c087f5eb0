using Llm2Clip.Layers;
using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
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
    [ComponentName(Name = "conv1")]
    private readonly Convolution _convolution;

    [ComponentName(Name = "bn1")]
    private readonly BatchNorm? _norm;

    [ComponentName(Name = "layer1")]
    private readonly ModuleList<ResidualBlock> _stage1;

    [ComponentName(Name = "layer2")]
    private readonly ModuleList<ResidualBlock> _stage2;

    [ComponentName(Name = "layer3")]
    private readonly ModuleList<ResidualBlock> _stage3;

    [ComponentName(Name = "layer4")]
    private readonly ModuleList<ResidualBlock> _stage4;

    private readonly NormedConvolution _stem;

    /// <summary>A model with zero weights; <see cref="Initialize"/> or <see cref="ResNetWeights"/> fills them.</summary>
    public ResNetModel(ResNetConfig config, Device device)
        : base(nameof(ResNetModel), new ResNetSettings(config.BatchNorm, config.BatchNormEpsilon, new TrainingNoise()))
    {
        Config = config;
        _stem = new NormedConvolution(3, ResNetConfig.FirstWidth, 7, 2, Settings, device);
        (_convolution, _norm) = (_stem.Convolution, _stem.Norm);
        (_stage1, _stage2, _stage3, _stage4) = (Stage(0, device), Stage(1, device), Stage(2, device), Stage(3, device));
        RegisterComponents();
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
    public override IReadOnlyList<string> BlockNames =>
    [
        .. ResNetConfig.StageNames.Zip(Config.Blocks)
            .SelectMany(stage => Enumerable.Range(0, stage.Second).Select(block => $"{stage.First}.{block}")),
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<string> EmbeddingNames { get; } = ["conv1", "bn1"];

    /// <inheritdoc/>
    public override IReadOnlyList<string> ProjectionNames => [];

    /// <inheritdoc/>
    public override IReadOnlyList<string> UndecayedNames => [];

    private protected override IReadOnlyList<ResidualBlock> Blocks => [.. StageList.SelectMany(stage => stage)];

    private protected override IReadOnlyList<NormedConvolution> Stem => [_stem];

    private ModuleList<ResidualBlock>[] StageList => [_stage1, _stage2, _stage3, _stage4];

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
        foreach (var (name, blocks) in ResNetConfig.StageNames.Zip(StageList))
        {
            foreach (var block in blocks)
            {
                x = block.call(x);
            }
            probe?.Invoke(name, x);
            if (Config.Stages.Contains(name))
            {
                means.Add(name, x.mean([2, 3], keepdim: false, ScalarType.Float32)); // [B, C]
            }
        }
        return cat([.. Config.Stages.Select(name => means[name])], 1).MoveToOuterDisposeScope(); // [B, F]
    }

    /// <inheritdoc/>
    public override Tensor Project(Tensor pooled) => pooled;

    /// <summary>The same function as a folded network of its own.</summary>
    internal ResNetModel Folded()
    {
        var folded = new ResNetModel(Config with { BatchNorm = BatchNormMode.Folded }, _convolution.Weight.device);
        folded.TakeFolded(this);
        return folded;
    }

    private static int StageOf(string name) => ResNetConfig.StageNames.ToList().IndexOf(name);

    private ModuleList<ResidualBlock> Stage(int stage, Device device)
    {
        var blocks = new List<ResidualBlock>();
        var width = ResNetConfig.FirstWidth << stage;
        for (var i = 0; i < Config.Blocks[stage]; i++)
        {
            var inputs = i > 0 ? Config.WidthOf(stage) : stage > 0 ? Config.WidthOf(stage - 1) : ResNetConfig.FirstWidth;
            var stride = i == 0 && stage > 0 ? 2 : 1;
            blocks.Add(Config.Block == ResNetBlock.Basic
                ? new BasicBlock(inputs, width, stride, Settings, device)
                : new Bottleneck(inputs, width, stride, antialiased: false, Settings, device));
        }
        return new ModuleList<ResidualBlock>([.. blocks]);
    }
}
