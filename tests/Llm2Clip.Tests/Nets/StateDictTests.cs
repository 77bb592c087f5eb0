using System.Globalization;
using Llm2Clip.Configuration;
using Llm2Clip.Models;
using Llm2Clip.Models.Clip;
using Llm2Clip.Models.ResNet;
using Llm2Clip.Pipeline;
using Llm2Clip.Teachers.Adapter;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Tests.Nets;

/// <summary>
/// The whole state of the shipped models as approved text: name, shape, type, trained or not. A rename or another shape shows as a
/// difference,
/// before anybody's checkpoint stops opening.
/// </summary>
public sealed class StateDictTests
{
    [Theory]
    [InlineData("quickstart", 128)]
    [InlineData("flickr8k", 512)]
    public void StudentState(string recipe, int teacherDimension)
    {
        var run = ConfigBinder.Load<RunConfig>(Path.Combine(SharedData.RepositoryRoot(), "configs", recipe + ".yaml"), []);
        using var student = Student.Create(run.Model, teacherDimension, 0, 0, CPU);
        MustEqualApproved($"student-{recipe}", student.NamedParameters().Select(p => (p.Name, (Tensor)p.Parameter)));
    }

    [Theory]
    [InlineData("quickstart", 128)]
    [InlineData("flickr8k", 640)]
    public void AdapterState(string recipe, int width)
    {
        var run = ConfigBinder.Load<RunConfig>(Path.Combine(SharedData.RepositoryRoot(), "configs", recipe + ".yaml"), []);
        using var adapter = CcAdapter.Create(run.CcFinetune.Adapter, new LanguageMeans(new float[width], []), 0);
        MustEqualApproved($"adapter-{recipe}", adapter.Module.named_parameters().Select(p => (p.name, (Tensor)p.parameter)));
    }

    /// <summary>The presets, on the device that keeps shapes alone: ViT-L/14 would take 1.2 GB.</summary>
    [Theory]
    [InlineData("vit-b-32", 87_849_216)]
    [InlineData("vit-b-16", 86_192_640)]
    [InlineData("vit-l-14", 303_966_208)]
    [InlineData("vit-l-14-336", 304_293_888)]
    public void PresetState(string preset, long weights)
    {
        using var model = new ClipVisionModel(ClipVisionConfig.Presets[preset], new Device(DeviceType.META));
        Assert.Equal(weights, model.NamedParameters().Sum(p => p.Parameter.numel()));
        MustEqualApproved($"preset-{preset}", model.NamedParameters().Select(p => (p.Name, (Tensor)p.Parameter)));
    }

    /// <summary>
    /// Residual networks: torchvision's counts less the classifier's, OpenAI's for the vision half; running statistics besides.
    /// </summary>
    [Theory]
    [InlineData("resnet18", 11_689_512 - 513_000)]
    [InlineData("resnet34", 21_797_672 - 513_000)]
    [InlineData("resnet50", 25_557_032 - 2_049_000)]
    [InlineData("resnet101", 44_549_160 - 2_049_000)]
    [InlineData("resnet152", 60_192_808 - 2_049_000)]
    [InlineData("rn50", 38_316_896)]
    [InlineData("rn101", 56_259_936)]
    [InlineData("rn50x4", 87_137_080)]
    [InlineData("rn50x16", 167_328_912)]
    [InlineData("rn50x64", 420_380_352)]
    public void ResidualNetworkState(string preset, long weights)
    {
        using var model = ResNets.Create(preset, new ResNetOptions(), new Device(DeviceType.META));
        Assert.Equal(weights, model.NamedParameters().Sum(p => p.Parameter.numel()));
        MustEqualApproved($"preset-{preset}", model.State);
    }

    private static void MustEqualApproved(string name, IEnumerable<(string Name, Tensor Tensor)> state)
    {
        var path = Path.Combine(SharedData.RepositoryRoot(), "tests", "Llm2Clip.Tests", "Nets", name + ".state");
        var lines = state.OrderBy(part => part.Name, StringComparer.Ordinal).Select(part => string.Create(
            CultureInfo.InvariantCulture,
            $"{part.Name} [{string.Join(", ", part.Tensor.shape)}] {part.Tensor.dtype} {Kind(part.Tensor)}")).ToList();
        if (Environment.GetEnvironmentVariable("LLM2CLIP_STORE_NETS") == "1")
        {
            File.WriteAllLines(path, lines);
        }
        Assert.Equal(File.ReadAllLines(path), lines);

        static string Kind(Tensor tensor) => tensor is TorchSharp.Modules.Parameter ? tensor.requires_grad ? "trained" : "frozen" : "buffer";
    }
}
