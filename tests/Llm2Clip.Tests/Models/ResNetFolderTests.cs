using Llm2Clip.Configuration;
using Llm2Clip.Images;
using Llm2Clip.Models;
using Llm2Clip.Models.ResNet;
using Llm2Clip.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Tests.Models;

/// <summary>Residual networks as folders and as keys of a run file: read, written, folded, refused.</summary>
public sealed class ResNetFolderTests : IDisposable
{
    private static readonly ResNetConfig Small = new() { Block = ResNetBlock.Basic, Blocks = [1, 1, 1, 1], Stages = ["layer3", "layer4"] };

    private static readonly ModifiedResNetConfig SmallClip = new() { Blocks = [1, 1, 1, 1], Width = 4, ImageSize = 64, EmbedDim = 12 };

    private readonly string _folder = Directory.CreateTempSubdirectory("resnet-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void AFolderIsReadAsItWasWritten(bool clip)
    {
        using var model = Saved(clip);
        using var again = Assert.IsType<ResidualNetwork>(ImageEncoders.Load(_folder, CPU), exactMatch: false);
        Assert.Equal(BatchNormMode.Frozen, again.BatchNorm);
        Assert.Equal(model.State.Select(part => part.Name), again.State.Select(part => part.Name));
        Assert.Equal(
            model.State.SelectMany(part => GoldenTensors.Values(part.Tensor)),
            again.State.SelectMany(part => GoldenTensors.Values(part.Tensor)));
        Assert.Equal(Features(model), Features(again));
    }

    /// <summary>Files of whole models, and of the tower without its prefix, as torchvision and open_clip write them.</summary>
    [Theory]
    [InlineData(false, "", "fc.weight", "bn1.num_batches_tracked")]
    [InlineData(true, "", "transformer.resblocks.0.ln_1.weight", "visual.bn1.num_batches_tracked")]
    [InlineData(true, "visual.", "bn1.num_batches_tracked", "layer1.0.bn1.num_batches_tracked")]
    public void WhatPublishedFilesHoldBesidesIsLeftOut(bool clip, string cut, params string[] others)
    {
        using var model = Saved(clip);
        using var scope = NewDisposeScope();
        var stored = model.State.ToDictionary(part => part.Name[cut.Length..], part => part.Tensor.clone());
        foreach (var other in others)
        {
            stored.Add(other, ones(1));
        }
        Safetensors.Save(Path.Combine(_folder, "model.safetensors"), stored);
        using var again = ImageEncoders.Load(_folder, CPU);
        Assert.Equal(Features(model), Features((ResidualNetwork)again));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void BatchNormsAreFoldedOnRequestAndSavedSo(bool clip)
    {
        using var model = Saved(clip);
        var dim = clip ? SmallClip.EmbedDim : model.EmbedDim;
        using var folded = Start(new StudentConfig { Init = _folder, BatchNorm = BatchNormMode.Folded, EmbedDim = dim });
        Close(Pooled(model), Pooled(folded));
        Assert.Empty(folded.NamedBuffers());
        folded.Save(_folder);
        using var again = ImageEncoders.Load(_folder, CPU);
        Assert.Equal(Features(folded), Features((ResidualNetwork)again));

        var error = Assert.Throws<ConfigException>(() => Start(new StudentConfig { Init = _folder, BatchNorm = BatchNormMode.Trained }));
        Assert.Equal(
            $"model.batch_norm is trained, but the batch norms of {_folder} are folded into its convolutions. Leave model.batch_norm out, or "
            + "start from the weights as they were before.", error.Message);
    }

    [Fact]
    public void AnotherModeAndOtherStagesMayBeChosen()
    {
        using var model = Saved(clip: false);
        using var started = Start(new StudentConfig { Init = _folder, BatchNorm = BatchNormMode.Trained, Stages = ["layer4", "layer2"] });
        Assert.Equal(BatchNormMode.Trained, started.BatchNorm);
        Assert.Equal([512, 128], started.PooledParts);
        Assert.Equal(Pooled(model)[256..], Pooled(started)[..512]);
    }

    [Fact]
    public void ClipsProjectionStartsAnewAndTheRestIsKept()
    {
        using var model = Saved(clip: true);
        using var started = Start(new StudentConfig { Init = _folder, EmbedDim = 7 });
        Assert.Equal(7, started.EmbedDim);
        Assert.Equal(Pooled(model), Pooled(started));
        Assert.Contains(GoldenTensors.Values(started.State.First(p => p.Name == "visual.attnpool.c_proj.weight").Tensor), value => value != 0);
    }

    [Fact]
    public void AnotherFamilysWeightsAreRefusedNameByName()
    {
        using var model = Saved(clip: false);
        using (var other = new ModifiedResNetModel(SmallClip with { Width = 20 }, CPU))
        {
            other.Save(_folder);
        }
        model.SaveConfig(_folder);
        var error = Assert.Throws<InputException>(() => ImageEncoders.Load(_folder, CPU));
        Assert.StartsWith($"{_folder} does not hold the weights of this model:", error.Message);
        Assert.Contains("\n  unexpected: visual.attnpool.c_proj.bias [12]", error.Message);
        Assert.Contains("\n  missing: layer4.0.bn2.running_var [512]", error.Message);
    }

    [Theory]
    [InlineData("\"blocks\"", "[1,1,1]", "blocks is [1,1,1]; it must be a list of 4 numbers from 1 to 256")]
    [InlineData("\"blocks\"", "[1,1,1,-1]", "blocks is [1,1,1,-1]")]
    [InlineData("\"stages\"", "[\"layer5\"]", "stages is [layer5]; it must name some of layer1, layer2, layer3, layer4, each once")]
    [InlineData("\"stages\"", "[\"layer3\"]", "stages is [layer3], without layer4, which would not train")]
    [InlineData("\"block\"", "\"wide\"", "block is 'wide'; it must be one of basic, bottleneck")]
    [InlineData("\"batch_norm\"", "\"off\"", "batch_norm is 'off'; it must be one of frozen, folded, trained")]
    [InlineData("\"image_size\"", "16", "image_size is 16; it must be a whole number from 32")]
    [InlineData("\"groups\"", "32", "groups is not known, so what it changes would be lost")]
    public void AConfigurationThatIsNotSupportedIsRefused(string key, string value, string message)
    {
        using var model = Saved(clip: false);
        var path = Path.Combine(_folder, "config.json");
        var json = System.Text.Json.Nodes.JsonNode.Parse(File.ReadAllText(path))!;
        json[key.Trim('"')] = System.Text.Json.Nodes.JsonNode.Parse(value);
        File.WriteAllText(path, json.ToJsonString());
        Assert.Contains(message, Assert.Throws<InputException>(() => ImageEncoders.Load(_folder, CPU)).Message);
    }

    [Fact]
    public void ImagesBelowTheStrideAreRefused()
    {
        using var model = new ResNetModel(Small, CPU);
        using var scope = NewDisposeScope();
        var error = Assert.Throws<ArgumentException>(() => model.Encode(zeros(1, 3, 31, 64)));
        Assert.StartsWith("Pixels are [1, 3, 31, 64]; expected [B, 3, H, W] with H and W of at least 32.", error.Message);
        Assert.Throws<ArgumentException>(() => model.Encode(zeros(1, 64, 64, 3)));
    }

    [Theory]
    [InlineData("preset: resnet18\nwidth: 64", "width is set, but preset resnet18 is a residual network, which has none; leave it out")]
    [InlineData("init: resnet18-imagenet\npatch_size: 16", "patch_size is set, but init resnet18-imagenet is a residual network")]
    [InlineData("preset: rn50\nimage_size: 31", "image_size is 31, but a residual network takes 32 pixels and more")]
    [InlineData("preset: resnet50\nstages: [layer1]", "stages is [layer1], without layer4, which would not train")]
    [InlineData("preset: resnet50\nbatch_norm: frozen", "batch_norm is frozen, but a new network has no statistics yet; leave it out")]
    [InlineData("preset: resnet50\ninit: resnet18-imagenet", "preset is resnet50, but init names resnet18-imagenet")]
    [InlineData("preset: resnet19", "resnet18, resnet34, resnet50, resnet101, resnet152, rn50, rn101, rn50x4, rn50x16, rn50x64")]
    public void KeysThatDoNotFitAreNamed(string yaml, string message) =>
        Assert.Contains(message, Assert.Throws<ConfigException>(() => ConfigBinder.Parse<StudentConfig>(yaml, "run.yaml")).Message);

    [Fact]
    public void KeysOfResidualNetworksAreRefusedForOthers()
    {
        var vit = new StudentConfig { ImageSize = 16, PatchSize = 8, Width = 8, Heads = 2, Layers = 1, EmbedDim = 4 };
        Assert.Equal(
            "model.batch_norm is set, but the image encoder is no residual network. Leave it out.",
            Assert.Throws<ConfigException>(() => Student.Create(vit with { BatchNorm = BatchNormMode.Frozen }, 8, 0, 1, CPU)).Message);
        using var clip = Saved(clip: true);
        Assert.Contains(
            "whose features come from its attention pooling. Leave model.stages out.",
            Assert.Throws<ConfigException>(() => Start(new StudentConfig { Init = _folder, Stages = ["layer4"] })).Message);
        Assert.Contains("Set it to 0", Assert.Throws<ConfigException>(() => clip.PatchDropout = 0.5).Message);
    }

    [Fact]
    public void FeaturesOfAnotherLengthNeedAHead()
    {
        using var model = Saved(clip: false);
        var config = new StudentConfig { Init = _folder, EmbedDim = 24, AdapterBlocks = 1 };
        Assert.Equal(
            $"model.embed_dim is 24, but {_folder} is a residual network without a projection: its vectors have length 768. Leave "
            + "model.embed_dim out, or set model.head to linear or mlp.",
            Assert.Throws<ConfigException>(() => Student.Create(config, 8, 0, 1, CPU)).Message);
        using var student = Student.Create(config with { Head = ImageHeadKind.Linear }, 8, 0, 1, CPU);
        Assert.Equal(24, student.EmbedDim);
    }

    [Fact]
    public void AnOnnxFileWithoutTheTensorsListsThem()
    {
        var path = Path.Combine(_folder, "a.onnx");
        File.WriteAllBytes(path, OnnxBytes.Model(OnnxBytes.Tensor("Parameter96", 1, [3], 4, OnnxBytes.Floats(1, 2, 3))));
        var error = Assert.Throws<InputException>(() => ResNet18ImageNet.Read(path, new ResNetOptions(), CPU));
        Assert.StartsWith($"{path} does not hold the weights of this model:", error.Message);
        Assert.Contains("\n  shape: Parameter96 is [3], expected [64]", error.Message);
        Assert.Contains("\n  missing: Parameter91 (conv1.weight) [64, 3, 7, 7]", error.Message);
        Assert.Equal(111, error.Message.Split('\n').Length);
    }

    private ResidualNetwork Saved(bool clip)
    {
        ResidualNetwork model = clip ? new ModifiedResNetModel(SmallClip, CPU) : new ResNetModel(Small, CPU);
        model.Initialize(3);
        using var off = no_grad();
        using var scope = NewDisposeScope();
        foreach (var (name, tensor) in model.State.Where(part => part.Tensor.dim() == 1))
        {
            // Norms that are not the identity; variances above 0.
            tensor.add_(0.1 * torch.rand(tensor.shape, generator: new Generator((ulong)name.Length)));
        }
        model.Save(_folder);
        Preprocessor.Save(new ImageTransformConfig(), _folder);
        return model;
    }

    private static ResidualNetwork Start(StudentConfig config) =>
        ResNets.Start(config, 1, CPU, SilentLog.Instance, CancellationToken.None).Encoder;

    private static float[] Features(ResidualNetwork model) => Of(model, model.Encode);

    private static float[] Pooled(ResidualNetwork model) => Of(model, model.Pool);

    private static float[] Of(ResidualNetwork model, Func<Tensor, Tensor> encode)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        model.Noise.End();
        return GoldenTensors.Values(encode(rand([1, 3, 64, 64], generator: new Generator(7))));
    }

    /// <summary>Folding rounds each weight once more.</summary>
    private static void Close(float[] expected, float[] found)
    {
        Assert.Equal(expected.Length, found.Length);
        var bound = 1e-5 * Math.Max(1, expected.Max(Math.Abs));
        Assert.All(expected.Zip(found), pair => Assert.InRange(pair.Second, pair.First - bound, pair.First + bound));
    }
}
