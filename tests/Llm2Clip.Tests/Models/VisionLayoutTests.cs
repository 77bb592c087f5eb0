using System.Text.Json.Nodes;
using Llm2Clip.Images;
using Llm2Clip.Layers;
using Llm2Clip.Models;
using Llm2Clip.Models.Clip;
using Llm2Clip.Models.Eva;
using Llm2Clip.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Tests.Models;

/// <summary>Every tower of golden/vision written in every layout that has names for it, and read back.</summary>
[Trait("Category", "Golden")]
public sealed class VisionLayoutTests : IDisposable
{
    private readonly string _scratch = Directory.CreateTempSubdirectory("layouts-").FullName;

    public static TheoryData<string> Towers() => VisionGolden.Folders(_ => true);

    public static TheoryData<string> Foreign() => VisionGolden.Folders(folder => !File.Exists(VisionGolden.ConfigOf(folder)));

    public void Dispose() => Directory.Delete(_scratch, recursive: true);

    [Theory]
    [MemberData(nameof(Towers))]
    public void WhatIsWrittenIsReadBack(string name)
    {
        var folder = SharedData.RequireGolden("vision", name);
        using var checkpoint = VisionGolden.Open(folder, _scratch);
        using var model = checkpoint.Load(CPU);
        var written = 0;
        foreach (var layout in Enum.GetValues<ExportLayout>())
        {
            var target = Path.Combine(_scratch, $"{name}-{layout}");
            try
            {
                VisionExport.Write(model, model.Shape.Transform, layout, target);
            }
            catch (ConfigException)
            {
                continue; // this layout has no names for it
            }
            written++;
            using var again = (VisionModel)ImageEncoders.Load(layout == ExportLayout.OpenAi ? Directory.GetFiles(target)[0] : target, CPU);
            Assert.Equal(model.Shape with { Positions = again.Shape.Positions }, again.Shape);
            Assert.Equal(Weights(model), Weights(again));
        }
        var expected = model switch { ClipVisionModel clip => OpenAiClip.Holds(clip.Config) ? 3 : 2, EvaVisionModel => 2, _ => 1 };
        Assert.Equal(expected, written);
    }

    /// <summary>Writing what was read gives the tensors of the golden file, those of the vision half, in the layout's own names.</summary>
    [Theory]
    [MemberData(nameof(Foreign))]
    public void TheFileOfTheLibraryIsWrittenAgain(string name)
    {
        var folder = SharedData.RequireGolden("vision", name);
        using var checkpoint = VisionGolden.Open(folder, _scratch);
        using var model = checkpoint.Load(CPU);
        var path = Path.Combine(_scratch, "again.safetensors");
        model.SaveWeights(path, checkpoint.Layout);
        using var ours = SafetensorsFile.Open(path);
        using var theirs = SafetensorsFile.Open(VisionGolden.WeightsOf(folder)!);
        bool IsTower(string tensor) => tensor.StartsWith("visual.", StringComparison.Ordinal)
            && !tensor.Contains(".freqs_", StringComparison.Ordinal);
        Assert.Equal(theirs.Names.Where(IsTower), ours.Names);
        using var scope = NewDisposeScope();
        Assert.All(ours.Names, tensor => Assert.Equal(
            GoldenTensors.Values(theirs.Load(tensor, ScalarType.Float32)), GoldenTensors.Values(ours.Load(tensor))));
    }

    /// <summary>
    /// The released EVA02-CLIP files hold the biases of q and v beside the layers; all else is as in LLM2CLIP's.
    /// </summary>
    [Fact]
    public void ReleasedEvaFilesAreRead()
    {
        using var model = new EvaVisionModel(Eva, CPU);
        model.Initialize(4);
        var folder = Directory.CreateDirectory(Path.Combine(_scratch, "released")).FullName;
        model.SaveWeights(Path.Combine(folder, "EVA02_CLIP.safetensors"), EvaVisionWeights.Released);
        File.WriteAllText(Path.Combine(folder, CheckpointFiles.EvaClipName), OpenClipConfig.ToEvaJson(Eva).ToJsonString());
        using (var file = SafetensorsFile.Open(Path.Combine(folder, "EVA02_CLIP.safetensors")))
        {
            Assert.Equal([16L], file.Info("visual.blocks.0.attn.q_bias").Shape);
            Assert.False(file.Contains("visual.blocks.0.attn.q_proj.bias"));
        }
        using var again = (VisionModel)ImageEncoders.Load(folder, CPU);
        Assert.Equal(Weights(model), Weights(again));
    }

    /// <summary>A file without a configuration: OpenAI's says its sizes, another needs the name of a published one.</summary>
    [Fact]
    public void ABareFileNeedsAName()
    {
        using var model = new ClipVisionModel(Clip, CPU);
        var path = Path.Combine(_scratch, "bare.safetensors");
        model.SaveWeights(path, ClipVisionWeights.OpenClip);
        var error = Assert.Throws<ConfigException>(() => ImageEncoders.Load(path, CPU));
        Assert.Equal(
            $"{path} holds weights without a configuration, so that heads and activation are not known. Put open_clip_config.json beside "
            + "it, or name the model's size in model.preset.", error.Message);
        using var named = VisionCheckpoint.Open(path, Clip);
        using var again = named.Load(CPU);
        Assert.Equal(Clip with { Positions = PositionRule.BicubicAntialias }, again.Shape);
        // Another size is refused tensor by tensor.
        using var wrong = VisionCheckpoint.Open(path, Clip with { Width = 32, MlpWidth = 128 });
        Assert.Contains("shape: visual.conv1.weight is [64, 3, 8, 8], expected [32, 3, 8, 8]",
            Assert.Throws<InputException>(() => wrong.Load(CPU)).Message);
        // And so is another family.
        var other = Assert.Throws<InputException>(() => VisionCheckpoint.Open(path, Eva)).Message;
        Assert.Equal($"{path} holds a tower of CLIP, but model.preset describes one of another family.", other);
    }

    [Fact]
    public void ANameBesideAConfigurationIsRefused()
    {
        using var model = new ClipVisionModel(Clip, CPU);
        model.Save(_scratch);
        var error = Assert.Throws<ConfigException>(() => VisionCheckpoint.Open(_scratch, Clip));
        Assert.Equal(
            $"model.preset is set, but {Path.Combine(_scratch, "config.json")} says the sizes of {_scratch}; leave model.preset out.",
            error.Message);
    }

    /// <summary>Only what a layout can say is written in it.</summary>
    [Fact]
    public void WhatALayoutCannotHoldIsRefused()
    {
        using var eva = new EvaVisionModel(Eva, CPU);
        using var clip = new ClipVisionModel(Clip with { Activation = Activation.Gelu }, CPU);
        Assert.StartsWith("open_clip knows EVA02's towers by timm's names", Refused(eva, ExportLayout.OpenClip));
        Assert.StartsWith("OpenAI's layout says no heads", Refused(clip, ExportLayout.OpenAi));
        Assert.Equal("The layout EvaClip has no names for a ClipVisionModel.", Refused(clip, ExportLayout.EvaClip));

        string Refused(IImageEncoder encoder, ExportLayout layout) => Assert.Throws<ConfigException>(() =>
            VisionExport.Write(encoder, new ImageTransformConfig(), layout, _scratch)).Message;
    }

    [Fact]
    public void APublishedEvaSizeIsWrittenForOpenClip()
    {
        var json = OpenClipConfig.ToJson(EvaVisionConfig.Presets["eva02-l-14-336"] with { EmbedDim = 1280 }, new ImageTransformConfig())!;
        var path = Path.Combine(_scratch, CheckpointFiles.OpenClipName);
        File.WriteAllText(path, json.ToJsonString());
        var again = (EvaVisionConfig)OpenClipConfig.Read(path);
        Assert.Equal(
            EvaVisionConfig.Presets["eva02-l-14-336"] with { EmbedDim = 1280, Positions = PositionRule.BicubicAntialias }, again);
    }

    [Theory]
    [InlineData("""{"vision_cfg": {"layers": [3, 4, 6, 3]}}""", "vision_cfg.layers is a list, as of CLIP's ResNets")]
    [InlineData("""{"vision_cfg": {"pool_type": "avg"}}""", "vision_cfg.pool_type is \"avg\"; only towers without it are supported")]
    [InlineData("""{"vision_cfg": {"no_ln_pre": true}}""", "vision_cfg.no_ln_pre is true")]
    [InlineData("""{"vision_cfg": {"norm_kwargs": {"bias": false}}}""", "vision_cfg.norm_kwargs.bias is not known")]
    [InlineData("""{"vision_cfg": {"swiglu": true}}""", "vision_cfg.swiglu is not known")]
    [InlineData("""{"vision_cfg": {}, "tokens": 3}""", "model_cfg.tokens is not known")]
    [InlineData("""{"vision_cfg": {"timm_model_name": "vit_base_patch16_siglip_224"}}""", "supported are eva02_base_patch16_clip_224")]
    [InlineData("""{"embed_dim": 4}""", "has no vision_cfg")]
    public void AnOpenClipConfigurationThatIsNotSupportedIsRefusedByName(string model, string message)
    {
        var path = Path.Combine(_scratch, CheckpointFiles.OpenClipName);
        File.WriteAllText(path, new JsonObject { ["model_cfg"] = JsonNode.Parse(model) }.ToJsonString());
        var error = Assert.Throws<InputException>(() => OpenClipConfig.Read(path)).Message;
        Assert.StartsWith(path, error);
        Assert.Contains(message, error);
    }

    [Theory]
    [InlineData("rope", "false", "vision_cfg.rope is false; EVA02's towers have it true")]
    [InlineData("postnorm", "true", "vision_cfg.postnorm is true")]
    [InlineData("intp_freq", "false", "vision_cfg.intp_freq is false, but the grid is 4 and pt_hw_seq_len 16")]
    [InlineData("head_width", "2", "rotary positions need heads whose width is a multiple of 4; 8 heads share 16")]
    public void AnEvaConfigurationThatIsNotSupportedIsRefusedByName(string key, string value, string message)
    {
        var path = Path.Combine(_scratch, CheckpointFiles.EvaClipName);
        var json = OpenClipConfig.ToEvaJson(Eva);
        json["vision_cfg"]![key] = JsonNode.Parse(value);
        File.WriteAllText(path, json.ToJsonString());
        Assert.Contains(message, Assert.Throws<InputException>(() => OpenClipConfig.ReadEvaClip(path)).Message);
    }

    [Theory]
    [InlineData("""{"mean": [0.1, 0.2, 0.3], "std": [1, 2, 3], "resize_mode": "squash", "interpolation": "bilinear"}""", null)]
    [InlineData("""{"interpolation": "lanczos"}""", "interpolation is 'lanczos'; supported are bicubic and bilinear")]
    [InlineData("""{"resize_mode": "longest"}""", "resize_mode is 'longest'; supported are shortest and squash")]
    public void OpenClipsTransformIsRead(string preprocess, string? message)
    {
        var path = Path.Combine(_scratch, CheckpointFiles.OpenClipName);
        File.WriteAllText(path, new JsonObject { ["preprocess_cfg"] = JsonNode.Parse(preprocess) }.ToJsonString());
        if (message is not null)
        {
            Assert.Contains(message, Assert.Throws<InputException>(() => OpenClipConfig.ReadTransform(path, Clip)).Message);
            return;
        }
        var transform = OpenClipConfig.ReadTransform(path, Clip);
        Assert.Equal([0.1f, 0.2f, 0.3f], transform.Mean);
        Assert.Equal([1f, 2f, 3f], transform.Std);
        Assert.Equal((ResizeMode.Squash, ResampleFilter.Bilinear, 16), (transform.Resize, transform.Filter, transform.ImageSize));
    }

    /// <summary>PyTorch's own files are not opened; the message has the one line that converts them.</summary>
    [Theory]
    [InlineData("pytorch_model.bin", true, "torch.load(")]
    [InlineData("EVA02_CLIP.pt", false, "torch.load(")]
    public void APickleIsNotReadButSaysHowItIsConverted(string name, bool withConfig, string load)
    {
        var path = Path.Combine(_scratch, name);
        File.WriteAllBytes(path, [0x80, 2]);
        if (withConfig)
        {
            File.WriteAllText(Path.Combine(_scratch, "config.json"), Clip.ToJson().ToJsonString());
        }
        var message = Assert.Throws<InputException>(() => ImageEncoders.Load(_scratch, CPU)).Message;
        Assert.StartsWith($"{path} is in PyTorch's pickle format", message);
        Assert.Contains(load, message);
        Assert.Contains($"'{Path.Combine(_scratch, "model.safetensors")}'", message);
    }

    [Fact]
    public void AScriptArchiveIsConvertedAsOne()
    {
        var path = Path.Combine(_scratch, "ViT-B-32.pt");
        using (var archive = System.IO.Compression.ZipFile.Open(path, System.IO.Compression.ZipArchiveMode.Create))
        {
            archive.CreateEntry("ViT-B-32/code/__torch__.py");
        }
        Assert.Contains("torch.jit.load(", Assert.Throws<InputException>(() => ImageEncoders.Load(path, CPU)).Message);
    }

    [Fact]
    public void AFolderWithoutAModelSaysWhatIsMissing()
    {
        Assert.StartsWith(
            $"{_scratch} holds no config.json", Assert.Throws<InputException>(() => ImageEncoders.Load(_scratch, CPU)).Message);
        Safetensors.Save(Path.Combine(_scratch, "a.safetensors"), new Dictionary<string, Tensor> { ["x"] = ones([1]) });
        Assert.Contains(
            "holds no vision transformer of CLIP or EVA02", Assert.Throws<InputException>(() => ImageEncoders.Load(_scratch, CPU)).Message);
        Safetensors.Save(Path.Combine(_scratch, "b.safetensors"), new Dictionary<string, Tensor> { ["x"] = ones([1]) });
        Assert.Contains(
            "holds 2 files of weights (a.safetensors, b.safetensors)",
            Assert.Throws<InputException>(() => ImageEncoders.Load(_scratch, CPU)).Message);
    }

    private static ClipVisionConfig Clip { get; } = new()
    {
        ImageSize = 16, PatchSize = 8, Width = 64, Layers = 1, Heads = 1, MlpWidth = 256, EmbedDim = 12,
    };

    private static EvaVisionConfig Eva { get; } = new()
    {
        ImageSize = 16, PatchSize = 4, Width = 16, Layers = 2, Heads = 2, MlpWidth = 24, EmbedDim = 12,
    };

    private static IEnumerable<float> Weights(VisionModel model) =>
        model.NamedParameters().SelectMany(p => GoldenTensors.Values(p.Parameter));
}
