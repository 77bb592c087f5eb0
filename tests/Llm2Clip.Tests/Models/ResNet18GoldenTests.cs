using Llm2Clip.Layers;
using Llm2Clip.Models;
using Llm2Clip.Models.ResNet;
using Llm2Clip.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Tests.Models;

/// <summary>
/// ResNet-18 out of its NuGet package against OnnxRuntime's numbers. Tolerances: the README of golden/resnet18. The package is restored
/// where it is missing; where it cannot be had, the tests are skipped with the reason.
/// </summary>
[Trait("Category", "Golden")]
public sealed class ResNet18GoldenTests
{
    private const double FeatureTolerance = 1e-4;
    private const double MapTolerance = 1e-3;
    private const double HalfRounding = 1.0 / 2048;
    private const double LeastCosineInBf16 = 0.9999;

    [Theory]
    [InlineData(BatchNormMode.Frozen)]
    [InlineData(BatchNormMode.Folded)]
    [InlineData(BatchNormMode.Trained)]
    public void FeaturesAndStagesAgree(BatchNormMode mode)
    {
        using var golden = Golden();
        using var model = Open(new ResNetOptions(mode));
        using var scope = NewDisposeScope();
        using var off = no_grad();
        // The network takes RGB, the mean image is BGR; the transform's own means are for the test below.
        var pixels = golden.Load("pixels", ScalarType.Float32).sub(golden.Load("mean_image").flip(0));
        var shown = new List<string>();
        var features = model.Pool(pixels.to(GoldenTensors.Device), (what, map) =>
        {
            GoldenTensors.Close(golden.Load($"{what}.mean"), map.mean([2, 3]), FeatureTolerance, $"{what}.mean");
            CloseToHalf(golden.Load($"{what}.row0", ScalarType.Float32), map[0], $"{what}.row0");
            shown.Add(what);
        });
        Assert.Equal(["stem", "layer1", "layer2", "layer3", "layer4"], shown);
        GoldenTensors.Close(golden.Load("layer3.mean"), features.narrow(1, 0, 256), FeatureTolerance, "layer3");
        GoldenTensors.Close(golden.Load("features"), features.narrow(1, 256, 512), FeatureTolerance, "features");
        Assert.Equal([256, 512], model.PooledParts);
    }

    [Fact]
    public void TheImageTransformAgreesWithChannelMeans()
    {
        using var golden = Golden();
        using var student = NewStudent(new StudentConfig { Stages = ["layer4"] });
        var count = (int)golden.Info("pixels").Shape[0];
        using var scope = NewDisposeScope();
        var bytes = golden.Load("pixels").permute(0, 2, 3, 1).contiguous();
        var features = student.PoolImages(bytes.bytes, count);
        using var found = tensor(features, [count, 512]);
        GoldenTensors.Close(golden.Load("features_channel_mean"), found, FeatureTolerance, "features_channel_mean");
    }

    [Fact]
    public void Bf16IsClose()
    {
        using var golden = Golden();
        using var model = Open(new ResNetOptions());
        model.Precision = Precision.Bf16;
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var pixels = golden.Load("pixels", ScalarType.Float32).sub(golden.Load("mean_image").flip(0)).to(GoldenTensors.Device);
        var features = model.Pool(pixels).narrow(1, 256, 512).cpu();
        var cosine = nn.functional.cosine_similarity(golden.Load("features"), features, dim: 1).min().item<float>();
        Assert.InRange(cosine, LeastCosineInBf16, 1);
    }

    [Fact]
    public void TheNameTableIsTheGoldens()
    {
        var path = SharedData.RequireGolden("resnet18", "names.json");
        using var json = System.Text.Json.JsonDocument.Parse(File.ReadAllBytes(path));
        Assert.Equal(
            json.RootElement.EnumerateArray()
                .ToDictionary(entry => entry.GetProperty("torchvision").GetString()!, entry => entry.GetProperty("onnx").GetString()!),
            ResNet18ImageNet.OnnxNames);
    }

    [Fact]
    public void AStudentStartsFromItByNameAndReloads()
    {
        using var student = NewStudent(new StudentConfig { ImageSize = 160, AdapterBlocks = 1 });
        Assert.Equal(768, student.EmbedDim);
        Assert.Equal(160, student.Transform.ImageSize);
        var folder = Directory.CreateTempSubdirectory("resnet18-student-").FullName;
        try
        {
            student.Save(folder);
            using var again = Student.Load(folder, GoldenTensors.Device);
            Assert.Equal(student.Transform.Mean, again.Transform.Mean);
            Assert.Equal(student.Transform.ImageSize, again.Transform.ImageSize);
            var pixels = new byte[160 * 160 * 3];
            new Random(3).NextBytes(pixels);
            Assert.Equal(student.EncodeImages(pixels, 1), again.EncodeImages(pixels, 1));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static SafetensorsFile Golden() => SafetensorsFile.Open(SharedData.RequireGolden("resnet18", "expected.safetensors"));

    private static ResNetModel Open(ResNetOptions options) =>
        OrSkip(() => ResNet18ImageNet.Open(options, GoldenTensors.Device, SilentLog.Instance, TestContext.Current.CancellationToken));

    private static Student NewStudent(StudentConfig config) => OrSkip(() => Student.Create(
        config with { Init = "resnet18-imagenet" }, 10, 1, 9, GoldenTensors.Device, SilentLog.Instance, TestContext.Current.CancellationToken));

    private static T OrSkip<T>(Func<T> open)
    {
        try
        {
            return open();
        }
        catch (RunException error)
        {
            Assert.Skip(error.Message);
            throw;
        }
    }

    /// <summary>The golden map is fp16, which rounds each value by up to 2^-11 of it.</summary>
    private static void CloseToHalf(Tensor expected, Tensor found, string what)
    {
        using var scope = NewDisposeScope();
        var excess = (found.cpu() - expected).abs() - expected.abs() * HalfRounding;
        Assert.True(expected.shape.SequenceEqual(found.shape), what);
        Assert.True(excess.max().item<float>() <= MapTolerance, $"{what}: {excess.max().item<float>()}");
    }
}
