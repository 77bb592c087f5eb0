using Llm2Clip.Models.Text;
using Llm2Clip.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Tests.Models.Text;

/// <summary>States, vectors and gradients of the text towers of golden/longclip, with the tolerances of its README.</summary>
[Trait("Category", "Golden")]
public sealed class ClipTextGoldenTests
{
    private const double StateTolerance = 5e-5;
    private const double VectorTolerance = 2e-5;
    private const double ScalarTolerance = 1e-4;
    private const double GradientTolerance = 1e-5;
    private const double GradientShare = 2e-5;

    public static TheoryData<string> Towers() => ClipTextGolden.Towers();

    [Theory]
    [MemberData(nameof(Towers))]
    public void StatesAndVectorsAgree(string name)
    {
        var folder = SharedData.RequireGolden("longclip", name);
        using var io = SafetensorsFile.Open(Path.Combine(folder, "io.safetensors"));
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var ids = io.Input("ids").to_type(ScalarType.Int64);
        foreach (var (pooling, rule) in new[] { (TextPooling.LargestId, "argmax"), (TextPooling.FirstEnd, "end") })
        {
            using var model = ClipTextGolden.Load(folder, pooling);
            var states = new Dictionary<string, float[]>();
            var embeds = model.Encode(ids, (what, states1) => states[what] = GoldenTensors.Values(states1));
            GoldenTensors.Close(io.Input($"text_embeds.{rule}"), embeds, VectorTolerance, $"text_embeds.{rule}");
            Close(io, $"pooled.{rule}", states["pooled"], VectorTolerance);
            Close(io, "last_hidden_state", states["last_hidden_state"], StateTolerance);
            Close(io, "penultimate", states[$"hidden.{model.Config.Layers - 1}"], StateTolerance);
            Close(io, "hidden.0", states["hidden.0"], StateTolerance);
            // Cut after the last token that counts the vectors are the same.
            var rows = GoldenTensors.Values(ids).Chunk((int)ids.shape[1]).Select(row => Array.ConvertAll(row, id => (int)id)).ToList();
            GoldenTensors.Close(embeds, model.Encode(rows), VectorTolerance, "cut");
        }
    }

    [Theory]
    [MemberData(nameof(Towers))]
    public void GradientsAgree(string name)
    {
        var folder = SharedData.RequireGolden("longclip", name);
        using var io = SafetensorsFile.Open(Path.Combine(folder, "io.safetensors"));
        using var expected = SafetensorsFile.Open(Path.Combine(folder, "gradients.safetensors"));
        using var model = ClipTextGolden.Load(folder, TextPooling.LargestId);
        using var scope = NewDisposeScope();
        Upstream(model, io).backward();
        foreach (var (parameter, weight) in model.named_parameters())
        {
            GoldenTensors.Close(expected.Input("grad." + parameter), weight.grad!, GradientTolerance, parameter, GradientShare);
        }
    }

    [Theory]
    [MemberData(nameof(Towers))]
    public void TheSumThatIsDifferentiatedAgrees(string name)
    {
        var folder = SharedData.RequireGolden("longclip", name);
        using var io = SafetensorsFile.Open(Path.Combine(folder, "io.safetensors"));
        using var expected = SafetensorsFile.Open(Path.Combine(folder, "gradients.safetensors"));
        using var model = ClipTextGolden.Load(folder, TextPooling.LargestId);
        using var scope = NewDisposeScope();
        using var off = no_grad();
        GoldenTensors.Close(
            GoldenTensors.Expected(folder).GetProperty("scalar").GetDouble(), Upstream(model, io).item<float>(), ScalarTolerance,
            "scalar");
    }

    /// <summary>
    /// The file with two tables gives what the merged one gives; only rows that count have a gradient, and the first table none at all.
    /// </summary>
    [Theory]
    [MemberData(nameof(Towers))]
    public void TwoTablesGiveWhatTheMergedOneGives(string name)
    {
        var path = Path.Combine(SharedData.RequireGolden("longclip", name), "original.safetensors");
        if (!File.Exists(path))
        {
            return; // one table is all that this tower has
        }
        var folder = Path.GetDirectoryName(path)!;
        using var io = SafetensorsFile.Open(Path.Combine(folder, "io.safetensors"));
        using var expected = SafetensorsFile.Open(Path.Combine(folder, "gradients.safetensors"));
        using var checkpoint = ClipTextCheckpoint.Open(path);
        using var scope = NewDisposeScope();
        using var model = checkpoint.Load(GoldenTensors.Device);
        var embeds = model.Encode(io.Input("ids").to_type(ScalarType.Int64), null);
        GoldenTensors.Close(io.Input("text_embeds.argmax"), embeds, VectorTolerance, "text_embeds");
        (embeds * io.Input("upstream.text_embeds")).sum().backward();
        var kept = model.Config.KeptPositions;
        var gradient = expected.Input("grad." + TextEmbeddings.PositionsPath);
        var trained = model.Embeddings.Trained!.grad!;
        GoldenTensors.Close(
            gradient.narrow(0, kept, gradient.shape[0] - kept), trained.narrow(0, kept, gradient.shape[0] - kept), GradientTolerance, "rows",
            GradientShare);
        Assert.All(GoldenTensors.Values(trained.narrow(0, 0, kept)), value => Assert.Equal(0, value));
        Assert.False(model.Embeddings.Positions.requires_grad);
        // Merged, and opened again in Hugging Face's layout, it is the golden file with one table.
        using var merged = SafetensorsFile.Open(Path.Combine(folder, "model.safetensors"));
        Assert.All(model.Merged(), pair =>
            Assert.Equal(GoldenTensors.Values(merged.Load(pair.Name, ScalarType.Float32)), GoldenTensors.Values(pair.Weight)));
    }

    private static Tensor Upstream(ClipTextModel model, SafetensorsFile io)
    {
        Tensor? last = null;
        var ids = io.Input("ids").to_type(ScalarType.Int64);
        var withStates = io.Contains("upstream.last_hidden_state");
        var embeds = model.Encode(ids, withStates ? Look : null);
        var sum = (embeds * io.Input("upstream.text_embeds")).sum();
        return last is null ? sum : sum + last;

        void Look(string what, Tensor states)
        {
            if (what == "last_hidden_state")
            {
                last = (states * io.Input("upstream.last_hidden_state")).sum().MoveToOuterDisposeScope();
            }
        }
    }

    /// <summary>Some golden states are those of the first row alone.</summary>
    private static void Close(SafetensorsFile io, string name, float[] actual, double tolerance)
    {
        var expected = GoldenTensors.Values(io.Input(name));
        Assert.True(expected.Length <= actual.Length && expected.Length > 0, $"{name}: {expected.Length} values, found {actual.Length}.");
        for (var i = 0; i < expected.Length; i++)
        {
            Assert.True(Math.Abs(expected[i] - actual[i]) <= tolerance, $"{name}[{i}]: {actual[i]}, expected {expected[i]}.");
        }
    }
}
