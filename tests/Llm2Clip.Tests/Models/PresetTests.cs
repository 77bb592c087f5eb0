using Llm2Clip.Configuration;
using Llm2Clip.Layers;
using Llm2Clip.Models;
using Llm2Clip.Models.Clip;

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
    [InlineData("vit-b-16", "init: some/folder", "preset is vit-b-16, but init names some/folder")]
    [InlineData("vit-h-14", "", "preset is 'vit-h-14'; it must be one of vit-b-32, vit-b-16, vit-l-14, vit-l-14-336")]
    public void WhatContradictsThePresetIsRefused(string preset, string other, string message) =>
        Assert.Contains(message, Assert.Throws<ConfigException>(() =>
            ConfigBinder.Parse<StudentConfig>($"preset: {preset}\n{other}", "run.yaml")).Message);

    [Fact]
    public void WhatAgreesWithThePresetIsAccepted() =>
        Assert.Equal(ClipVisionConfig.VitB32,
            ConfigBinder.Parse<StudentConfig>("preset: vit-b-32\npatch_size: 32\nmlp_ratio: 4\nweight_init: mimetic", "run.yaml").Vision);

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
