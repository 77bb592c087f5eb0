using Llm2Clip.Images;
using Llm2Clip.Weights;
using Llm2Clip.Weights.Onnx;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Models.ResNet;

/// <summary>
/// The residual network that the NuGet package Microsoft.ML.DnnImageFeaturizer.ResNet18 brings as ONNX (MIT), trained on ImageNet: basic
/// blocks [2, 2, 2, 3], no classifier. Its input is BGR 0..255 minus a mean image; here conv1's input channels are turned around, and the
/// mean image is one mean per channel, so that images of any size go in as RGB.
/// </summary>
internal static class ResNet18ImageNet
{
    /// <summary>What <c>model.init</c> calls it.</summary>
    public const string Name = "resnet18-imagenet";

    /// <summary>The weights in the package.</summary>
    internal const string OnnxPath = "tools/DnnImageModels/ResNet18Onnx/ResNet18.onnx";

    private const string OnnxHash = "e2552f19db2dfdb01b3669537b6a0f1b44da38d18279535492ed5dfc2ef1ff8f";

    /// <summary>The package.</summary>
    internal static NuGetPackage Package { get; } = new("Microsoft.ML.DnnImageFeaturizer.ResNet18", "0.23.1", Megabytes: 63);

    /// <summary>
    /// Means of R, G, B over the mean image of the package's preprocessing (<c>ResNetPreprocess.onnx</c>), in 0..255; no deviation is
    /// divided by.
    /// </summary>
    internal static ImageTransformConfig Transform { get; } = new()
    {
        ImageSize = 224,
        Mean = [123.15162658691406f / 255, 115.90288543701172f / 255, 103.0626220703125f / 255],
        Std = [1f / 255, 1f / 255, 1f / 255],
    };

    private static ResNetConfig Config { get; } = new()
    {
        Block = ResNetBlock.Basic, Blocks = [2, 2, 2, 3], Stages = ["layer3", "layer4"], ImageSize = 224,
    };

    /// <summary>
    /// ONNX's names, by torchvision's of a convolution and its norm: CNTK numbered them, a convolution's weight <c>Parameter</c>, a norm's
    /// weight and bias <c>Parameter</c> and its running mean and variance <c>Constant</c>, one after the other.
    /// </summary>
    private static readonly (string Convolution, int Weight, string Norm, int First)[] Numbers =
    [
        ("conv1", 91, "bn1", 96),
        ("layer1.0.conv1", 86, "layer1.0.bn1", 113), ("layer1.0.conv2", 82, "layer1.0.bn2", 127),
        ("layer1.1.conv1", 77, "layer1.1.bn1", 144), ("layer1.1.conv2", 73, "layer1.1.bn2", 158),
        ("layer2.0.conv1", 68, "layer2.0.bn1", 175), ("layer2.0.conv2", 64, "layer2.0.bn2", 189),
        ("layer2.0.downsample.0", 199, "layer2.0.downsample.1", 203),
        ("layer2.1.conv1", 59, "layer2.1.bn1", 220), ("layer2.1.conv2", 55, "layer2.1.bn2", 234),
        ("layer3.0.conv1", 50, "layer3.0.bn1", 251), ("layer3.0.conv2", 46, "layer3.0.bn2", 265),
        ("layer3.0.downsample.0", 275, "layer3.0.downsample.1", 279),
        ("layer3.1.conv1", 41, "layer3.1.bn1", 296), ("layer3.1.conv2", 37, "layer3.1.bn2", 310),
        ("layer4.0.conv1", 32, "layer4.0.bn1", 327), ("layer4.0.conv2", 28, "layer4.0.bn2", 341),
        ("layer4.0.downsample.0", 351, "layer4.0.downsample.1", 355),
        ("layer4.1.conv1", 23, "layer4.1.bn1", 372), ("layer4.1.conv2", 19, "layer4.1.bn2", 386),
        ("layer4.2.conv1", 14, "layer4.2.bn1", 403), ("layer4.2.conv2", 10, "layer4.2.bn2", 417),
    ];

    /// <summary>ONNX's name by torchvision's.</summary>
    internal static IReadOnlyDictionary<string, string> OnnxNames { get; } = Numbers.SelectMany(row => new (string, string)[]
    {
        ($"{row.Convolution}.weight", $"Parameter{row.Weight}"),
        ($"{row.Norm}.weight", $"Parameter{row.First}"),
        ($"{row.Norm}.bias", $"Parameter{row.First + 1}"),
        ($"{row.Norm}.running_mean", $"Constant{row.First + 2}"),
        ($"{row.Norm}.running_var", $"Constant{row.First + 3}"),
    }).ToDictionary(name => name.Item1, name => name.Item2);

    /// <summary>Opens the network, restoring the package where it is not on this machine.</summary>
    /// <exception cref="RunException">The package cannot be had; the message says why.</exception>
    /// <exception cref="InputException">The file in it is another one, or damaged.</exception>
    public static ResNetModel Open(ResNetOptions options, Device device, IRunLog log, CancellationToken cancellation) =>
        Read(Package.Find(OnnxPath, OnnxHash, log, cancellation), options, device);

    /// <summary>Reads the network of an ONNX file of these names.</summary>
    /// <exception cref="InputException">It is damaged, or does not hold the weights; what is missing is listed.</exception>
    internal static ResNetModel Read(string path, ResNetOptions options, Device device)
    {
        var config = Config with
        {
            BatchNorm = options.ForReading(Config.BatchNorm, path),
            Stages = options.Stages ?? Config.Stages,
        };
        using var file = OnnxFile.Open(path);
        var model = new ResNetModel(config, device);
        try
        {
            // Both names, for messages.
            var targets = model.State.ToDictionary(part => $"{OnnxNames[part.Name]} ({part.Name})", part => part.Tensor);
            var keys = OnnxNames.ToDictionary(name => name.Value, name => $"{name.Value} ({name.Key})");
            StrictWeights.Load(file, path, targets, keys.GetValueOrDefault);
            TurnInputAround(model);
            return options.BatchNorm == BatchNormMode.Folded ? ResNetWeights.FoldedOf(model) : model;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>Channels B, G, R become R, G, B.</summary>
    private static void TurnInputAround(ResNetModel model)
    {
        using var off = no_grad();
        using var scope = NewDisposeScope();
        var weight = model.NamedParameters().First(part => part.Name == "conv1.weight").Parameter;
        weight.copy_(weight.flip(1));
    }
}
