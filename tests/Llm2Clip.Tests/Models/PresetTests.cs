using Llm2Clip.Configuration;
using Llm2Clip.Layers;
using Llm2Clip.Models;
using Llm2Clip.Models.Clip;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Tests.Models;

public class PresetTests
{
    /// <summary>The sizes of the published configurations.</summary>
    [Theory]
    [InlineData("vit-b-32", 224, 32, 768, 12, 12, 3072, 512)]
    [InlineData("vit-b-16", 224, 16, 768, 12, 12, 3072, 512)]
    [InlineData("vit-l-14", 224, 14, 1024, 24, 16, 4096, 768)]
    [InlineData("vit-l-14-336", 336, 14, 1024, 24, 16, 4096, 768)]
    public void APresetFillsTheSizes(string preset, int image, int patch, int width, int layers, int heads, int mlp, int embed)
    {
        var shape = ConfigBinder.Parse<StudentConfig>($"preset: {preset}", "run.yaml").Vision;
        var expected = new ClipVisionConfig
        {
            ImageSize = image, PatchSize = patch, Width = width, Layers = layers, Heads = heads, MlpWidth = mlp, EmbedDim = embed,
            Activation = Activation.QuickGelu,
        };
        Assert.Equal(expected, shape);
    }

    [Theory]
    [InlineData("vit-b-32", "patch_size: 16", "patch_size is 16, but preset vit-b-32 has 32; leave out patch_size or preset")]
    [InlineData("vit-l-14", "embed_dim: 512", "embed_dim is 512, but preset vit-l-14 has 768; leave out embed_dim or preset")]
    [InlineData("vit-l-14", "mlp_ratio: 2.5", "mlp_ratio is 2.5, but preset vit-l-14 has 4; leave out mlp_ratio or preset")]
    [InlineData("vit-b-16", "activation: gelu", "activation is gelu, but preset vit-b-16 has quick_gelu; leave out activation or preset")]
    [InlineData("siglip-b-16", "embed_dim: 512", "embed_dim is 512, but preset siglip-b-16 has 768; leave out embed_dim or preset")]
    [InlineData("eva02-b-16", "weight_init: mimetic", "weight_init is mimetic, which only CLIP's towers have; preset eva02-b-16 is of")]
    [InlineData("vit-g-99", "", "preset is 'vit-g-99'; it must be one of vit-b-32, vit-b-16, vit-l-14, vit-l-14-336, ")]
    public void WhatContradictsThePresetIsRefused(string preset, string other, string message) =>
        Assert.Contains(message, Assert.Throws<ConfigException>(() =>
            ConfigBinder.Parse<StudentConfig>($"preset: {preset}\n{other}", "run.yaml")).Message);

    [Fact]
    public void WhatAgreesWithThePresetIsAccepted() =>
        Assert.Equal(ClipVisionConfig.VitB32,
            ConfigBinder.Parse<StudentConfig>("preset: vit-b-32\npatch_size: 32\nmlp_ratio: 4\nweight_init: mimetic", "run.yaml").Vision);

    [Theory]
    [InlineData("projection: keep", "projection is keep, but init names no model whose projection could be kept")]
    [InlineData("positions: bicubic", "positions is set, but init names no model whose positions could be resized")]
    [InlineData("lora: {rank: 4, layers: [q_proj, mlp]}", "layers names 'mlp'; it must be among q_proj, k_proj")]
    [InlineData("lora: {rank: 4, layers: []}", "layers is empty; name some of q_proj")]
    public void KeysWithoutWhatTheyNeedAreRefused(string yaml, string message) =>
        Assert.Contains(message, Assert.Throws<ConfigException>(() => ConfigBinder.Parse<StudentConfig>(yaml, "run.yaml")).Message);

    /// <summary>
    /// A new tower of every family makes features that differ from image to image, also with patches left out and branches skipped.
    /// </summary>
    [Theory]
    [InlineData("vit-b-32")]
    [InlineData("eva02-b-16")]
    [InlineData("siglip-b-16")]
    [InlineData("dinov2-s-14-reg")]
    public void EveryFamilyStartsFromRandomWeightsAndTakesNoise(string preset)
    {
        using var scope = NewDisposeScope();
        var published = ImageEncoders.Presets[preset];
        var shape = published with
        {
            ImageSize = 4 * published.PatchSize,
            Width = 48,
            Heads = 4,
            Layers = 3,
            MlpWidth = 96,
            EmbedDim = published.HasProjection ? 20 : 48,
        };
        using var model = shape.Create(CPU);
        model.Initialize(3);
        using (no_grad())
        {
            // Linear layers and tokens all have weights; what starts at 0 or 1 are biases and norms.
            Assert.All(
                model.NamedParameters().Where(p => p.Parameter.shape.Length > 1 && p.Parameter.requires_grad),
                p => Assert.True(p.Parameter.std().item<float>() > 0, p.Name));
        }
        var pixels = randn([6, 3, shape.ImageSize, shape.ImageSize], generator: new Generator(5));
        var plain = GoldenTensors.Values(model.Encode(pixels));
        Assert.Equal(6 * model.EmbedDim, plain.Length);
        Assert.Equal(6, plain.Chunk(model.EmbedDim).Select(row => row[0]).Distinct().Count());
        model.SetDropPath(0.5);
        model.PatchDropout = 0.5;
        Assert.Equal(plain, GoldenTensors.Values(model.Encode(pixels))); // no noise outside a pass
        var first = Pass(1);
        Assert.Equal(first, Pass(1));
        Assert.NotEqual(first, Pass(2));
        Assert.NotEqual(first, plain);

        float[] Pass(ulong seed)
        {
            model.Noise.Begin(seed);
            var features = model.Encode(pixels);
            model.Noise.End();
            return GoldenTensors.Values(features);
        }
    }

    /// <summary>The whole configuration in effect, as commands print it, is one that is read back.</summary>
    [Theory]
    [InlineData("preset: vit-l-14-336")]
    [InlineData("width: 128\nheads: 4")]
    public void ThePrintedConfigurationIsReadBack(string yaml)
    {
        var config = ConfigBinder.Parse<StudentConfig>(yaml, "run.yaml");
        Assert.Equal(config.Vision, ConfigBinder.Parse<StudentConfig>(ConfigBinder.Print(config), "printed.yaml").Vision);
    }
}
