using System.Text.Json;
using Llm2Clip.Training.LongClip;
using Llm2Clip.Weights;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Llm2Clip.Tests.Training.LongClip;

/// <summary>Reconstruction, losses and gradients of golden/longclip/pcm.* and ranks.*, with the tolerances that stand there.</summary>
[Trait("Category", "Golden")]
public sealed class PrimaryComponentsGoldenTests
{
    private const double ReconstructionTolerance = 5e-6;
    private static readonly string[] Inputs = ["image", "long", "short", "log_scale"];

    public static TheoryData<string> Batches() => Names("pcm.json");

    public static TheoryData<string> Ranks() => Names("ranks.json");

    [Theory]
    [MemberData(nameof(Batches))]
    public void ABatchAgrees(string name)
    {
        var expected = Case("pcm.json", name);
        using var file = SafetensorsFile.Open(SharedData.RequireGolden("longclip", "pcm.safetensors"));
        using var scope = NewDisposeScope();
        var inputs = Load(file, name);
        var loss = new LongClipLoss { Components = expected.GetProperty("components").GetInt32() };
        var losses = loss.Between(inputs[0], inputs[1], inputs[2], inputs[3].view([]));
        losses.Total.backward();
        var check = expected.GetProperty("check").GetString();
        Close(expected, "loss_long", losses.Long);
        if (check != "long")
        {
            Close(expected, "loss_short", losses.Short);
            using var off = no_grad();
            var tolerance = expected.TryGetProperty("tolerance_reconstruction", out var stated) ? stated.GetDouble() : ReconstructionTolerance;
            GoldenTensors.Close(
                file.Input($"{name}.reconstruction"), PrimaryComponents.Reconstruct(Unit(inputs[0]), loss.Components), tolerance,
                "reconstruction");
        }
        for (var i = 0; i < Inputs.Length; i++)
        {
            Assert.All(GoldenTensors.Values(inputs[i].grad!), value => Assert.True(float.IsFinite(value)));
            if (check == "all")
            {
                var gradient = file.Input($"{name}.grad.{Inputs[i]}").view(inputs[i].shape);
                GoldenTensors.Close(gradient, inputs[i].grad!, expected.GetProperty("tolerance_gradient")[i].GetDouble(), Inputs[i]);
            }
        }
    }

    /// <summary>
    /// With as many blocks as the original had processes: their losses, reconstruction and averaged gradients. With one: those of the
    /// whole batch.
    /// </summary>
    [Theory]
    [MemberData(nameof(Ranks))]
    public void RanksAgree(string name)
    {
        const double GradientTolerance = 1e-5;
        const double GradientShare = 1e-4;
        var expected = Case("ranks.json", name);
        using var file = SafetensorsFile.Open(SharedData.RequireGolden("longclip", "ranks.safetensors"));
        var ranks = expected.GetProperty("ranks").GetInt32();
        foreach (var (blocks, key, part) in new[] { (ranks, "original_mean_over_ranks", "original"), (1, "global_batch", "global") })
        {
            using var scope = NewDisposeScope();
            var inputs = Load(file, name, tensor((float)expected.GetProperty("log_scale").GetDouble()).view(1));
            var loss = new LongClipLoss { Components = expected.GetProperty("components").GetInt32(), Blocks = blocks };
            var losses = loss.Between(inputs[0], inputs[1], inputs[2], inputs[3].view([]));
            losses.Total.backward();
            var tolerance = expected.GetProperty("tolerance_loss").GetDouble();
            GoldenTensors.Close(expected.GetProperty(key).GetProperty("loss_long").GetDouble(), losses.Long.item<float>(), tolerance, key);
            GoldenTensors.Close(expected.GetProperty(key).GetProperty("loss_short").GetDouble(), losses.Short.item<float>(), tolerance, key);
            for (var i = 0; i < Inputs.Length; i++)
            {
                var gradient = file.Input($"{name}.{part}.grad.{Inputs[i]}").view(inputs[i].shape);
                GoldenTensors.Close(gradient, inputs[i].grad!, GradientTolerance, $"{part} {Inputs[i]}", GradientShare);
            }
            using var off = no_grad();
            GoldenTensors.Close(
                file.Input($"{name}.{part}.reconstruction"), PrimaryComponents.Reconstruct(Unit(inputs[0]), loss.Components, blocks),
                ReconstructionTolerance, $"{part} reconstruction");
        }
    }

    private static void Close(JsonElement expected, string key, Tensor actual) => GoldenTensors.Close(
        expected.GetProperty(key).GetDouble(), actual.item<float>(), expected.GetProperty("tolerance_" + key).GetDouble(), key);

    private static Tensor Unit(Tensor x) => x / x.norm(1, true);

    private static Parameter[] Load(SafetensorsFile file, string name, Tensor? scale = null) =>
        [.. Inputs.Select(input => new Parameter(file.Contains($"{name}.{input}") ? file.Input($"{name}.{input}") : scale!))];

    private static JsonElement Case(string file, string name) =>
        JsonDocument.Parse(File.ReadAllText(SharedData.RequireGolden("longclip", file))).RootElement.GetProperty(name);

    private static TheoryData<string> Names(string file)
    {
        var path = Path.Combine(SharedData.Golden, "longclip", file);
        return File.Exists(path)
            ? [.. JsonDocument.Parse(File.ReadAllText(path)).RootElement.EnumerateObject().Select(one => one.Name)]
            : new TheoryData<string>("");
    }
}
