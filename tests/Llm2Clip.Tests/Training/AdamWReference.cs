using System.Text.Json;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Tests.Training;

/// <summary>
/// Reads <c>Reference/adamw.json</c>, whose steps <c>Reference/make_adamw.py</c> computed: tensors are <c>[shape, flat values]</c>.
/// </summary>
internal static class AdamWReference
{
    internal static JsonElement Read() => JsonDocument.Parse(
        File.ReadAllBytes(Path.Combine(SharedData.RepositoryRoot(), "tests", "Llm2Clip.Tests", "Training", "Reference",
            "adamw.json"))).RootElement;

    internal static Tensor ReadTensor(JsonElement element) => tensor(
        element[1].EnumerateArray().Select(each => each.GetSingle()).ToArray(),
            element[0].EnumerateArray().Select(each => each.GetInt64()).ToArray());

    /// <summary>
    /// Same shape, and no element differs by more than <paramref name="tolerance"/> of the largest expected one (but at least 1).
    /// </summary>
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
