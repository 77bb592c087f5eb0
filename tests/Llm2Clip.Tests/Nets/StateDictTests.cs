using System.Globalization;
using Llm2Clip.Configuration;
using Llm2Clip.Models;
using Llm2Clip.Pipeline;
using Llm2Clip.Teachers.Adapter;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Tests.Nets;

/// <summary>
/// The whole state of the shipped models as approved text: name, shape, type, trained or not. A rename or another shape shows as a difference,
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

    private static void MustEqualApproved(string name, IEnumerable<(string Name, Tensor Tensor)> state)
    {
        var path = Path.Combine(SharedData.RepositoryRoot(), "tests", "Llm2Clip.Tests", "Nets", name + ".state");
        var lines = state.OrderBy(part => part.Name, StringComparer.Ordinal).Select(part => string.Create(
            CultureInfo.InvariantCulture,
            $"{part.Name} [{string.Join(", ", part.Tensor.shape)}] {part.Tensor.dtype} {(part.Tensor.requires_grad ? "trained" : "frozen")}")).ToList();
        if (Environment.GetEnvironmentVariable("LLM2CLIP_STORE_NETS") == "1")
        {
            File.WriteAllLines(path, lines);
        }
        Assert.Equal(File.ReadAllLines(path), lines);
    }
}
