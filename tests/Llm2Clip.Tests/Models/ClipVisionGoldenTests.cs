using System.Text.Json;
using System.Text.Json.Nodes;
using Llm2Clip.Layers;
using Llm2Clip.Models;
using Llm2Clip.Models.Clip;
using Llm2Clip.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Tests.Models;

/// <summary>Every folder of golden/vision whose config.json names a CLIP architecture of Hugging Face. Tolerances: its README.</summary>
[Trait("Category", "Golden")]
public class ClipVisionGoldenTests
{
    private const double HiddenTolerance = 2e-5;
    private const double OutputTolerance = 1e-5;
    private const double TableTolerance = 1e-6;

    private static readonly string[] Architectures = ["CLIPVisionModelWithProjection", "CLIPModel"];

    public static TheoryData<string> Models() => GoldenTensors.Folders("vision", IsClip);

    public static TheoryData<string> Resized() =>
        GoldenTensors.Folders("vision", folder => IsClip(folder) && File.Exists(Path.Combine(folder, "resized.safetensors")));

    public static bool IsClip(string folder)
    {
        var config = Path.Combine(folder, "config.json");
        return File.Exists(config) && JsonNode.Parse(File.ReadAllText(config))!["architectures"]?.AsArray()
            .FirstOrDefault()?.GetValue<string>() is { } name
            && Architectures.Contains(name);
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void OutputsAgree(string name)
    {
        var folder = SharedData.RequireGolden("vision", name);
        using var model = ClipVisionWeights.Load(folder, GoldenTensors.Device);
        using var io = SafetensorsFile.Open(Path.Combine(OutputsOf(folder, model), "io.safetensors"));
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var compared = 0;
        var features = model.Encode(io.Input("pixel_values"), (what, tensor) =>
        {
            foreach (var stored in new[] { what, "image." + what }.Where(io.Contains))
            {
                GoldenTensors.Close(io.Load(stored), tensor, what == "pooled" ? OutputTolerance : HiddenTolerance, $"{name} {what}");
                compared++;
            }
        });
        GoldenTensors.Close(io.Load("image_embeds"), features, OutputTolerance, $"{name} image_embeds");
        // Unobserved, the last block computes the class token alone.
        GoldenTensors.Close(io.Load("image_embeds"), model.call(io.Input("pixel_values")), OutputTolerance,
            $"{name} image_embeds, unobserved");
        var wanted = io.Names.Count(stored =>
            stored is "embeddings" or "pooled" or "image.pooled" || stored.StartsWith("hidden.", StringComparison.Ordinal));
        Assert.Equal(wanted, compared);
    }

    [Theory]
    [MemberData(nameof(Resized))]
    public void OtherSizesAgree(string name)
    {
        var folder = SharedData.RequireGolden("vision", name);
        using var model = ClipVisionWeights.Load(folder, GoldenTensors.Device);
        using var file = SafetensorsFile.Open(Path.Combine(folder, "resized.safetensors"));
        foreach (var prefix in file.Names.Where(stored => stored.EndsWith("pixel_values", StringComparison.Ordinal))
            .Select(stored => stored[..^"pixel_values".Length]))
        {
            using var scope = NewDisposeScope();
            using var off = no_grad();
            var pixels = file.Input(prefix + "pixel_values");
            var features = model.Encode(pixels, (what, tensor) =>
            {
                if (file.Contains(prefix + what))
                {
                    GoldenTensors.Close(file.Load(prefix + what), tensor, what == "pooled" ? OutputTolerance : HiddenTolerance,
                        $"{name} {prefix}{what}");
                }
            });
            GoldenTensors.Close(file.Load(prefix + "image_embeds"), features, OutputTolerance, $"{name} {prefix}image_embeds");
            if (file.Contains(prefix + "position_embedding"))
            {
                var patch = model.Config.PatchSize;
                var table = PositionTable.For(
                    model.get_parameter("vision_model.embeddings.position_embedding.weight")!, model.Config.Grid, pixels.shape[2] / patch,
                        pixels.shape[3] / patch);
                GoldenTensors.Close(file.Load(prefix + "position_embedding"), table, TableTolerance, $"{name} {prefix}position_embedding");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void PreprocessorIsRead(string name)
    {
        var folder = SharedData.RequireGolden("vision", name);
        var path = Path.Combine(folder, Preprocessor.FileName);
        var json = JsonNode.Parse(File.ReadAllText(path))!;
        var transform = Preprocessor.FromFile(path);
        Assert.Equal(ClipVisionConfig.FromFile(Path.Combine(folder, "config.json")).ImageSize, transform.ImageSize);
        Assert.Equal(json["image_mean"]!.AsArray().Select(value => (float)value!.GetValue<double>()), transform.Mean);
        Assert.Equal(json["image_std"]!.AsArray().Select(value => (float)value!.GetValue<double>()), transform.Std);
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void ExportReloadsAsTheSameModel(string name)
    {
        var folder = SharedData.RequireGolden("vision", name);
        using var model = ClipVisionWeights.Load(folder, GoldenTensors.Device);
        var copy = Directory.CreateTempSubdirectory("clip-export-").FullName;
        try
        {
            model.Save(copy);
            using var again = ClipVisionWeights.Load(copy, GoldenTensors.Device);
            Assert.Equal(model.Config, again.Config);
            foreach (var (parameter, tensor) in model.named_parameters())
            {
                Assert.Equal(GoldenTensors.Values(tensor), GoldenTensors.Values(again.get_parameter(parameter)!));
            }
        }
        finally
        {
            Directory.Delete(copy, recursive: true);
        }
    }

    /// <summary>The folder whose outputs belong to these weights: itself, or the one that holds the same weights in another form.</summary>
    private static string OutputsOf(string folder, ClipVisionModel model)
    {
        if (File.Exists(Path.Combine(folder, "io.safetensors")))
        {
            return folder;
        }
        var (_, own) = (model.Config, Weights(model));
        foreach (var other in Directory.GetDirectories(Path.GetDirectoryName(folder)!)
            .Where(o => IsClip(o) && File.Exists(Path.Combine(o, "io.safetensors"))))
        {
            using var twin = ClipVisionWeights.Load(other, GoldenTensors.Device);
            if (twin.Config == model.Config && Weights(twin).SequenceEqual(own))
            {
                return other;
            }
        }
        throw new InvalidOperationException($"{folder} has no io.safetensors, and no folder beside it with the same weights has one.");
    }

    private static IEnumerable<float> Weights(ClipVisionModel model) =>
        model.named_parameters().SelectMany(p => GoldenTensors.Values(p.parameter));
}
