using System.Text.Json.Nodes;
using Llm2Clip.Images;
using Llm2Clip.Layers;
using Llm2Clip.Models;
using Llm2Clip.Models.Siglip;
using Llm2Clip.Training.Losses;
using Llm2Clip.Weights;
using static TorchSharp.torch;

namespace Llm2Clip.Tests.Models;

/// <summary>SigLIP's and SigLIP 2's vision towers against transformers' numbers. Tolerances: the README of golden/vision.</summary>
[Trait("Category", "Golden")]
public class SiglipVisionGoldenTests
{
    private const double HiddenTolerance = 2e-5;
    private const double OutputTolerance = 1e-5;
    private const double TableTolerance = 1e-6;

    [Theory]
    [InlineData("siglip", 5)]
    [InlineData("siglip2", 5)]
    public void OutputsAgree(string name, int shown)
    {
        var folder = SharedData.RequireGolden("vision", name);
        using var model = SiglipVisionWeights.Load(folder, GoldenTensors.Device);
        using var io = SafetensorsFile.Open(Path.Combine(folder, "io.safetensors"));
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var compared = 0;
        var features = model.Encode(io.Input("pixel_values"), (what, tensor) =>
        {
            GoldenTensors.Close(io.Load(what), tensor, HiddenTolerance, $"{name} {what}");
            compared++;
        });
        GoldenTensors.Close(io.Load("pooled"), features, OutputTolerance, $"{name} pooled");
        Assert.Equal(shown, compared + 1);
    }

    [Fact]
    public void OtherSizesAgree()
    {
        var folder = SharedData.RequireGolden("vision", "siglip");
        using var model = SiglipVisionWeights.Load(folder, GoldenTensors.Device);
        using var file = SafetensorsFile.Open(Path.Combine(folder, "resized.safetensors"));
        var table = model.get_parameter("vision_model.embeddings.position_embedding.weight")!;
        foreach (var size in new[] { "larger", "smaller", "rect" })
        {
            using var scope = NewDisposeScope();
            using var off = no_grad();
            var pixels = file.Input($"{size}.pixel_values");
            var features = model.Encode(pixels, (what, tensor) =>
            {
                if (what == "last_hidden_state")
                {
                    GoldenTensors.Close(file.Load($"{size}.{what}"), tensor, HiddenTolerance, $"{size} {what}");
                }
            });
            GoldenTensors.Close(file.Load($"{size}.pooled"), features, OutputTolerance, $"{size} pooled");
            var resized = PositionTable.For(table, model.Config.Grid, pixels.shape[2] / 4, pixels.shape[3] / 4, classToken: false);
            GoldenTensors.Close(file.Load($"{size}.position_embeddings"), resized, TableTolerance, $"{size} position_embeddings");
        }
    }

    [Fact]
    public void GradientsAgree()
    {
        var folder = SharedData.RequireGolden("vision", "siglip");
        using var model = SiglipVisionWeights.Load(folder, GoldenTensors.Device);
        using var file = SafetensorsFile.Open(Path.Combine(folder, "gradients.safetensors"));
        using var scope = NewDisposeScope();
        var pixels = file.Input("pixel_values").requires_grad_(true);
        var targets = file.Input("targets").requires_grad_(true);
        var scale = ContrastiveGolden.NewLogitScale();
        var features = model.call(pixels);
        var loss = InfoNceLoss.Between(features, targets, scale);
        loss.backward();

        GoldenTensors.Close(file.Load("loss"), loss, ContrastiveGolden.LossTolerance, "loss");
        GoldenTensors.Close(file.Load("pooled"), features, OutputTolerance, "pooled");
        void Gradient(string stored, Tensor found) =>
            GoldenTensors.Close(file.Load(stored), found, ContrastiveGolden.GradientTolerance, stored, ContrastiveGolden.GradientTolerance);
        Gradient("grad.logit_scale", scale.grad!);
        Gradient("grad_targets", targets.grad!);
        Gradient("grad_pixel_values_row0", pixels.grad!.select(0, 0));
        var summaries = GoldenTensors.Expected(folder).GetProperty("gradients").GetProperty("per_parameter");
        var parameters = model.NamedParameters();
        Assert.Equal(summaries.EnumerateObject().Count(), parameters.Count);
        foreach (var (name, parameter) in parameters)
        {
            ContrastiveGolden.Summary(name, summaries.GetProperty(name["vision_model.".Length..]), GoldenTensors.Values(parameter.grad!));
        }
    }

    [Theory]
    [InlineData("siglip")]
    [InlineData("siglip2")]
    public void AStudentStartsFromItAndReloads(string name)
    {
        var folder = SharedData.RequireGolden("vision", name);
        var copy = Directory.CreateTempSubdirectory("siglip-student-").FullName;
        try
        {
            using var student = Student.Create(new StudentConfig { Init = folder, AdapterBlocks = 1 }, 10, 1, 9, GoldenTensors.Device);
            student.Save(copy);
            using var again = Student.Load(copy, GoldenTensors.Device);
            Assert.Equal(Assert.IsType<SiglipVisionModel>(student.ImageEncoder).Config,
                Assert.IsType<SiglipVisionModel>(again.ImageEncoder).Config);
            Assert.Equal(
                student.NamedParameters().SelectMany(p => GoldenTensors.Values(p.Parameter)),
                    again.NamedParameters().SelectMany(p => GoldenTensors.Values(p.Parameter)));
            // The folder is read and written the same: configuration and image processor hold what transformers wrote.
            foreach (var file in new[] { "preprocessor_config.json", "config.json" })
            {
                var (theirs, ours) = (Read(folder, file), Read(copy, file));
                theirs = theirs["vision_config"]?.AsObject() ?? theirs;
                Assert.All(theirs.Where(pair => pair.Key != "transformers_version"), pair =>
                    Assert.True(JsonNode.DeepEquals(pair.Value, ours[pair.Key]), pair.Key));
            }
            Assert.Equal(ResizeMode.Squash, again.Transform.Resize);
        }
        finally
        {
            Directory.Delete(copy, recursive: true);
        }
    }

    [Fact]
    public void AnotherLengthOfTheVectorsIsRefused()
    {
        var folder = SharedData.RequireGolden("vision", "siglip");
        var error = Assert.Throws<ConfigException>(() =>
            Student.Create(new StudentConfig { Init = folder, EmbedDim = 512 }, 10, 1, 9, GoldenTensors.Device));
        Assert.StartsWith($"model.embed_dim is 512, but {folder} is a SigLIP tower", error.Message);
        Assert.Contains("length 36", error.Message);
    }

    private static JsonObject Read(string folder, string file) => JsonNode.Parse(File.ReadAllText(Path.Combine(folder, file)))!.AsObject();
}
