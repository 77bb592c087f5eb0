using System.Text.Json.Nodes;
using Llm2Clip.Models.Clip;
using Llm2Clip.Models.Text;
using Llm2Clip.Tests.Cli;
using Llm2Clip.Tests.Models.Clip;
using Llm2Clip.Tests.Models.Text;
using Llm2Clip.Tests.Teachers;
using Llm2Clip.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Tests.Pipeline;

/// <summary><c>longclip export</c>: text towers as diffusion models take them.</summary>
public sealed class LongClipExportTests : IDisposable
{
    /// <summary>Tolerance of states in golden/longclip/README.md.</summary>
    private const double StateTolerance = 5e-5;

    /// <summary>Tolerance of vectors there.</summary>
    private const double VectorTolerance = 2e-5;

    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Towers() => ClipTextGolden.Towers();

    public void Dispose() => _folder.Dispose();

    /// <summary>
    /// What Stable Diffusion 1 (the last state after the norm) and XL (the state before the last block, and the projected vector) take of
    /// the exported folder is golden.
    /// </summary>
    [Theory]
    [MemberData(nameof(Towers))]
    [Trait("Category", "Golden")]
    public void StatesOfTheExportAreGolden(string name)
    {
        var source = SharedData.RequireGolden("longclip", name);
        using var io = SafetensorsFile.Open(Path.Combine(source, "io.safetensors"));
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var ids = io.Input("ids").to_type(ScalarType.Int64);
        foreach (var projection in new[] { true, false })
        {
            var target = _folder.File($"{projection}");
            var text = Done("longclip", "export", "--model", source, "--output", target, "--projection", projection ? "true" : "false");
            Assert.Contains(projection ? "CLIPTextModelWithProjection" : "CLIPTextModel,", text, StringComparison.Ordinal);
            Assert.Contains("no tokenizer is beside the text encoder", text, StringComparison.Ordinal);
            using var tower = ClipTextGolden.Load(target, TextPooling.LargestId);
            Assert.Equal(projection, tower.Config.HasProjection);
            var states = new Dictionary<string, float[]>();
            var embeds = tower.Encode(ids, (what, state) => states[what] = GoldenTensors.Values(state));
            GoldenTensors.Close(io.Input(projection ? "text_embeds.argmax" : "pooled.argmax"), embeds, VectorTolerance, "vector");
            Close(io, "last_hidden_state", states["last_hidden_state"]);
            Close(io, "penultimate", states[$"hidden.{tower.Config.Layers - 1}"]);
        }
    }

    /// <summary>Length, end token and padding are where transformers looks for them.</summary>
    [Theory]
    [InlineData("end", "<|endoftext|>")]
    [InlineData("zero", "!")]
    public void TheFilesSayLengthEndAndPadding(string padding, string token)
    {
        var model = TinyClip.Write(_folder.File("clip"), ClipLayout.OpenAi, TinyClip.Text with { Positions = 248, KeptPositions = 20 });
        var target = _folder.File("out");
        Assert.Contains(
            $"{target}: CLIPTextModel, 248 positions, end token {TinyClip.Vocabulary.EndId}",
            Done("longclip", "export", "--model", model, "--output", target, "--projection", "false", "--padding", padding), StringComparison.Ordinal);
        var config = Json(target, "config.json");
        Assert.Equal(248, config["max_position_embeddings"]!.GetValue<int>());
        Assert.Equal(TinyClip.Vocabulary.EndId, config["eos_token_id"]!.GetValue<int>());
        Assert.Equal("clip_text_model", config["model_type"]!.GetValue<string>());
        var tokenizer = Json(target, "tokenizer_config.json");
        Assert.Equal(248, tokenizer["model_max_length"]!.GetValue<int>());
        Assert.Equal(token, tokenizer["pad_token"]!.GetValue<string>());
        using var file = SafetensorsFile.Open(Path.Combine(target, "model.safetensors"));
        Assert.All(file.Names, name => Assert.StartsWith("text_model.", name, StringComparison.Ordinal));
        Assert.Equal([248L, 64L], file.Info(TextEmbeddings.PositionsPath).Shape);
    }

    [Fact]
    public void WhatCannotBeWrittenIsRefused()
    {
        var model = TinyClip.Write(_folder.File("clip"));
        var bare = _folder.File("bare");
        Done("longclip", "export", "--model", model, "--output", bare, "--projection", "false");
        Assert.Contains(
            "has a text tower without a projection", Failed(2, "longclip", "export", "--model", bare, "--output", _folder.File("no")), StringComparison.Ordinal);
        Assert.Contains("is the model's own folder", Failed(2, "longclip", "export", "--model", model, "--output", model), StringComparison.Ordinal);
        Assert.Contains("2 keys are missing", Failed(2, "longclip", "export"), StringComparison.Ordinal);
        Assert.Contains("is not there", Failed(3, "longclip", "export", "--model", _folder.File("nothing"), "--output", _folder.File("no")), StringComparison.Ordinal);
    }

    private static void Close(SafetensorsFile io, string name, float[] actual)
    {
        var expected = io.Input(name);
        GoldenTensors.Close(expected, tensor(actual[..(int)expected.numel()], expected.shape), StateTolerance, name);
    }

    private static JsonNode Json(string folder, string name) => JsonNode.Parse(File.ReadAllText(Path.Combine(folder, name)))!;

    private static string Done(params string[] words) => Failed(0, words);

    private static string Failed(int code, params string[] words)
    {
        var (found, output, error) = CommandLineTests.Run(words);
        Assert.True(found == code, $"{string.Join(' ', words)} ended with {found}, expected {code}:\n{output}\n{error}");
        return output + error;
    }
}
