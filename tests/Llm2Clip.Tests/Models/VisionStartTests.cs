using Llm2Clip.Images;
using Llm2Clip.Layers;
using Llm2Clip.Models;
using Llm2Clip.Models.Clip;
using Llm2Clip.Models.Dino;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Tests.Models;

/// <summary>What a student takes of the checkpoint that it starts from.</summary>
public sealed class VisionStartTests : IDisposable
{
    private static readonly ClipVisionConfig Shape = new()
    {
        ImageSize = 16, PatchSize = 4, Width = 16, Layers = 2, Heads = 2, MlpWidth = 24, EmbedDim = 12, Activation = Activation.Gelu,
    };

    private readonly string _folder = Directory.CreateTempSubdirectory("start-").FullName;

    public VisionStartTests()
    {
        using var model = new ClipVisionModel(Shape, CPU);
        model.Initialize(3);
        model.Save(_folder);
        Preprocessor.Save(new ImageTransformConfig { ImageSize = 16 }, _folder);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void AKeptProjectionGivesTheCheckpointsVectors()
    {
        using var original = ClipVisionWeights.Load(_folder, CPU);
        using var student = New(new StudentConfig { Projection = ProjectionStart.Keep });
        var pixels = Noise(16);
        Assert.Equal(12, student.EmbedDim);
        Assert.Equal(GoldenTensors.Values(original.Encode(pixels)), GoldenTensors.Values(student.EncodeImage(pixels)));
        using var fresh = New(new StudentConfig());
        Assert.Equal(512, fresh.EmbedDim);
    }

    [Fact]
    public void AKeptProjectionHasItsLength()
    {
        using var same = New(new StudentConfig { Projection = ProjectionStart.Keep, EmbedDim = 12 });
        var error = Assert.Throws<ConfigException>(() => New(new StudentConfig { Projection = ProjectionStart.Keep, EmbedDim = 20 }));
        Assert.Equal(
            $"model.embed_dim is 20, but model.projection: keep takes the projection of {_folder}, whose vectors have length 12. Leave "
            + "model.embed_dim out, or set model.projection: new.", error.Message);
    }

    /// <summary>Another image size resizes the positions by the rule that is named, and that rule is saved with the model.</summary>
    [Theory]
    [InlineData(null, PositionRule.Bicubic)]
    [InlineData(PositionRule.BicubicAntialias, PositionRule.BicubicAntialias)]
    [InlineData(PositionRule.BicubicAlignCorners, PositionRule.BicubicAlignCorners)]
    public void AnotherImageSizeResizesThePositions(PositionRule? asked, PositionRule used)
    {
        using var original = ClipVisionWeights.Load(_folder, CPU);
        using var student = New(new StudentConfig { ImageSize = 24, Positions = asked, Projection = ProjectionStart.Keep });
        Assert.Equal((24, 24), (student.ImageEncoder.ImageSize, student.Transform.ImageSize));
        using var off = no_grad();
        using var scope = NewDisposeScope();
        var expected = PositionTable.For(original.Tower.Embeddings.Positions, 4, 6, 6, rule: used);
        var copy = Path.Combine(_folder, "copy");
        student.Save(copy);
        using var again = Student.Load(copy, CPU);
        var model = Assert.IsType<ClipVisionModel>(again.ImageEncoder);
        Assert.Equal(GoldenTensors.Values(expected), GoldenTensors.Values(model.Tower.Embeddings.Positions));
        Assert.Equal(used, model.Config.Positions);
    }

    [Fact]
    public void AnImageSizeThatThePatchDoesNotDivideIsRefused() => Assert.Equal(
        $"model.image_size is 18, which the patch size of {_folder}, 4, does not divide: set it to 16 or 20, or leave it out for the "
            + "checkpoint's 16.",
        Assert.Throws<ConfigException>(() => New(new StudentConfig { ImageSize = 18 })).Message);

    [Fact]
    public void AnUnknownRuleOfAConfigurationIsNamed()
    {
        var path = Path.Combine(_folder, "config.json");
        var text = File.ReadAllText(path);
        File.WriteAllText(path, text.Replace("\"patch_size\"", "\"position_interpolation\": \"nearest\",\n  \"patch_size\""));
        Assert.Contains(
            "position_interpolation is 'nearest'; supported are bicubic, bicubic_antialias, bicubic_align_corners",
            Assert.Throws<InputException>(() => ImageEncoders.Load(_folder, CPU)).Message);
    }

    /// <summary>A tower of one family read by another's name: what is missing and what is strange is listed.</summary>
    [Fact]
    public void ACheckpointOfAnotherFamilyIsRefused()
    {
        var dino = new DinoVisionConfig { ImageSize = 16, PatchSize = 4, Width = 16, Layers = 2, Heads = 2, MlpWidth = 24 };
        File.WriteAllText(Path.Combine(_folder, "config.json"), dino.ToJson().ToJsonString());
        var message = Assert.Throws<InputException>(() => ImageEncoders.Load(_folder, CPU)).Message;
        Assert.Contains("missing: encoder.layer.0.attention.attention.query.weight [16, 16]", message);
        Assert.Contains("unexpected: vision_model.embeddings.class_embedding [16]", message);
        using var model = new DinoVisionModel(dino, CPU);
        model.Save(_folder);
        Assert.Equal(
            $"{_folder} is a DINOv2 tower, no CLIP tower.",
            Assert.Throws<InputException>(() => ClipVisionWeights.Load(_folder, CPU)).Message);
    }

    [Theory]
    [InlineData("\"qkv_bias\": true", "\"qkv_bias\": false", "qkv_bias is false; supported is true")]
    [InlineData("\"qkv_bias\": true", "\"qkv_norm\": true", "qkv_norm is not known")]
    [InlineData("\"mlp_ratio\":", "\"mlp_ratio\": 1e9, \"_commit_hash\":", "mlp_ratio is 1000000000; it must be above 0 and at most 64")]
    [InlineData("\"hidden_act\": \"gelu\"", "\"hidden_act\": \"relu\"", "hidden_act is 'relu'")]
    public void ADinoConfigurationThatIsNotSupportedIsRefusedByName(string from, string to, string message)
    {
        var dino = new DinoVisionConfig { ImageSize = 16, PatchSize = 4, Width = 16, Layers = 2, Heads = 2, MlpWidth = 24 };
        using var model = new DinoVisionModel(dino, CPU);
        model.SaveConfig(_folder);
        var path = Path.Combine(_folder, "config.json");
        Assert.Contains(from, File.ReadAllText(path));
        File.WriteAllText(path, File.ReadAllText(path).Replace(from, to));
        Assert.Contains(message, Assert.Throws<InputException>(() => ImageEncoders.Load(_folder, CPU)).Message);
    }

    /// <summary>
    /// SigLIP's 384 pixels in patches of 14: what is left at the edge counts for nothing, as in the authors' convolution.
    /// </summary>
    [Fact]
    public void SiglipCutsWhatIsLeftAtTheEdge()
    {
        var config = new Llm2Clip.Models.Siglip.SiglipVisionConfig
        {
            ImageSize = 18, PatchSize = 4, Width = 16, Layers = 1, Heads = 2, MlpWidth = 24,
        };
        using var model = new Llm2Clip.Models.Siglip.SiglipVisionModel(config, CPU);
        model.Initialize(2);
        var pixels = Noise(18);
        Assert.Equal(
            GoldenTensors.Values(model.Encode(pixels.narrow(2, 0, 16).narrow(3, 0, 16))), GoldenTensors.Values(model.Encode(pixels)));
    }

    /// <summary>DINOv2's image processor: what is cropped is the input's size.</summary>
    [Fact]
    public void DinosPreprocessorIsRead()
    {
        var path = Path.Combine(_folder, Preprocessor.FileName);
        File.WriteAllText(path, """
            {"image_processor_type": "BitImageProcessor", "size": {"shortest_edge": 256}, "crop_size": {"height": 224, "width": 224},
             "image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}
            """);
        Assert.Equal(224, Preprocessor.FromFile(path).ImageSize);
    }

    private Student New(StudentConfig config) => Student.Create(config with { Init = _folder, AdapterBlocks = 1 }, 10, 1, 9, CPU);

    private static Tensor Noise(int side) => randn([3, 3, side, side], generator: new Generator(8));
}
