using System.Globalization;
using System.Text.RegularExpressions;
using Llm2Clip.Configuration;
using Llm2Clip.Models;
using Llm2Clip.Models.ResNet;
using Llm2Clip.Pipeline;
using Llm2Clip.Teachers.Adapter;
using Llm2Clip.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Tests.Nets;

/// <summary>
/// The whole state of the shipped models as approved text: name, shape, type, trained or not. A rename or another shape shows as a
/// difference,
/// before anybody's checkpoint stops opening.
/// </summary>
public sealed partial class StateDictTests
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

    public static TheoryData<string> Families() => [.. ImageEncoders.VisionFamilies.Select(family => family.Name)];

    /// <summary>
    /// Every published size as its own files hold it, on the device that keeps shapes alone: the largest would take 7 GB. Blocks are equal,
    /// so that the first one stands for all.
    /// </summary>
    [Theory]
    [MemberData(nameof(Families))]
    public void PublishedSizes(string family)
    {
        var lines = new List<string>();
        foreach (var (name, config) in ImageEncoders.VisionFamilies.First(known => known.Name == family).Presets)
        {
            using var model = config.Create(new Device(DeviceType.META));
            var parameters = model.NamedParameters();
            var (tower, projection) = config.WeightCount;
            Assert.Equal((long)(tower + projection), parameters.Sum(p => p.Parameter.numel()));
            var all = (long)(tower + projection);
            lines.Add(string.Create(CultureInfo.InvariantCulture, $"# {name}: {all:N0} weights, {config.Activation}"));
            var stored = config.Layout.Names.Of(parameters.Select(p => (p.Name, (Tensor)p.Parameter)));
            lines.AddRange(Blocks(stored.Select(Line), config.Layers));
        }
        MustEqualApproved($"family-{family.ToLowerInvariant()}", lines);

        static string Line(StoredWeight weight) => Describe(weight.Name, weight.Shape, weight.Parts[0]);
    }

    /// <summary>Published numbers of weights of OpenAI's towers.</summary>
    [Theory]
    [InlineData("vit-b-32", 87_849_216)]
    [InlineData("vit-b-16", 86_192_640)]
    [InlineData("vit-l-14", 303_966_208)]
    [InlineData("vit-l-14-336", 304_293_888)]
    public void NumberOfWeights(string preset, long weights)
    {
        var (tower, projection) = ImageEncoders.Presets[preset].WeightCount;
        Assert.Equal(weights, (long)(tower + projection));
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

    /// <summary>The lines sorted, those of the first block in the place of all, which must not differ but for their number.</summary>
    private static IEnumerable<string> Blocks(IEnumerable<string> lines, int layers)
    {
        var blocks = lines.ToLookup(line => BlockNumber().Match(line) is { Success: true } match ? match.Groups[1].Value : "");
        string Numbered(string line) => BlockNumber().Replace(line, $".0-{layers - 1}.", 1);
        string[] First(string number) => [.. blocks[number].Select(Numbered).Order(StringComparer.Ordinal)];
        var first = First("0");
        Assert.Equal(layers, blocks.Count(block => block.Key.Length > 0));
        Assert.All(blocks.Where(block => block.Key.Length > 0), block => Assert.Equal(first, First(block.Key)));
        return blocks[""].Concat(first).Order(StringComparer.Ordinal);
    }

    [GeneratedRegex(@"\.(\d+)\.")]
    private static partial Regex BlockNumber();

    private static string Kind(Tensor tensor) =>
        tensor is not TorchSharp.Modules.Parameter ? "buffer" : tensor.requires_grad ? "trained" : "frozen";

    private static string Describe(string name, IEnumerable<long> shape, Tensor tensor) => string.Create(
        CultureInfo.InvariantCulture,
        $"{name} [{string.Join(", ", shape)}] {tensor.dtype} {Kind(tensor)}");

    private static void MustEqualApproved(string name, IEnumerable<(string Name, Tensor Tensor)> state) => MustEqualApproved(
        name, state.OrderBy(part => part.Name, StringComparer.Ordinal).Select(part => Describe(part.Name, part.Tensor.shape, part.Tensor)));

    private static void MustEqualApproved(string name, IEnumerable<string> state)
    {
        var path = Path.Combine(SharedData.RepositoryRoot(), "tests", "Llm2Clip.Tests", "Nets", name + ".state");
        var lines = state.ToList();
        if (Environment.GetEnvironmentVariable("LLM2CLIP_STORE_NETS") == "1")
        {
            File.WriteAllLines(path, lines);
        }
        Assert.Equal(File.ReadAllLines(path), lines);
    }
}
