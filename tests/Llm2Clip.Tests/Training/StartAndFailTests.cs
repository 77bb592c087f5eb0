using Llm2Clip.Models;
using Llm2Clip.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Tests.Training;

/// <summary>
/// How a run of <c>clip-train</c> starts: from a student that was trained before, or not at all, and then without a trace.
/// </summary>
public sealed class StartAndFailTests : IDisposable
{
    private static readonly string[] Small =
    [
        "model.image_size=16", "model.patch_size=8", "model.width=16", "model.layers=1", "model.heads=1", "clip_train.batch_size=8",
        "clip_train.warmup_steps=1",
    ];

    private readonly ClipTrainCommand _command = new(images: 16, width: 20, height: 20);

    public void Dispose() => _command.Dispose();

    [Fact]
    public void ATrainedStudentIsAStart()
    {
        _command.Run("first", [.. Small, "clip_train.steps=6", "clip_train.learning_rate=0.01"]);
        string[] tiny = ["clip_train.learning_rate=1e-12", "clip_train.steps=1", $"clip_train.init={Folder("first")}"];
        Assert.Contains("Training starts from the student", _command.Run("second", [.. Small, .. tiny]), StringComparison.Ordinal);
        using var first = Student.Load(Folder("first"), CPU);
        using var second = Student.Load(Folder("second"), CPU);
        Assert.All(
            TinyTraining.Weights(first).Zip(TinyTraining.Weights(second)), pair => Assert.InRange(pair.Second - pair.First, -1e-6f, 1e-6f));

        // The scale of the run file wins over the student's.
        _command.Run("third", [.. Small, .. tiny, "clip_train.scale_start=30"]);
        using var third = Student.Load(Folder("third"), CPU);
        Assert.Equal(Math.Log(30), third.LogitScale.item<float>(), 4);

        var (code, text) = _command.Finish("fourth", [.. Small, .. tiny, $"model.init={Folder("first")}/model"]);
        Assert.Equal(2, code);
        Assert.Contains("leave out model.init", text, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Folder("fourth")));
    }

    /// <summary>The run ends with a plain model, and contradictions are named before anything is written.</summary>
    [Fact]
    public void ARunWithLora()
    {
        string[] lora = [.. Small, "clip_train.steps=2", "model.lora.rank=2", "model.lora.layers=[v_proj, fc1]"];
        Assert.Contains("weights that train", _command.Run("lora", lora), StringComparison.Ordinal);
        using (var file = SafetensorsFile.Open(Path.Combine(Folder("lora"), "model", "model.safetensors")))
        {
            Assert.DoesNotContain(file.Names, name => name.Contains("lora", StringComparison.Ordinal));
        }
        var (code, text) = _command.Finish("locked", [.. lora, "clip_train.unlocked_blocks=0"]);
        Assert.Equal(2, code);
        Assert.Contains("model.lora.rank is set, but clip_train.unlocked_blocks is 0", text, StringComparison.Ordinal);
        (code, text) = _command.Finish("started", [.. lora, $"clip_train.init={Folder("lora")}"]);
        Assert.Equal(2, code);
        Assert.Contains("leave out model.init, model.preset and model.lora", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("first/model")]
    [InlineData("first/checkpoints/last")]
    public void WhatTheLossLearnedComesWithTheStudent(string init)
    {
        string[] sigmoid = [.. Small, "clip_train.loss=sigmoid"];
        _command.Run("first", [.. sigmoid, "clip_train.steps=6", "clip_train.learning_rate=0.01"]);
        _command.Run("second", [.. sigmoid, "clip_train.learning_rate=1e-12", "clip_train.steps=1", $"clip_train.init={Folder(init)}"]);
        var learned = Bias("first");
        Assert.True(Math.Abs(learned + 10) > 1e-3, $"{learned}");
        Assert.Equal(learned, Bias("second"), 5);
    }

    [Fact]
    public void ATeacherOfAnotherWidthIsRefusedWithBothAndWhatServes()
    {
        _command.Run("first", [.. Small, "clip_train.steps=1"]);
        _command.MakeStore("narrow", 16);
        var (code, text) = _command.Finish(
            "second", [.. Small, "clip_train.steps=1", $"clip_train.init={Folder("first")}", $"extract.store={Folder("narrow")}"]);
        Assert.True(code == 3, text);
        Assert.Contains(
            $"clip_train.init, {Folder("first")}, takes teacher vectors of 32 elements, those of {Folder("narrow")} have 16. Name a student "
            + "of this teacher, or start from its image encoder alone: model.init.",
            text.ReplaceLineEndings(" "), StringComparison.Ordinal);
        Assert.False(Directory.Exists(Folder("second")));
    }

    private float Bias(string run)
    {
        using var file = SafetensorsFile.Open(Path.Combine(Folder(run), "model", "loss.safetensors"));
        using var bias = file.Load("logit_bias");
        return bias.item<float>();
    }

    [Theory]
    [InlineData(3, "clip_train.captions=[{language: fr}]")]
    [InlineData(3, "clip_train.init=nowhere")]
    [InlineData(3, "data.val=nowhere.jsonl")]
    public void AFailedStartLeavesNothing(int expected, string setting)
    {
        var (code, text) = _command.Finish("runs/failed", [.. Small, "clip_train.steps=2", setting]);
        Assert.True(code == expected, text);
        Assert.False(Directory.Exists(Folder("runs")),
            string.Join(", ", Directory.GetFileSystemEntries(_command.Folder, "*", SearchOption.AllDirectories)));
    }

    private string Folder(string name) => Path.Combine(_command.Folder, name);
}
