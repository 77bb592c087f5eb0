using System.Text.Json;
using Llm2Clip.Models.Clip;
using Llm2Clip.Training;
using Llm2Clip.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Tests.Models;

/// <summary>Gradients and the 20-step curve of every CLIP folder of golden/vision that has them.</summary>
[Trait("Category", "Golden")]
public class ClipVisionTrainingGoldenTests
{
    public static TheoryData<string> WithGradients() => With("gradients.safetensors");

    public static TheoryData<string> WithTraining() => With("trained.safetensors");

    [Theory]
    [MemberData(nameof(WithGradients))]
    public void GradientsAgree(string name)
    {
        var folder = SharedData.RequireGolden("vision", name);
        using var model = ClipVisionWeights.Load(folder, GoldenTensors.Device);
        using var batches = SafetensorsFile.Open(Path.Combine(folder, "batches.safetensors"));
        using var file = SafetensorsFile.Open(Path.Combine(folder, "gradients.safetensors"));
        using var scope = NewDisposeScope();
        var pixels = batches.Input("pixel_values.0").requires_grad_(true);
        var targets = batches.Input("targets.0").requires_grad_(true);
        var scale = ContrastiveGolden.NewLogitScale();
        var features = model.call(pixels);
        var loss = Losses.ClipInfoNce(features, targets, scale);
        loss.backward();

        GoldenTensors.Close(file.Load("loss"), loss, ContrastiveGolden.LossTolerance, "loss");
        GoldenTensors.Close(file.Load("image_embeds"), features, 1e-5, "image_embeds");
        void Gradient(string stored, Tensor found) =>
            GoldenTensors.Close(file.Load(stored), found, ContrastiveGolden.GradientTolerance, stored, ContrastiveGolden.GradientTolerance);
        Gradient("grad.logit_scale", scale.grad!);
        Gradient("grad_targets", targets.grad!);
        Gradient("grad_pixel_values_row0", pixels.grad!.select(0, 0));

        var expected = GoldenTensors.Expected(folder);
        var summaries = expected.TryGetProperty("gradient_per_parameter", out var found) ? found : default;
        foreach (var (parameter, tensor) in model.named_parameters())
        {
            if (file.Contains("grad." + parameter))
            {
                Gradient("grad." + parameter, tensor.grad!);
            }
            else
            {
                ContrastiveGolden.Summary(parameter, summaries.GetProperty(parameter), GoldenTensors.Values(tensor.grad!));
            }
        }
    }

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

    private static TheoryData<string> With(string file) =>
        GoldenTensors.Folders("vision", folder => ClipVisionGoldenTests.IsClip(folder) && File.Exists(Path.Combine(folder, file)));
}
