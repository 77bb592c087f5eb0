using System.Text.Json;
using Llm2Clip.Layers;
using Llm2Clip.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Tests;

/// <summary>Comparison of tensors with golden numbers, and the search for cases.</summary>
internal static class GoldenTensors
{
    /// <summary>The device that models are compared on: the CPU, or the one that <c>LLM2CLIP_TEST_DEVICE</c> names (cuda:0).</summary>
    public static Device Device { get; } =
        ComputeDevice.Resolve(Environment.GetEnvironmentVariable("LLM2CLIP_TEST_DEVICE") is { Length: > 0 } named ? named : "cpu").Device;

    /// <summary>A golden tensor on <see cref="Device"/>.</summary>
    public static Tensor Input(this SafetensorsFile file, string name) => file.Load(name).to(Device);

    /// <summary>
    /// Names of the folders below a golden folder that fulfil a condition; one empty name where there is no golden folder, so that the test
    /// can skip.
    /// </summary>
    public static TheoryData<string> Folders(string area, Func<string, bool> wanted)
    {
        var root = Path.Combine(SharedData.Golden, area);
        return !Directory.Exists(root)
            ? new TheoryData<string>("")
            : [.. Directory.GetDirectories(root).Where(wanted).Select(folder => Path.GetFileName(folder)).Order(StringComparer.Ordinal)];
    }

    /// <summary>
    /// Fails, naming the worst element, unless |actual - expected| is at most <paramref name="tolerance"/> plus a share of the largest
    /// expected value.
    /// </summary>
    public static void Close(Tensor expected, Tensor actual, double tolerance, string what, double relativeToLargest = 0)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        Assert.True(expected.shape.SequenceEqual(actual.shape),
            $"{what}: shape [{string.Join(", ", actual.shape)}], expected [{string.Join(", ", expected.shape)}].");
        var reference = Values(expected);
        var found = Values(actual);
        var bound = tolerance + relativeToLargest * reference.Select(Math.Abs).DefaultIfEmpty().Max();
        for (var i = 0; i < reference.Length; i++)
        {
            var difference = Math.Abs(found[i] - reference[i]);
            Assert.True(difference <= bound,
                $"{what}[{i}]: {found[i]}, expected {reference[i]} (difference {difference}, allowed {bound}).");
        }
    }

    /// <summary>Fails unless the numbers differ by at most <paramref name="tolerance"/>.</summary>
    public static void Close(double expected, double actual, double tolerance, string what) =>
        Assert.True(Math.Abs(actual - expected) <= tolerance, $"{what}: {actual}, expected {expected} (allowed {tolerance}).");

    /// <summary>All elements in order.</summary>
    public static float[] Values(Tensor tensor)
    {
        using var scope = NewDisposeScope();
        return tensor.detach().cpu().to_type(ScalarType.Float32).contiguous().data<float>().ToArray();
    }

    /// <summary>The case's expected.json.</summary>
    public static JsonElement Expected(string folder) =>
        JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "expected.json"))).RootElement;
}
