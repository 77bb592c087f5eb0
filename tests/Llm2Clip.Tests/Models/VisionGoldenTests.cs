using System.Text.Json.Nodes;
using Llm2Clip.Layers;
using Llm2Clip.Models;
using Llm2Clip.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Tests.Models;

/// <summary>
/// Outputs and other image sizes of every tower of golden/vision against the library that made it. Tolerances: its README.
/// </summary>
[Trait("Category", "Golden")]
public sealed class VisionGoldenTests : IDisposable
{
    private const double HiddenTolerance = 2e-5;
    private const double OutputTolerance = 1e-5;
    private const double TableTolerance = 1e-6;

    private static readonly string[] TableNames = ["position_embedding", "position_embeddings", "positional_embedding", "pos_embed"];

    private readonly string _scratch = Directory.CreateTempSubdirectory("golden-").FullName;

    public void Dispose() => Directory.Delete(_scratch, recursive: true);

    public static TheoryData<string> Towers() => VisionGolden.Folders(_ => true);

    public static TheoryData<string> WithOtherSizes() => VisionGolden.Folders(folder => SizesOf(folder).Any());

    public static TheoryData<string> WithOtherRules() => VisionGolden.Folders(folder => File.Exists(Resized(folder))
        && Names(Resized(folder)).Any(name => name.StartsWith("other_rules.", StringComparison.Ordinal)));

    public static TheoryData<string> WithPreprocessor() => VisionGolden.With(Preprocessor.FileName);

    [Theory]
    [MemberData(nameof(Towers))]
    public void OutputsAgree(string name)
    {
        var folder = SharedData.RequireGolden("vision", name);
        using var checkpoint = VisionGolden.Open(folder, _scratch);
        using var model = checkpoint.Load(GoldenTensors.Device);
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
        var output = io.Contains("image_embeds") ? "image_embeds" : "pooled";
        GoldenTensors.Close(io.Load(output), features, OutputTolerance, $"{name} {output}");
        // Unobserved, the last block computes the class token alone.
        GoldenTensors.Close(io.Load(output), model.call(io.Input("pixel_values")), OutputTolerance, $"{name} {output}, unobserved");
        var wanted = io.Names.Count(stored => stored is "embeddings" or "pooled" or "image.pooled" or "last_hidden_state"
            || stored.StartsWith("hidden.", StringComparison.Ordinal));
        Assert.Equal(wanted, compared);
    }

    [Theory]
    [MemberData(nameof(WithOtherSizes))]
    public void OtherSizesAgree(string name)
    {
        var folder = SharedData.RequireGolden("vision", name);
        using var checkpoint = VisionGolden.Open(folder, _scratch);
        using var model = checkpoint.Load(GoldenTensors.Device);
        foreach (var (path, prefix) in SizesOf(folder))
        {
            using var scope = NewDisposeScope();
            using var off = no_grad();
            using var file = SafetensorsFile.Open(path);
            var pixels = file.Input(prefix + "pixel_values");
            var features = model.Encode(pixels, (what, tensor) =>
            {
                if (file.Contains(prefix + what))
                {
                    GoldenTensors.Close(file.Load(prefix + what), tensor, what == "pooled" ? OutputTolerance : HiddenTolerance,
                        $"{name} {prefix}{what}");
                }
            });
            var output = prefix + (file.Contains(prefix + "image_embeds") ? "image_embeds" : "pooled");
            GoldenTensors.Close(file.Load(output), features, OutputTolerance, $"{name} {output}");
            foreach (var table in TableNames.Where(table => file.Contains(prefix + table)))
            {
                var stored = file.Load(prefix + table);
                GoldenTensors.Close(
                    stored.view(-1, stored.shape[^1]), Table(model, pixels, model.Shape.Positions), TableTolerance,
                    $"{name} {prefix}{table}");
            }
        }
    }

    /// <summary>
    /// The same weights at the size they are trained further at: the positions are resized once, when the model is opened.
    /// </summary>
    [Theory]
    [MemberData(nameof(WithOtherSizes))]
    public void StartingAtAnotherSizeIsTheSame(string name)
    {
        var folder = SharedData.RequireGolden("vision", name);
        using var checkpoint = VisionGolden.Open(folder, _scratch);
        foreach (var (path, prefix) in SizesOf(folder))
        {
            using var scope = NewDisposeScope();
            using var off = no_grad();
            using var file = SafetensorsFile.Open(path);
            var pixels = file.Input(prefix + "pixel_values");
            if (pixels.shape[2] != pixels.shape[3])
            {
                continue;
            }
            using var model = checkpoint.Start(
                GoldenTensors.Device, new StartOptions { KeepProjection = true, ImageSize = (int)pixels.shape[2] });
            var output = prefix + (file.Contains(prefix + "image_embeds") ? "image_embeds" : "pooled");
            GoldenTensors.Close(file.Load(output), model.call(pixels), OutputTolerance, $"{name} {output}");
        }
    }

    /// <summary>The tables of the libraries that resize otherwise, which the golden files hold for the same larger grid.</summary>
    [Theory]
    [MemberData(nameof(WithOtherRules))]
    public void TheRulesOfOtherLibrariesAgree(string name)
    {
        var folder = SharedData.RequireGolden("vision", name);
        using var checkpoint = VisionGolden.Open(folder, _scratch);
        using var model = checkpoint.Load(GoldenTensors.Device);
        using var file = SafetensorsFile.Open(Resized(folder));
        using var scope = NewDisposeScope();
        using var off = no_grad();
        (string Stored, PositionRule Rule)[] rules =
        [
            ("other_rules.hf_interpolate_pos_encoding", PositionRule.Bicubic),
            ("other_rules.eva_clip_resize_clip_pos_embed", PositionRule.BicubicAlignCorners),
        ];
        Assert.Equal(
            file.Names.Where(stored => stored.StartsWith("other_rules.", StringComparison.Ordinal)).Order(),
            rules.Select(rule => rule.Stored).Order());
        foreach (var (stored, rule) in rules)
        {
            GoldenTensors.Close(file.Load(stored), Table(model, file.Input("pixel_values"), rule), TableTolerance, $"{name} {stored}");
        }
    }

    [Theory]
    [MemberData(nameof(WithPreprocessor))]
    public void PreprocessorIsRead(string name)
    {
        var folder = SharedData.RequireGolden("vision", name);
        var path = Path.Combine(folder, Preprocessor.FileName);
        var json = JsonNode.Parse(File.ReadAllText(path))!;
        using var checkpoint = VisionGolden.Open(folder, _scratch);
        var transform = Preprocessor.FromFile(path);
        Assert.Equal(checkpoint.Config.ImageSize, transform.ImageSize);
        Assert.Equal(json["image_mean"]!.AsArray().Select(value => (float)value!.GetValue<double>()), transform.Mean);
        Assert.Equal(json["image_std"]!.AsArray().Select(value => (float)value!.GetValue<double>()), transform.Std);
    }

    private static Tensor Table(VisionModel model, Tensor pixels, PositionRule rule)
    {
        var patch = model.Shape.PatchSize;
        return PositionTable.For(
            model.Tower.Embeddings.Positions, model.Shape.Grid, pixels.shape[2] / patch, pixels.shape[3] / patch, model.Shape.ClassToken,
            rule);
    }

    private static string Resized(string folder) => Path.Combine(folder, "resized.safetensors");

    private static IReadOnlyList<string> Names(string path)
    {
        using var file = SafetensorsFile.Open(path);
        return file.Names;
    }

    /// <summary>Files and prefixes of the sets of images of another size.</summary>
    private static IEnumerable<(string File, string Prefix)> SizesOf(string folder)
    {
        const string Pixels = "pixel_values";
        foreach (var path in new[] { Resized(folder), Path.Combine(folder, "io.safetensors") }.Where(File.Exists))
        {
            var isResized = path == Resized(folder);
            foreach (var name in Names(path).Where(name => name.EndsWith(Pixels, StringComparison.Ordinal)
                && (isResized || name != Pixels)))
            {
                yield return (path, name[..^Pixels.Length]);
            }
        }
    }

    /// <summary>The folder whose outputs belong to these weights: itself, or the one that holds the same weights in another form.</summary>
    private string OutputsOf(string folder, VisionModel model)
    {
        if (File.Exists(Path.Combine(folder, "io.safetensors")))
        {
            return folder;
        }
        foreach (var other in Directory.GetDirectories(Path.GetDirectoryName(folder)!)
            .Where(other => File.Exists(VisionGolden.ConfigOf(other)) && File.Exists(Path.Combine(other, "io.safetensors"))))
        {
            using var checkpoint = VisionGolden.Open(other, _scratch);
            using var twin = checkpoint.Load(GoldenTensors.Device);
            if (twin.Shape.Equals(model.Shape) && Weights(twin).SequenceEqual(Weights(model)))
            {
                return other;
            }
        }
        throw new InvalidOperationException($"{folder} has no io.safetensors, and no folder beside it with the same weights has one.");
    }

    private static IEnumerable<float> Weights(VisionModel model) =>
        model.named_parameters().SelectMany(p => GoldenTensors.Values(p.parameter));
}
