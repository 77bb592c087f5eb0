namespace Llm2Clip.Tests.Training;

/// <summary>
/// The promise to who trains for days, kept by real processes: 20 steps of clip-train straight equal 10 steps, kill -9, and 10 more after a
/// resume, to the bit. Images are decoded, cropped and mirrored by workers; captions are drawn; drop path and patch dropout are on.
/// </summary>
public sealed class KillAndResumeTests : IDisposable
{
    // Steps of this size take long enough for the kill to land between the tenth and the twentieth.
    private static readonly string[] Settings =
    [
        "data.augment.crop_scale_min=0.5", "data.augment.flip=0.5",
        "model.image_size=96", "model.patch_size=8", "model.width=128", "model.layers=4", "model.heads=4",
        "clip_train.steps=20", "clip_train.checkpoint_every=10", "clip_train.batch_size=32",
        "clip_train.drop_path=0.2", "clip_train.patch_dropout=0.25", "clip_train.average_decay=0.9",
    ];

    private readonly ClipTrainCommand _command = new(images: 100, width: 112, height: 100);

    public void Dispose() => _command.Dispose();

    [Theory]
    [InlineData("data.workers=2")]
    [InlineData("data.workers=5", "data.prefetch=2", "data.image_cache_mb=1", "data.image_cache_side=100", "clip_train.micro_batch=10")]
    public void TwentyStepsEqualTenAKillAndTenMore(params string[] more)
    {
        string[] settings = [.. Settings, .. more];
        _command.Run("straight", settings);
        using (var killed = _command.Start("killed", settings))
        {
            var checkpoint = Path.Combine(_command.Folder, "killed", "checkpoints", "last");
            while (!Directory.Exists(checkpoint) && !killed.HasExited)
            {
                Thread.Sleep(2);
            }
            Assert.False(killed.HasExited, "The run ended before it could be killed after its checkpoint of step 10.");
            killed.Kill(); // SIGKILL
            killed.WaitForExit();
        }
        Assert.False(Directory.Exists(Path.Combine(_command.Folder, "killed", "model")), "The run was over before it was killed.");
        Assert.Contains("Resumed at step 10", _command.Run("killed", settings), StringComparison.Ordinal);

        foreach (var file in new[] { "model.safetensors", "text_adapter.safetensors" })
        {
            var expected = File.ReadAllBytes(Path.Combine(_command.Folder, "straight", "model", file));
            Assert.True(expected.AsSpan().SequenceEqual(File.ReadAllBytes(Path.Combine(_command.Folder, "killed", "model", file))),
                $"{file} differs.");
        }
    }
}
