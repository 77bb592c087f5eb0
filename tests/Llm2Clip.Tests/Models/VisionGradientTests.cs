using System.Text.Json;
using Llm2Clip.Models;
using Llm2Clip.Training.Losses;
using Llm2Clip.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Tests.Models;

/// <summary>Gradients of every tower of golden/vision that has them. Tolerances: its README.</summary>
[Trait("Category", "Golden")]
public sealed class VisionGradientTests : IDisposable
{
    /// <summary>
    /// Names of modules inside transformers 5.23's DINOv2, by which its golden files summarize gradients; the files of weights have others.
    /// </summary>
    private static readonly NameTable DinoModules = new(
        new("embeddings.cls_token", "vision_model.embeddings.class_embedding"),
        new("embeddings.mask_token", "vision_model.embeddings.mask_token"),
        new("embeddings.position_embeddings", "vision_model.embeddings.position_embedding.weight"),
        new("embeddings.register_tokens", "vision_model.embeddings.register_tokens"),
        new("embeddings.patch_embeddings.projection", "vision_model.embeddings.patch_embedding"),
        new("encoder.layer.*.norm1", "vision_model.encoder.layers.*.layer_norm1"),
        new("encoder.layer.*.attention.o_proj", "vision_model.encoder.layers.*.self_attn.out_proj"),
        new("encoder.layer.*.attention", "vision_model.encoder.layers.*.self_attn"),
        new("encoder.layer.*.layer_scale1", "vision_model.encoder.layers.*.layer_scale1"),
        new("encoder.layer.*.norm2", "vision_model.encoder.layers.*.layer_norm2"),
        new("encoder.layer.*.layer_scale2", "vision_model.encoder.layers.*.layer_scale2"),
        new("layernorm", "vision_model.post_layernorm"));

    private static readonly NameTable DinoMlp = new(new NameRow("encoder.layer.*.mlp", "vision_model.encoder.layers.*.mlp"));

    private static readonly NameTable DinoGatedMlp = new(
        new("encoder.layer.*.mlp.gate_proj", "vision_model.encoder.layers.*.mlp.gate"),
        new("encoder.layer.*.mlp.up_proj", "vision_model.encoder.layers.*.mlp.fc1"),
        new("encoder.layer.*.mlp.down_proj", "vision_model.encoder.layers.*.mlp.fc2"));

    private readonly string _scratch = Directory.CreateTempSubdirectory("golden-").FullName;

    public void Dispose() => Directory.Delete(_scratch, recursive: true);

    public static TheoryData<string> WithGradients() => VisionGolden.With("gradients.safetensors");

    [Theory]
    [MemberData(nameof(WithGradients))]
    public void GradientsAgree(string name)
    {
        var folder = SharedData.RequireGolden("vision", name);
        using var checkpoint = VisionGolden.Open(folder, _scratch);
        using var model = checkpoint.Load(GoldenTensors.Device);
        using var file = SafetensorsFile.Open(Path.Combine(folder, "gradients.safetensors"));
        using var scope = NewDisposeScope();
        var (pixels, targets) = Batch(folder, file);
        pixels.requires_grad = true;
        targets.requires_grad = true;
        var scale = ContrastiveGolden.NewLogitScale();
        var features = model.call(pixels);
        var loss = InfoNceLoss.Between(features, targets, scale);
        loss.backward();

        GoldenTensors.Close(file.Load("loss"), loss, ContrastiveGolden.LossTolerance, "loss");
        GoldenTensors.Close(file.Load(file.Contains("image_embeds") ? "image_embeds" : "pooled"), features, 1e-5, "features");
        void Gradient(string stored, Tensor found) =>
            GoldenTensors.Close(file.Load(stored), found, ContrastiveGolden.GradientTolerance, stored, ContrastiveGolden.GradientTolerance);
        Gradient("grad.logit_scale", scale.grad!);
        Gradient("grad_targets", targets.grad!);
        if (file.Contains("grad_pixel_values_row0"))
        {
            Gradient("grad_pixel_values_row0", pixels.grad!.select(0, 0));
        }
        var gradients = model.NamedParameters().Select(p => (p.Name, p.Parameter.grad ?? zeros_like(p.Parameter))).ToList();
        var (compared, stated) = (0, file.Names.Count(stored => stored.StartsWith("grad.", StringComparison.Ordinal)) - 1);
        foreach (var weight in checkpoint.Layout.Names.Of(gradients).Where(weight => file.Contains("grad." + weight.Name)))
        {
            Gradient("grad." + weight.Name, weight.Join());
            compared++;
        }
        if (Summaries(folder) is { } summaries)
        {
            stated += summaries.EnumerateObject().Count();
            foreach (var (parameter, gradient) in Named(gradients, summaries))
            {
                ContrastiveGolden.Summary(parameter, summaries.GetProperty(parameter), GoldenTensors.Values(gradient));
                compared++;
            }
        }
        Assert.Equal(stated, compared);
    }

    private static (Tensor Pixels, Tensor Targets) Batch(string folder, SafetensorsFile gradients)
    {
        if (gradients.Contains("pixel_values"))
        {
            return (gradients.Input("pixel_values"), gradients.Input("targets"));
        }
        using var batches = SafetensorsFile.Open(Path.Combine(folder, "batches.safetensors"));
        return (batches.Input("pixel_values.0"), batches.Input("targets.0"));
    }

    private static JsonElement? Summaries(string folder)
    {
        var expected = GoldenTensors.Expected(folder);
        return expected.TryGetProperty("gradient_per_parameter", out var all) ? all
            : expected.GetProperty("gradients").TryGetProperty("per_parameter", out var nested) ? nested
            : null;
    }

    /// <summary>Gradients by the names of summaries: the module's names of the library, with or without <c>vision_model.</c>.</summary>
    private static IEnumerable<(string Name, Tensor Gradient)> Named(List<(string Name, Tensor Gradient)> gradients, JsonElement summaries)
    {
        bool Has(string name) => summaries.TryGetProperty(name, out _);
        static string Bare(string name) => name["vision_model.".Length..];
        if (gradients.All(gradient => Has(gradient.Name)))
        {
            return gradients;
        }
        if (gradients.All(gradient => Has(Bare(gradient.Name))))
        {
            return gradients.Select(gradient => (Bare(gradient.Name), gradient.Gradient));
        }
        var inMlp = gradients.ToLookup(gradient => gradient.Name.Contains(".mlp.", StringComparison.Ordinal));
        var isGated = inMlp[true].Any(gradient => gradient.Name.Contains(".gate.", StringComparison.Ordinal));
        return DinoModules.Of(inMlp[false]).Concat((isGated ? DinoGatedMlp : DinoMlp).Of(inMlp[true]))
            .Select(weight => (weight.Name, weight.Join()));
    }
}
