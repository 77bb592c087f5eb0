using System.Text.Json;
using Llm2Clip.Layers;
using Llm2Clip.Models.Clip;
using Llm2Clip.Models.Text;
using Llm2Clip.Tests.Models.Text;
using Llm2Clip.Training.LongClip;
using Llm2Clip.Training.Optimizer;
using Llm2Clip.Weights;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Llm2Clip.Tests.Training.LongClip;

/// <summary>The optimizer steps of golden/longclip/train, with the tolerances of its README.</summary>
[Trait("Category", "Golden")]
public sealed class LongClipTrainingGoldenTests
{
    private const double LossTolerance = 2e-4;
    private const double NormTolerance = 5e-5;
    private const double ScaleTolerance = 1e-5;
    private const double NearTolerance = 2e-5;
    private const double FarTolerance = 4e-3;
    private const double NearShare = 0.995;

    [Fact]
    public void EveryStepAgrees()
    {
        var folder = SharedData.RequireGolden("longclip", "train");
        var expected = GoldenTensors.Expected(folder);
        var recipe = expected.GetProperty("recipe");
        using var start = SafetensorsFile.Open(Path.Combine(folder, "model.safetensors"));
        using var batches = SafetensorsFile.Open(Path.Combine(folder, "batches.safetensors"));
        using var text = ClipTextGolden.Load(TextShape(expected.GetProperty("model")), start, ClipTextWeights.OpenAi);
        using var vision = Vision(expected.GetProperty("model"), start);
        using var scale = new Parameter(start.Input("logit_scale").reshape([]));
        var loss = new LongClipLoss
        {
            Components = recipe.GetProperty("components").GetInt32(),
            LabelSmoothing = recipe.GetProperty("label_smoothing").GetDouble(),
        };
        IReadOnlyList<(string Name, Parameter Parameter)> trained =
        [
            .. text.named_parameters().Where(p => p.parameter.requires_grad), .. vision.named_parameters(), ("logit_scale", scale),
        ];
        var adam = recipe.GetProperty("adamw");
        var group = new ParameterGroup("all", 1, adam.GetProperty("weight_decay").GetDouble(), [.. trained.Select(p => p.Name)]);
        using var flat = new FlatParameters(trained, [group]);
        using var optimizer = new FlatAdamW(
            flat,
            new AdamWOptions(adam.GetProperty("betas")[0].GetDouble(), adam.GetProperty("betas")[1].GetDouble(), adam.GetProperty("eps").GetDouble()));
        foreach (var step in expected.GetProperty("steps").EnumerateArray())
        {
            var number = step.GetProperty("step").GetInt32();
            var batch = number % recipe.GetProperty("batches").GetInt32();
            GoldenTensors.Close(step.GetProperty("logit_scale").GetDouble(), scale.item<float>(), ScaleTolerance, $"scale before {number}");
            flat.ZeroGradients();
            using (NewDisposeScope())
            {
                var losses = loss.Of(
                    vision.Encode(batches.Input($"pixel_values.{batch}")), text.call(Ids(batches, $"ids_long.{batch}")),
                    text.call(Ids(batches, $"ids_short.{batch}")), scale);
                losses.Total.backward();
                GoldenTensors.Close(step.GetProperty("loss_long").GetDouble(), losses.Long.item<float>(), LossTolerance, $"long, {number}");
                GoldenTensors.Close(step.GetProperty("loss_short").GetDouble(), losses.Short.item<float>(), LossTolerance, $"short, {number}");
            }
            var norm = flat.GradientNorm();
            GoldenTensors.Close(1, norm / step.GetProperty("grad_norm").GetDouble(), NormTolerance, $"gradient norm, {number}");
            optimizer.Step(step.GetProperty("lr").GetDouble(), 1);
        }
        CompareFinal(folder, text, vision, scale, start);
    }

    private static void CompareFinal(string folder, ClipTextModel text, ClipVisionModel vision, Parameter scale, SafetensorsFile start)
    {
        using var final = SafetensorsFile.Open(Path.Combine(folder, "final.safetensors"));
        using var scope = NewDisposeScope();
        List<StoredWeight> ours =
        [
            .. ClipTextWeights.OpenAi.Names.Of(text.named_parameters().Select(p => (p.name, (Tensor)p.parameter))),
            .. ClipVisionWeights.OpenClip.Names.Of(vision.named_parameters().Select(p => (p.name, (Tensor)p.parameter))),
            new StoredWeight("logit_scale", [scale]),
        ];
        Assert.Equal(final.Names.Order(StringComparer.Ordinal), ours.Select(weight => weight.Name).Order(StringComparer.Ordinal));
        var (near, all) = (0L, 0L);
        foreach (var weight in ours)
        {
            var (wanted, found) = (GoldenTensors.Values(final.Input(weight.Name)), GoldenTensors.Values(weight.Join()));
            for (var i = 0; i < wanted.Length; i++)
            {
                var difference = Math.Abs(wanted[i] - found[i]);
                Assert.True(difference <= FarTolerance, $"{weight.Name}[{i}]: {found[i]}, expected {wanted[i]}");
                near += difference <= NearTolerance ? 1 : 0;
            }
            all += wanted.Length;
        }
        Assert.True(near >= NearShare * all, $"{near} of {all} entries are near.");
        Assert.Equal(GoldenTensors.Values(start.Input("positional_embedding")), GoldenTensors.Values(text.Embeddings.Positions));
    }

    private static Tensor Ids(SafetensorsFile file, string name) => file.Input(name).to_type(ScalarType.Int64);

    private static ClipTextConfig TextShape(JsonElement model) => new()
    {
        VocabularySize = Count(model, "vocab"),
        Positions = Count(model, "context"),
        KeptPositions = ClipTextConfig.LongClipKept,
        Width = Count(model, "text_width"),
        Layers = Count(model, "text_layers"),
        Heads = Count(model, "text_heads"),
        MlpWidth = 4 * Count(model, "text_width"),
        EmbedDim = Count(model, "embed_dim"),
        EndToken = Count(model, "end_token"),
    };

    private static ClipVisionModel Vision(JsonElement model, SafetensorsFile file)
    {
        var vision = new ClipVisionModel(
            new ClipVisionConfig
            {
                ImageSize = Count(model, "image"),
                PatchSize = Count(model, "patch"),
                Width = Count(model, "vision_width"),
                Layers = Count(model, "vision_layers"),
                Heads = Count(model, "vision_heads"),
                MlpWidth = 4 * Count(model, "vision_width"),
                EmbedDim = Count(model, "embed_dim"),
            }, GoldenTensors.Device);
        var layout = ClipVisionWeights.OpenClip;
        StrictWeights.Load(
            file, "golden", layout.Names.Of(vision.named_parameters().Select(p => (p.name, (Tensor)p.parameter))), layout);
        return vision;
    }

    private static int Count(JsonElement model, string key) => model.GetProperty(key).GetInt32();
}
