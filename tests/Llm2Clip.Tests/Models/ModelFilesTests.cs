using System.Text.Json.Nodes;
using Llm2Clip.Images;
using Llm2Clip.Layers;
using Llm2Clip.Models;
using Llm2Clip.Models.Clip;
using Llm2Clip.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Tests.Models;

public sealed class ModelFilesTests : IDisposable
{
    private static readonly ClipVisionConfig Config = new()
    {
        ImageSize = 16, PatchSize = 8, Width = 16, Layers = 1, Heads = 2, MlpWidth = 24, EmbedDim = 12, Activation = Activation.Gelu,
    };

    private readonly string _folder = Directory.CreateTempSubdirectory("clip-files-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void EveryWrongTensorIsListed()
    {
        using var model = new ClipVisionModel(Config, CPU);
        model.Save(_folder);
        Rewrite(tensors =>
        {
            tensors.Remove("vision_model.pre_layrnorm.bias");
            tensors["vision_model.post_layernorm.weight"] = zeros([3]);
            tensors["vision_model.extra"] = zeros([2, 2]);
            tensors["vision_model.embeddings.class_embedding"] = zeros([16], ScalarType.Int64);
        });
        var error = Assert.Throws<InputException>(() => ClipVisionWeights.Load(_folder, CPU));
        Assert.Equal(3, error.ExitCode);
        Assert.Contains("missing: vision_model.pre_layrnorm.bias [16]", error.Message);
        Assert.Contains("shape: vision_model.post_layernorm.weight is [3], expected [16]", error.Message);
        Assert.Contains("unexpected: vision_model.extra [2, 2]", error.Message);
        Assert.Contains("type: vision_model.embeddings.class_embedding is Int64", error.Message);
    }

    [Fact]
    public void NamesWithoutThePrefixAreAccepted()
    {
        using var model = new ClipVisionModel(Config, CPU);
        model.Initialize(3);
        model.Save(_folder);
        Rewrite(tensors =>
        {
            foreach (var name in tensors.Keys.Where(name => name.StartsWith("vision_model.", StringComparison.Ordinal)).ToList())
            {
                tensors.Remove(name, out var tensor);
                tensors[name["vision_model.".Length..]] = tensor!;
            }
        });
        using var again = ClipVisionWeights.Load(_folder, CPU);
        Assert.Equal(model.named_parameters().SelectMany(p => GoldenTensors.Values(p.parameter)),
            again.named_parameters().SelectMany(p => GoldenTensors.Values(p.parameter)));
    }

    [Theory]
    [InlineData("hidden_act", "\"silu\"", "hidden_act is 'silu'; supported are gelu, gelu_pytorch_tanh and quick_gelu")]
    [InlineData("model_type", "\"siglip_vision_model\"", "model_type is 'siglip_vision_model'; supported is clip_vision_model")]
    [InlineData("attention_dropout", "0.1", "attention_dropout is 0.1; supported is 0")]
    [InlineData("rope_theta", "1", "rope_theta is not known")]
    [InlineData("num_channels", "4", "num_channels is 4; supported is 3")]
    [InlineData("num_attention_heads", "3", "3 attention heads do not divide width 16")]
    [InlineData("hidden_size", "\"wide\"", "hidden_size is \"wide\"; it must be a number")]
    public void UnsupportedConfigIsRefusedByName(string key, string value, string message)
    {
        var json = Config.ToJson();
        json[key] = JsonNode.Parse(value);
        var path = Path.Combine(_folder, "config.json");
        File.WriteAllText(path, json.ToJsonString());
        var error = Assert.Throws<InputException>(() => ClipVisionConfig.FromFile(path));
        Assert.Contains(message, error.Message);
        Assert.Contains(path, error.Message);
    }

    /// <summary>Older files of whole models give the vision half twice, and some repeat its keys at the top level.</summary>
    [Theory]
    [InlineData("""{"vision_config_dict": {"hidden_size": 24}}""", "hidden_size is 16 in vision_config and 24 in vision_config_dict")]
    [InlineData("""{"image_size": 32}""", "image_size is 32 at the top level and 16 in vision_config")]
    [InlineData("""{"layer_norm_eps": 0.1}""", "layer_norm_eps is 0.1 at the top level and 1E-05 in vision_config")]
    [InlineData("""{"vision_config_dict": {"hidden_size": 16, "patch_size": 8}, "image_size": 16, "projection_dim": 12}""", null)]
    [InlineData("""{"vision_config_dict": null}""", null)]
    public void AConfigGivenTwiceMustNotContradictItself(string more, string? message)
    {
        var vision = Config.ToJson();
        var root = new JsonObject { ["model_type"] = "clip", ["projection_dim"] = 12, ["vision_config"] = vision };
        foreach (var (key, value) in JsonNode.Parse(more)!.AsObject())
        {
            root[key] = value?.DeepClone();
        }
        var path = Path.Combine(_folder, "config.json");
        File.WriteAllText(path, root.ToJsonString());
        if (message is null)
        {
            Assert.Equal(Config, ClipVisionConfig.FromFile(path));
            return;
        }
        var error = Assert.Throws<InputException>(() => ClipVisionConfig.FromFile(path)).Message;
        Assert.Contains(message, error, StringComparison.OrdinalIgnoreCase);
        Assert.Contains(path, error);
    }

    [Fact]
    public void AKeyGivenTwiceIsNamed()
    {
        var path = Path.Combine(_folder, "config.json");
        File.WriteAllText(path, """{"model_type": "clip_vision_model", "hidden_size": 16, "hidden_size": 32}""");
        var error = Assert.Throws<InputException>(() => ClipVisionConfig.FromFile(path)).Message;
        Assert.StartsWith($"{path} cannot be read as a model configuration: ", error);
        Assert.Contains("hidden_size", error);
    }

    [Theory]
    [InlineData("""{"size": {"shortest_edge": 20}, "crop_size": 24}""", "size is 20 but crop_size is 24")]
    [InlineData("""{"size": 24, "resample": 1}""", "resample is 1; supported are 3 (bicubic) and 2 (bilinear)")]
    [InlineData("""{"size": 24, "do_normalize": false}""", "do_normalize is false")]
    [InlineData("""{"size": 24, "image_mean": [0.5]}""", "image_mean is [0.5]")]
    [InlineData("""{"size": 24, "jitter": 1}""", "jitter is not known")]
    [InlineData("{", "cannot be read")]
    public void UnsupportedPreprocessorIsRefusedByName(string json, string message)
    {
        var path = Path.Combine(_folder, Preprocessor.FileName);
        File.WriteAllText(path, json);
        Assert.Contains(message, Assert.Throws<InputException>(() => Preprocessor.FromFile(path)).Message);
    }

    [Fact]
    public void TheFilterIsReadAndWritten()
    {
        var transform = new ImageTransformConfig { ImageSize = 24, Resize = ResizeMode.Squash, Filter = ResampleFilter.Bilinear };
        Preprocessor.Save(transform, _folder);
        Assert.Equal(ResampleFilter.Bilinear, Preprocessor.FromFile(Path.Combine(_folder, Preprocessor.FileName)).Filter);
    }

    [Fact]
    public void ACheckpointWithoutItsPreprocessorIsToldWhatALayoutHas()
    {
        var path = Path.Combine(_folder, "nothere", Preprocessor.FileName);
        var message = Assert.Throws<InputException>(() => Preprocessor.FromFile(path)).Message;
        Assert.StartsWith($"{path} is missing. A vision checkpoint is a folder in Hugging Face's layout", message);
    }

    [Fact]
    public void StudentReloadsWithItsAdapterScaleAndTransform()
    {
        var config = new StudentConfig
        {
            ImageSize = 16, PatchSize = 8, Width = 16, Layers = 1, Heads = 2, EmbedDim = 12,
            AdapterBlocks = 2, Mean = [0.1f, 0.2f, 0.3f]
        };
        using var student = Student.Create(config, 10, 1.5, 3, CPU);
        student.TeacherFingerprint = "abc";
        student.Save(_folder);
        using var again = Student.Load(_folder, CPU);
        Assert.Equal(student.NamedParameters().Select(p => p.Name), again.NamedParameters().Select(p => p.Name));
        Assert.Equal(student.NamedParameters().SelectMany(p => GoldenTensors.Values(p.Parameter)),
            again.NamedParameters().SelectMany(p => GoldenTensors.Values(p.Parameter)));
        Assert.Equal(config.Mean, again.Transform.Mean);
        Assert.Equal("abc", again.TeacherFingerprint);
        var pixels = new byte[2 * 16 * 16 * 3];
        new Random(1).NextBytes(pixels);
        Assert.Equal(student.EncodeImages(pixels, 2), again.EncodeImages(pixels, 2));
        Assert.Equal(12, student.EncodeTexts(new float[10], 1).Length);
    }

    [Fact]
    public void StartFromACheckpointTakesAllButTheProjection()
    {
        using var model = new ClipVisionModel(Config, CPU);
        model.Initialize(3);
        model.Save(_folder);
        Preprocessor.Save(new ImageTransformConfig { ImageSize = 16 }, _folder);
        using var student = Student.Create(new StudentConfig { Init = _folder, EmbedDim = 20 }, 10, 1, 9, CPU);
        var started = Assert.IsType<ClipVisionModel>(student.ImageEncoder);
        Assert.Equal([20, 16], started.get_parameter("visual_projection.weight")!.shape);
        foreach (var (name, parameter) in model.named_parameters().Where(p => p.name != "visual_projection.weight"))
        {
            Assert.Equal(GoldenTensors.Values(parameter), GoldenTensors.Values(started.get_parameter(name)!));
        }
    }

    [Fact]
    public void AnUnknownModelTypeNamesTheKnownOnes()
    {
        File.WriteAllText(Path.Combine(_folder, "config.json"), """{"model_type": "dinov9"}""");
        var error = Assert.Throws<InputException>(() => ImageEncoders.Load(_folder, CPU));
        Assert.StartsWith(Path.Combine(_folder, "config.json"), error.Message);
        Assert.Contains("model_type is 'dinov9'; supported are clip_vision_model, clip, siglip_vision_model, siglip, ", error.Message);
    }

    private void Rewrite(Action<Dictionary<string, Tensor>> change)
    {
        using var scope = NewDisposeScope();
        var path = Path.Combine(_folder, "model.safetensors");
        var tensors = new Dictionary<string, Tensor>();
        using (var file = SafetensorsFile.Open(path))
        {
            foreach (var name in file.Names)
            {
                tensors.Add(name, file.Load(name));
            }
        }
        change(tensors);
        Safetensors.Save(path, tensors);
    }
}
