using Llm2Clip.Models.Clip;
using Llm2Clip.Weights;

namespace Llm2Clip.Tests.Models;

/// <summary>The 20-step curve of every CLIP folder of golden/vision that has one.</summary>
[Trait("Category", "Golden")]
public class ClipVisionTrainingGoldenTests
{
    public static TheoryData<string> WithTraining() => VisionGolden.With("trained.safetensors");

    [Theory]
    [MemberData(nameof(WithTraining))]
    public void TwentyStepsAgree(string name)
    {
        var folder = SharedData.RequireGolden("vision", name);
        using var model = ClipVisionWeights.Load(folder, GoldenTensors.Device);
        using var batches = SafetensorsFile.Open(Path.Combine(folder, "batches.safetensors"));
        using var trained = SafetensorsFile.Open(Path.Combine(folder, "trained.safetensors"));
        ContrastiveGolden.Train(
            [.. model.named_parameters()],
            k => (model.call(batches.Input($"pixel_values.{k}")), batches.Input($"targets.{k}")),
            batches.Names.Count(stored => stored.StartsWith("targets.", StringComparison.Ordinal)),
            GoldenTensors.Expected(folder),
            stored => trained.Load(stored));
    }
}
