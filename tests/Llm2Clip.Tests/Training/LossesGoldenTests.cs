using System.Text.Json;
using Llm2Clip.Training.Losses;
using Llm2Clip.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Tests.Training;

/// <summary>
/// Every case of every family of golden/losses/losses.json; a family that the project does not compute fails.
/// </summary>
[Trait("Category", "Golden")]
public class LossesGoldenTests
{
    public static TheoryData<string> Families()
    {
        var path = Path.Combine(SharedData.Golden, "losses", "losses.json");
        return !File.Exists(path)
            ? new TheoryData<string>("")
            : [.. JsonDocument.Parse(File.ReadAllText(path)).RootElement.EnumerateObject().Select(family => family.Name)];
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void LossAndGradientsAgree(string family)
    {
        using var json = JsonDocument.Parse(File.ReadAllText(SharedData.RequireGolden("losses", "losses.json")));
        using var file = SafetensorsFile.Open(SharedData.RequireGolden("losses", family + ".safetensors"));
        foreach (var entry in json.RootElement.GetProperty(family).GetProperty("cases").EnumerateObject())
        {
            using var scope = NewDisposeScope();
            var golden = new Case(entry.Name, entry.Value, file);
            var loss = Compute(family, golden);
            loss.backward();
            GoldenTensors.Close(entry.Value.GetProperty("loss").GetDouble(), loss.item<float>(),
                entry.Value.GetProperty("tolerance_loss").GetDouble(), $"{family} {entry.Name}");
            foreach (var input in entry.Value.GetProperty("tolerance_gradient").EnumerateObject())
            {
                GoldenTensors.Close(
                    file.Load($"{entry.Name}.grad.{input.Name}"), golden.Input(input.Name).grad!, input.Value.GetDouble(),
                        $"{family} {entry.Name} gradient of {input.Name}");
            }
        }
    }

    private static Tensor Compute(string family, Case c)
    {
        switch (family)
        {
            case "clip_infonce" when c.Has("rank0.image"):
                // The mean over the processes' shares is the loss of the gathered batch.
                return InfoNceLoss.Between(cat(c.Ranks("image"), 0), cat(c.Ranks("text"), 0), c.Input("log_scale")).sum();
            case "clip_infonce":
                return InfoNceLoss.Between(c.Input("image"), c.Input("text"), c.Input("log_scale"), c.Number("label_smoothing", 0)).sum();
            case "mntp":
                return MaskedTokenLoss.Between(c.Input("logits"), c.Numbers("labels")).sum();
            case "siglip":
                return SigmoidLoss.Between(c.Input("image"), c.Input("text"), c.Input("log_scale"), c.Input("bias"),
                    [.. Enumerable.Range(0, (int)c.Input("image").shape[0])]).sum();
            case "multi_positive":
                return MultiPositiveLoss.Between(c.Input("image"), c.Input("caption"), c.Input("log_scale"),
                    [.. c.Numbers("image_of_caption").Select(i => (int)i)]).sum();
            case "retention":
                return RetentionTerm.Between(c.Input("student"), c.Input("reference"));
            case "hard_negative_nll" when c.Has("rank0.query"):
                return CaptionContrastiveLoss.Between(cat(c.Ranks("query"), 0), cat(c.Ranks("positive"), 0), cat(c.Ranks("negative"), 0),
                    c.Number("scale"));
            case "hard_negative_nll":
                return CaptionContrastiveLoss.Between(c.Input("query"), c.Input("positive"), c.Negative(), c.Number("scale"));
            case "simcse":
                return CaptionContrastiveLoss.Between(c.Input("view1"), c.Input("view2"), null, c.Number("scale"));
            case "symmetric_nll":
                return CaptionContrastiveLoss.Between(c.Input("query"), c.Input("positive"), c.Negative(), c.Number("scale"),
                    symmetric: true);
            case "masked_negatives":
                long[] columnImages = [.. c.Numbers("image_id"), .. c.Numbers("negative_image_id")];
                long[] columnCaptions = [.. c.Numbers("caption_id"), .. c.Numbers("negative_caption_id")];
                var mask = SamePairs.SameSource(c.Numbers("image_id"), c.Numbers("caption_id"), columnImages, columnCaptions, CPU);
                return CaptionContrastiveLoss.Between(
                    c.Input("query"), c.Input("positive"), c.Negative(), c.Number("scale"),
                        c.Name.EndsWith("_symmetric", StringComparison.Ordinal), mask);
            default:
                throw new InvalidOperationException($"No loss is known for the family {family}.");
        }
    }

    /// <summary>Inputs of one case, each a leaf with gradient.</summary>
    private sealed class Case(string name, JsonElement settings, SafetensorsFile file)
    {
        private readonly Dictionary<string, Tensor> _inputs = [];

        public string Name => name;

        public bool Has(string input) => file.Contains($"{name}.{input}");

        public Tensor Input(string input)
        {
            if (!_inputs.TryGetValue(input, out var tensor))
            {
                _inputs.Add(input, tensor = file.Load($"{name}.{input}").requires_grad_(true));
            }
            return tensor;
        }

        public Tensor[] Ranks(string input) =>
            [.. Enumerable.Range(0, int.MaxValue).TakeWhile(rank => Has($"rank{rank}.{input}"))
                .Select(rank => Input($"rank{rank}.{input}"))];

        public Tensor? Negative() => Has("negative") ? Input("negative") : null;

        public long[] Numbers(string input) => Has(input) ? file.Load($"{name}.{input}", ScalarType.Int64).data<long>().ToArray() : [];

        public double Number(string setting, double? fallback = null) =>
            settings.TryGetProperty(setting, out var value) ? value.GetDouble() : fallback
                ?? throw new InvalidOperationException($"{name} has no {setting}.");
    }
}
