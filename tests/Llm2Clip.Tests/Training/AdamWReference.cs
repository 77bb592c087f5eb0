using System.Text.Json;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Tests.Engine;

/// <summary>Reads <c>Reference/layers.json</c>, which <c>Reference/make_layers.py</c> wrote: tensors are <c>[shape, flat values]</c>.</summary>
internal static class ReferenceNumbers
{
    private static readonly Lazy<JsonElement> Root = new(() =>
        JsonDocument.Parse(File.ReadAllBytes(Path.Combine(SharedData.RepositoryRoot(), "tests", "Llm2Clip.Tests", "Engine", "Reference", "layers.json"))).RootElement);

    internal static JsonElement Section(string name) => Root.Value.GetProperty(name);

    internal static TheoryData<string> Names(string section) => [.. Section(section).EnumerateObject().Select(each => each.Name)];

    internal static Tensor ReadTensor(JsonElement element, bool integers = false)
    {
        var shape = element[0].EnumerateArray().Select(each => each.GetInt64()).ToArray();
        return integers
            ? tensor(element[1].EnumerateArray().Select(each => (long)each.GetDouble()).ToArray(), shape)
            : tensor(element[1].EnumerateArray().Select(each => each.GetSingle()).ToArray(), shape);
    }

    /// <summary>Same shape, and no element differs by more than <paramref name="tolerance"/> of the largest expected one (but at least 1).</summary>
    internal static void AssertClose(Tensor expected, Tensor actual, double tolerance, string what)
    {
        using var scope = NewDisposeScope();
        Assert.Equal(expected.shape, actual.shape);
        if (expected.numel() == 0)
        {
            return;
        }
        var wanted = expected.detach().to(ScalarType.Float64);
        var difference = (actual.detach().to(ScalarType.Float64) - wanted).abs().max().ToDouble();
        var limit = tolerance * Math.Max(1, wanted.abs().max().ToDouble());
        Assert.True(difference <= limit, $"{what}: differs by {difference}, allowed {limit}");
    }
}
