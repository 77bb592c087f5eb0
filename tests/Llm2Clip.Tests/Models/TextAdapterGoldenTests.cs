using Llm2Clip.Models.Text;
using Llm2Clip.Training.Losses;
using Llm2Clip.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Tests.Models;

/// <summary>Every folder of golden/vision that holds an adapter: outputs per block, gradients, 20 training steps.</summary>
[Trait("Category", "Golden")]
public class TextAdapterGoldenTests
{
    private const string Prefix = "text.";
    private const double Tolerance = 1e-5;

    public static TheoryData<string> Cases() =>
        GoldenTensors.Folders("vision", folder => File.Exists(Path.Combine(folder, "adapter.safetensors")));

    [Theory]
    [MemberData(nameof(Cases))]
    public void OutputsAgree(string name)
    {
        var folder = SharedData.RequireGolden("vision", name);
        using var adapter = Load(folder);
        using var io = SafetensorsFile.Open(Path.Combine(folder, "io.safetensors"));
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var compared = 0;
        var output = adapter.Encode(io.Input("input"), (what, tensor) =>
        {
            GoldenTensors.Close(io.Load(what), tensor, Tolerance, what);
            compared++;
        });
        GoldenTensors.Close(io.Load("output"), output, Tolerance, "output");
        Assert.Equal(io.Names.Count(stored => stored.StartsWith("after.", StringComparison.Ordinal)) + 1, compared);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void GradientsAgree(string name)
    {
        var folder = SharedData.RequireGolden("vision", name);
        using var adapter = Load(folder);
        using var file = SafetensorsFile.Open(Path.Combine(folder, "gradients.safetensors"));
        using var scope = NewDisposeScope();
        var input = file.Input("input").requires_grad_(true);
        var targets = file.Input("image_targets").requires_grad_(true);
        var scale = ContrastiveGolden.NewLogitScale();
        var output = adapter.call(input);
        var loss = InfoNceLoss.Between(output, targets, scale);
        loss.backward();

        GoldenTensors.Close(file.Load("loss"), loss, ContrastiveGolden.LossTolerance, "loss");
        GoldenTensors.Close(file.Load("output"), output, Tolerance, "output");
        void Gradient(string stored, Tensor found) =>
            GoldenTensors.Close(file.Load(stored), found, ContrastiveGolden.GradientTolerance, stored, ContrastiveGolden.GradientTolerance);
        Gradient("grad.logit_scale", scale.grad!);
        Gradient("grad_image_targets", targets.grad!);
        Gradient("grad_input", input.grad!);
        foreach (var (parameter, tensor) in adapter.named_parameters())
        {
            Gradient("grad." + Prefix + parameter, tensor.grad!);
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void TwentyStepsAgree(string name)
    {
        var folder = SharedData.RequireGolden("vision", name);
        using var adapter = Load(folder);
        using var training = SafetensorsFile.Open(Path.Combine(folder, "training.safetensors"));
        ContrastiveGolden.Train(
            [.. adapter.named_parameters().Select(p => (Prefix + p.name, p.parameter))],
            k => (adapter.call(training.Input($"input.{k}")), training.Input($"image_targets.{k}")),
            training.Names.Count(stored => stored.StartsWith("input.", StringComparison.Ordinal)),
            GoldenTensors.Expected(folder),
            stored => training.Load("trained." + stored));
    }

    private static TextAdapter Load(string folder)
    {
        var shape = GoldenTensors.Expected(folder).GetProperty("config");
        var adapter = new TextAdapter(
            new TextAdapterConfig
            {
                InputDim = shape.GetProperty("embedding_dim").GetInt32(),
                EmbedDim = shape.GetProperty("output_dim").GetInt32(),
                Blocks = shape.GetProperty("num_layers_text").GetInt32(),
                Expansion = shape.GetProperty("expansion_factor").GetInt32(),
                LayerNormEpsilon = shape.GetProperty("layer_norm_eps").GetDouble(),
            },
            GoldenTensors.Device);
        var path = Path.Combine(folder, "adapter.safetensors");
        using var file = SafetensorsFile.Open(path);
        StrictWeights.Load(file, path, adapter.named_parameters().ToDictionary(p => p.name, p => (Tensor)p.parameter), stored =>
            stored[Prefix.Length..]);
        return adapter;
    }
}
