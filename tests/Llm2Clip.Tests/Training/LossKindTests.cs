using System.Text.Json;
using Llm2Clip.Training.Losses;
using Llm2Clip.Training.Stage2;
using Llm2Clip.Weights;

namespace Llm2Clip.Tests.Training;

/// <summary>
/// Every loss through its door, <c>clip_train.loss</c>: a short run of the command learns, and keeps what the loss learned itself.
/// </summary>
public sealed class LossKindTests : IDisposable
{
    private const int Steps = 24;

    private static readonly string[] Settings =
    [
        "model.image_size=16", "model.patch_size=8", "model.width=32", "model.layers=1", "model.heads=2", "clip_train.precision=fp32",
        "clip_train.batch_size=8", "clip_train.learning_rate=3e-3", "clip_train.checkpoint_every=8",
    ];

    private readonly ClipTrainCommand _command = new(images: 16, width: 16, height: 16);

    public void Dispose() => _command.Dispose();

    [Theory]
    [InlineData("multi_positive")]
    [InlineData("infonce")]
    [InlineData("sigmoid")]
    public void TheCommandTrainsWithIt(string loss)
    {
        var log = _command.Run("run", [.. Settings, $"clip_train.steps={Steps}", $"clip_train.loss={loss}"]);

        var losses = Losses("run");
        Assert.Equal(Steps, losses.Count);
        Assert.True(losses.TakeLast(4).Average() < 0.95 * losses.Take(4).Average(), string.Join(", ", losses));

        var own = Path.Combine(_command.Folder, "run", "model", "loss.safetensors");
        var moments = Path.Combine(_command.Folder, "run", "checkpoints", "last", "optimizer.safetensors");
        using var optimizer = SafetensorsFile.Open(moments);
        Assert.Equal(loss == "sigmoid", File.Exists(own));
        Assert.Equal(loss == "sigmoid", optimizer.Contains("first_moment.logit_bias"));
        if (loss == "sigmoid")
        {
            using var file = SafetensorsFile.Open(own);
            using var bias = file.Load("logit_bias");
            Assert.InRange(bias.item<float>(), -10.5f, -9.5f);
            Assert.NotEqual(-10f, bias.item<float>());
        }
        Assert.Contains("group other, no decay: " + (loss == "sigmoid" ? 2 : 1) + " tensors", log, StringComparison.Ordinal);
    }

    [Fact]
    public void SettingsThatALossCannotUseAreRefusedByBothNames()
    {
        var (code, text) = _command.Finish(
            "run", [.. Settings, "clip_train.steps=1", "clip_train.loss=sigmoid", "clip_train.label_smoothing=0.1",
                "clip_train.teacher_weight=0.2"]);
        Assert.Equal(2, code);
        Assert.Contains("clip_train.label_smoothing", text, StringComparison.Ordinal);
        Assert.Contains("clip_train.teacher_weight", text, StringComparison.Ordinal);
        Assert.Contains("clip_train.loss", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ContrastiveLossKind.MultiPositive, null, 1 / 0.07)]
    [InlineData(ContrastiveLossKind.Sigmoid, null, 10)]
    [InlineData(ContrastiveLossKind.Sigmoid, 20.0, 20)]
    public void TheScaleStartsAsTheLossNeedsIt(ContrastiveLossKind loss, double? start, double expected) =>
        Assert.Equal(expected, Math.Exp(new ClipTrainConfig { Loss = loss, ScaleStart = start }.LogitScaleStart), 1e-9);

    private List<double> Losses(string output) =>
    [
        .. File.ReadLines(Path.Combine(_command.Folder, output, "metrics.jsonl"))
            .Select(line => JsonDocument.Parse(line).RootElement)
            .Where(line => line.GetProperty("tag").GetString() == "train/loss")
            .Select(line => line.GetProperty("value").GetDouble()),
    ];
}
