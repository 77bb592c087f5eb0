using Llm2Clip.Models;
using Llm2Clip.Models.Clip;
using Llm2Clip.Models.Text;
using Llm2Clip.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Tests.Models.Clip;

/// <summary>
/// Both towers of the whole models of golden/vision: their vectors and logits, what is written of them, and what is refused. The tolerances
/// are those of its README.
/// </summary>
[Trait("Category", "Golden")]
public sealed class ClipModelGoldenTests : IDisposable
{
    private const double VectorTolerance = 1e-5;
    private const double LogitTolerance = 5e-5;
    private const double LargeScaleTolerance = 2e-4; // of logits at scale 100

    private readonly string _scratch = Directory.CreateTempSubdirectory("clip-").FullName;

    public static TheoryData<string> WholeModels() => VisionGolden.Folders(folder =>
    {
        var io = Path.Combine(folder, "io.safetensors");
        if (!File.Exists(io) || File.Exists(Path.Combine(folder, CheckpointFiles.EvaClipName)))
        {
            return false;
        }
        using var file = SafetensorsFile.Open(io);
        return file.Contains("text_embeds") && file.Contains("image_embeds");
    });

    public void Dispose() => Directory.Delete(_scratch, recursive: true);

    [Theory]
    [MemberData(nameof(WholeModels))]
    public void VectorsAndLogitsAgree(string name)
    {
        var folder = SharedData.RequireGolden("vision", name);
        using var io = SafetensorsFile.Open(Path.Combine(folder, "io.safetensors"));
        using var images = VisionGolden.Open(folder, _scratch);
        using var texts = ClipTextCheckpoint.Open(images.Source);
        using var vision = images.Load(GoldenTensors.Device);
        using var text = texts.Load(GoldenTensors.Device);
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var image = vision.Encode(io.Input("pixel_values"));
        GoldenTensors.Close(io.Input("image_embeds"), image, VectorTolerance, "image_embeds");
        var scale = Math.Exp(ClipModel.ScaleOf(texts.Weights, name));
        // Hugging Face's rows come padded with the end token, and with zeros besides; open_clip's with zeros.
        foreach (var ids in new[] { "input_ids", "input_ids_zero_padded", "text" }.Where(io.Contains))
        {
            var embeds = text.call(io.Input(ids));
            GoldenTensors.Close(io.Input("text_embeds"), embeds, VectorTolerance, $"text_embeds of {ids}");
            if (io.Contains("logits_per_image"))
            {
                var logits = Unit(image).matmul(Unit(embeds).t()) * scale;
                GoldenTensors.Close(
                    io.Input("logits_per_image"), logits, scale > 50 ? LargeScaleTolerance : LogitTolerance, $"logits of {ids}");
            }
        }
    }

    /// <summary>Every layout that can hold the model is read back with the same weights.</summary>
    [Theory]
    [MemberData(nameof(WholeModels))]
    public void WhatIsWrittenIsReadBack(string name)
    {
        using var images = VisionGolden.Open(SharedData.RequireGolden("vision", name), _scratch);
        using var texts = ClipTextCheckpoint.Open(images.Source);
        using var vision = (ClipVisionModel)images.Load(CPU);
        using var text = texts.Load(CPU);
        var half = new ClipImageHalf(vision, vision.Config.Transform, 1.25);
        var written = 0;
        foreach (var layout in Enum.GetValues<ClipLayout>())
        {
            var target = Path.Combine(_scratch, $"{name}-{layout}");
            try
            {
                ClipFolder.Write(target, layout, text, half, null);
            }
            catch (ConfigException)
            {
                continue; // this layout cannot say its shape
            }
            written++;
            Assert.True(ClipModel.IsIn(target));
            using var again = ClipTextCheckpoint.Open(target);
            using var tower = again.Load(CPU);
            Assert.Equal(text.Config with { Pooling = tower.Config.Pooling }, tower.Config);
            Same(text, tower);
            Assert.Equal(1.25, ClipModel.ScaleOf(again.Weights, target));
            using var pixels = VisionCheckpoint.Open(target);
            using var seen = pixels.Load(CPU);
            Same(vision, seen);
        }
        Assert.Equal(OpenAiClip.Holds(text.Config) && OpenAiClip.Holds(vision.Config) ? 3 : 2, written);
    }

    /// <summary>What was read, in the layout's own names, is all of the library's file, both towers and the scale.</summary>
    [Theory]
    [MemberData(nameof(WholeModels))]
    public void TheFileOfTheLibraryIsWrittenAgain(string name)
    {
        using var images = VisionGolden.Open(SharedData.RequireGolden("vision", name), _scratch);
        using var texts = ClipTextCheckpoint.Open(images.Source);
        using var vision = images.Load(CPU);
        using var text = texts.Load(CPU);
        using var scope = NewDisposeScope();
        StoredWeight[] ours =
        [
            .. images.Layout.Names.Of(vision.named_parameters().Select(p => (p.name, (Tensor)p.parameter))),
            .. texts.Layout.Names.Of(text.named_parameters().Select(p => (p.name, (Tensor)p.parameter))),
        ];
        var others = new[] { "logit_scale", "attn_mask", "text.attn_mask", "input_resolution", "context_length", "vocab_size" };
        Assert.Equal(
            texts.Weights.Names.Except(others).Order(StringComparer.Ordinal),
            ours.Select(weight => weight.Name).Order(StringComparer.Ordinal));
        Assert.All(ours, weight => Assert.Equal(
            GoldenTensors.Values(texts.Weights.Load(weight.Name, ScalarType.Float32)), GoldenTensors.Values(weight.Join())));
    }

    /// <summary>Long-CLIP's own tower: fp16 weights, two tables, vectors and states of golden/vision/longclip.</summary>
    [Fact]
    public void LongClipsTowerAgrees()
    {
        using var io = SafetensorsFile.Open(SharedData.RequireGolden("vision", "longclip", "text_io.safetensors"));
        using var checkpoint = ClipTextCheckpoint.Open(SharedData.RequireGolden("vision", "longclip", "longclip_text.safetensors"));
        using var model = checkpoint.Load(GoldenTensors.Device);
        Assert.Equal(ClipTextConfig.LongClipKept, model.Config.KeptPositions);
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var ids = io.Input("text").to_type(ScalarType.Int64);
        Tensor? last = null;
        var embeds = model.Encode(ids, (what, states) => last = what == "last_hidden_state" ? states.clone().MoveToOuterDisposeScope() : last);
        GoldenTensors.Close(io.Input("text_embeds"), embeds, VectorTolerance, "text_embeds");
        var ends = GoldenTensors.Values(ids.argmax(1)).Select(place => (long)place).ToArray();
        var rows = ends.Select((end, row) => last![row].index_select(0, tensor(new long[] { 0, 19, 20, end })));
        GoldenTensors.Close(io.Input("full_states_at_0_19_20_eot"), stack([.. rows]), 2e-5, "states");
    }

    /// <summary>A file without one of its two tables, or with a tensor more, is refused by name.</summary>
    [Fact]
    public void AFileWithOneOfTwoTablesIsRefused()
    {
        using var file = SafetensorsFile.Open(SharedData.RequireGolden("longclip", "text-longclip", "original.safetensors"));
        using var scope = NewDisposeScope();
        var tensors = file.Names.ToDictionary(tensor => tensor, tensor => file.Load(tensor));
        Assert.Contains("missing: positional_embedding [248, 64]", Refused("positional_embedding"), StringComparison.Ordinal);
        tensors["positional_embedding"] = file.Load("positional_embedding");
        Assert.Contains(
            "holds weights without a configuration", Refused("positional_embedding_res"), StringComparison.Ordinal);
        tensors["positional_embedding_res"] = file.Load("positional_embedding_res");
        tensors["positional_embedding_more"] = file.Load("positional_embedding");
        Assert.Contains("unexpected: positional_embedding_more [248, 64]", Refused(""), StringComparison.Ordinal);

        string Refused(string without)
        {
            tensors.Remove(without);
            var path = Path.Combine(_scratch, "damaged.safetensors");
            Safetensors.Save(path, tensors);
            return Assert.Throws<InputException>(() =>
            {
                using var checkpoint = ClipTextCheckpoint.Open(path);
                using var model = checkpoint.Load(CPU);
            }).Message;
        }
    }

    private static Tensor Unit(Tensor x) => x / x.norm(1, true);

    private static void Same(nn.Module expected, nn.Module actual)
    {
        var found = actual.named_parameters().ToDictionary(p => p.name, p => p.parameter);
        Assert.Equal(expected.named_parameters().Count(), found.Count);
        Assert.All(expected.named_parameters(), p => Assert.Equal(GoldenTensors.Values(p.parameter), GoldenTensors.Values(found[p.name])));
    }
}
