using System.Text.Json;
using Llm2Clip.Models.Clip;
using Llm2Clip.Models.Text;
using Llm2Clip.Training.Optimizer;
using static TorchSharp.torch;

namespace Llm2Clip.Tests.Training;

public class ParameterGroupsTests
{
    /// <summary>Tolerance of golden/losses/README.md.</summary>
    private const double Tolerance = 1e-12;

    /// <summary>EVA's names (LLM2CLIP cba3b45 training/optim.py#L17).</summary>
    private static LayerNaming Eva(int layers) =>
        Of(new("visual.", Blocks("blocks", layers), ["cls_token", "pos_embed", "patch_embed"], ["pos_embed", "cls_token"]));

    /// <summary>
    /// OpenAI's names as LLM2CLIP groups them, its quirk kept: class_embedding and ln_pre are not among the embeddings, so they get the
    /// full rate (facts B6).
    /// </summary>
    private static LayerNaming OpenAi(int layers) => Of(new(
        "visual.", Blocks("transformer.resblocks", layers), ["positional_embedding", "conv1"],
        ["positional_embedding", "class_embedding"]));

    private static LayerNaming Of(TowerNaming visual) => LayerNaming.Plain with { Visual = visual };

    private static string[] Blocks(string name, int count) => [.. Enumerable.Range(0, count).Select(block => $"{name}.{block}")];

    [Fact]
    [Trait("Category", "Golden")]
    public void LayerDecayAgreesWithLlm2Clip()
    {
        using var file = JsonDocument.Parse(File.ReadAllText(SharedData.RequireGolden("losses", "layer_decay.json")));
        var root = file.RootElement;
        double Number(string name) => root.GetProperty(name).GetDouble();
        var options = new GroupOptions(Number("visual_lr"), Number("text_lr"), Number("lr"), Number("weight_decay"),
            Number("visual_layer_decay"));
        var layers = (int)Number("layers");
        foreach (var tower in root.GetProperty("parameters").EnumerateObject())
        {
            var naming = tower.Name == "eva" ? Eva(layers) : OpenAi(layers);
            var dimensions = root.GetProperty("ndim").GetProperty(tower.Name);
            foreach (var parameter in tower.Value.EnumerateObject())
            {
                var rule = ParameterGroups.RuleFor(parameter.Name, dimensions.GetProperty(parameter.Name).GetInt32(), options, naming);
                var expected = parameter.Value;
                var where = $"{tower.Name} {parameter.Name}";
                Assert.True(expected.GetProperty("group").GetString() == rule.Part.ToString().ToLowerInvariant(), where);
                Assert.True(Math.Abs(expected.GetProperty("lr_scale").GetDouble() - rule.RateScale) <= Tolerance,
                    $"{where}: {rule.RateScale}");
                Assert.True(Math.Abs(expected.GetProperty("lr").GetDouble() - rule.Rate) <= Tolerance, $"{where}: {rule.Rate}");
                Assert.True(Math.Abs(expected.GetProperty("weight_decay").GetDouble() - rule.WeightDecay) <= Tolerance,
                    $"{where}: {rule.WeightDecay}");
            }
        }
    }

    [Fact]
    public void EveryParameterStandsInExactlyOneGroup()
    {
        (string, int)[] parameters =
        [
            ("visual.vision_model.embeddings.class_embedding", 1),
            ("visual.vision_model.embeddings.patch_embedding.weight", 4),
            ("visual.vision_model.embeddings.position_embedding.weight", 2),
            ("visual.vision_model.encoder.layers.0.mlp.fc1.weight", 2),
            ("visual.vision_model.encoder.layers.0.mlp.fc1.bias", 1),
            ("visual.vision_model.encoder.layers.1.mlp.fc1.weight", 2),
            ("visual.visual_projection.weight", 2),
            ("text.text_adaptor.0.fn.0.weight", 2),
            ("logit_scale", 0),
        ];
        var options = new GroupOptions(1e-3, 2e-3, 3e-3, 0.2, 0.5);
        using var encoder = new ClipVisionModel(
            ClipVisionConfig.VitB32 with { Layers = 2 }, new TorchSharp.torch.Device(TorchSharp.DeviceType.META));
        var groups = ParameterGroups.Build(parameters, options, LayerNaming.Of(encoder));

        Assert.Equal(parameters.Select(p => p.Item1).Order(), groups.SelectMany(g => g.Parameters).Order());
        ParameterGroup Of(string name) => groups.Single(g => g.Parameters.Contains(name));
        Assert.Equal(1e-3 / 8, Of("visual.vision_model.embeddings.patch_embedding.weight").Rate, 15);
        Assert.Equal(0, Of("visual.vision_model.embeddings.position_embedding.weight").WeightDecay);
        Assert.Equal(1e-3 / 4, Of("visual.vision_model.encoder.layers.0.mlp.fc1.weight").Rate, 15);
        Assert.Equal(0, Of("visual.vision_model.encoder.layers.0.mlp.fc1.bias").WeightDecay);
        Assert.Equal(1e-3, Of("visual.visual_projection.weight").Rate, 15);
        Assert.Equal(0.2, Of("visual.visual_projection.weight").WeightDecay);
        Assert.Equal(2e-3, Of("text.text_adaptor.0.fn.0.weight").Rate, 15);
        Assert.Equal(3e-3, Of("logit_scale").Rate, 15);
        Assert.Throws<ArgumentException>(() => ParameterGroups.Build([("a", 1), ("a", 1)], options, LayerNaming.Plain));
    }

    /// <summary>The text tower's blocks count from its own output; where everything decays, so do norms and the scale.</summary>
    [Fact]
    public void BothTowersOfAClipHaveLayerDecay()
    {
        using var scope = NewDisposeScope();
        var meta = new TorchSharp.torch.Device(TorchSharp.DeviceType.META);
        using var vision = new ClipVisionModel(ClipVisionConfig.VitB32 with { Layers = 2 }, meta);
        using var text = new ClipTextModel(ClipTextConfig.Base with { Layers = 3 }, meta);
        var naming = LayerNaming.Of(vision, text);
        var options = new GroupOptions(1e-3, 2e-3, 3e-3, 0.2, 0.5);
        ParameterRule Of(string name, int dimensions, bool all = false) =>
            ParameterGroups.RuleFor(name, dimensions, options with { DecaysAll = all }, naming);
        double Scale(string name) => Of(name, 2).RateScale;
        Assert.Equal(1.0 / 16, Scale("text.text_model.embeddings.token_embedding.weight"));
        Assert.Equal(1.0 / 8, Scale("text.text_model.encoder.layers.0.mlp.fc1.weight"));
        Assert.Equal(1.0 / 2, Scale("text.text_model.encoder.layers.2.mlp.fc1.weight"));
        Assert.Equal(1, Scale("text.text_model.final_layer_norm.weight"));
        Assert.Equal(1, Scale("text.text_projection.weight"));
        Assert.Equal(1.0 / 2, Scale("visual.vision_model.encoder.layers.1.mlp.fc1.weight"));
        Assert.Equal(2e-3, Of("text.text_projection.weight", 2).Rate);
        (string Name, int Dimensions)[] free =
        [
            ("text.text_model.embeddings.position_embedding.weight", 2), ("text.text_model.final_layer_norm.weight", 1), ("logit_scale", 0),
            ("text.text_model.embeddings.position_embedding_res.weight", 2),
        ];
        Assert.All(free, one => Assert.Equal(0, Of(one.Name, one.Dimensions).WeightDecay));
        Assert.All(free, one => Assert.Equal(0.2, Of(one.Name, one.Dimensions, all: true).WeightDecay));
        Assert.Equal(0.2, Of("text.text_model.embeddings.token_embedding.weight", 2).WeightDecay);
        Assert.True(naming.Text.Trains("text.text_projection.weight", 1));
        Assert.True(naming.Text.Trains("text.text_model.encoder.layers.2.mlp.fc1.weight", 1));
        Assert.False(naming.Text.Trains("text.text_model.encoder.layers.1.mlp.fc1.weight", 1));
        Assert.False(naming.Text.Trains("text.text_projection.weight", 0));
    }
}
