using System.Diagnostics;
using System.Text.Json;
using Llm2Clip.Images;
using Llm2Clip.Layers;
using Llm2Clip.Randomness;
using Llm2Clip.Teachers.Store;

namespace Llm2Clip.Tests.Training;

/// <summary>
/// The promise to who trains for days, kept by real processes: 20 steps of clip-train straight equal 10 steps, kill -9, and 10 more after a
/// resume, to the bit. Pictures are decoded, cropped and mirrored by workers; captions are drawn; drop path and patch dropout are on.
/// </summary>
public sealed class KillAndResumeTests : IDisposable
{
    private const int Pictures = 100;
    private const int VectorLength = 32;
    private readonly string _folder = Directory.CreateTempSubdirectory("llm2clip-kill").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void TwentyStepsEqualTenAKillAndTenMore()
    {
        MakePictures();
        MakeStore();

        using (var straight = Start("straight"))
        {
            End(straight);
        }
        using (var killed = Start("killed"))
        {
            var checkpoint = Path.Combine(_folder, "killed", "checkpoints", "last");
            while (!Directory.Exists(checkpoint) && !killed.HasExited)
            {
                Thread.Sleep(2);
            }
            Assert.False(killed.HasExited, "The run ended before it could be killed after its checkpoint of step 10.");
            killed.Kill(); // SIGKILL
            killed.WaitForExit();
        }
        Assert.False(Directory.Exists(Path.Combine(_folder, "killed", "model")), "The run was over before it was killed.");
        using (var resumed = Start("killed"))
        {
            Assert.Contains("Resumed at step 10", End(resumed), StringComparison.Ordinal);
        }

        foreach (var file in new[] { "model.safetensors", "text_adapter.safetensors" })
        {
            var expected = File.ReadAllBytes(Path.Combine(_folder, "straight", "model", file));
            Assert.True(expected.AsSpan().SequenceEqual(File.ReadAllBytes(Path.Combine(_folder, "killed", "model", file))), $"{file} differs.");
        }
    }

    private Process Start(string output)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        string[] arguments =
        [
            Path.Combine(AppContext.BaseDirectory, "Llm2Clip.Cli.dll"), "clip-train",
            "--data", Path.Combine(_folder, "pictures", "list.jsonl"), "--store", Path.Combine(_folder, "store"), "--output", Path.Combine(_folder, output),
        ];
        // Steps of this size take long enough for the kill to land between the tenth and the twentieth.
        string[] settings =
        [
            "data.augment.crop_scale_min=0.5", "data.augment.flip=0.5", "data.workers=2",
            "model.image_size=96", "model.patch_size=8", "model.width=128", "model.layers=4", "model.heads=4", "model.embed_dim=32", "model.adapter_blocks=1",
            "clip_train.steps=20", "clip_train.checkpoint_every=10", "clip_train.batch_size=32", "clip_train.captions_per_image=2",
            "clip_train.drop_path=0.2", "clip_train.patch_dropout=0.25", "clip_train.average_decay=0.9", "clip_train.warmup_steps=4",
            "clip_train.device=cpu", "clip_train.seed=3",
        ];
        foreach (var argument in arguments.Concat(settings.SelectMany(setting => new[] { "--set", setting })))
        {
            start.ArgumentList.Add(argument);
        }
        return Process.Start(start)!;
    }

    private static string End(Process process)
    {
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"clip-train ended with {process.ExitCode}:\n{output}{errors.Result}");
        return output + errors.Result;
    }

    private void MakePictures()
    {
        var pictures = Directory.CreateDirectory(Path.Combine(_folder, "pictures")).FullName;
        var random = new SeededRandom(1);
        var list = new List<string>();
        for (var i = 0; i < Pictures; i++)
        {
            var pixels = new byte[112 * 100 * 3];
            for (var p = 0; p < pixels.Length; p++)
            {
                pixels[p] = (byte)random.NextInt32(256);
            }
            File.WriteAllBytes(Path.Combine(pictures, $"{i}.png"), ImageCodec.EncodePng(new RgbImage(112, 100, pixels)));
            list.Add(JsonSerializer.Serialize(new { image = $"{i}.png", captions = new Dictionary<string, string[]> { ["en"] = Captions(i) } }));
        }
        File.WriteAllLines(Path.Combine(pictures, "list.jsonl"), list);
    }

    private void MakeStore()
    {
        using var store = EmbeddingStore.Create(Path.Combine(_folder, "store"), "made up", VectorLength);
        var random = new SeededRandom(2);
        var vector = new float[VectorLength];
        foreach (var caption in Enumerable.Range(0, Pictures).SelectMany(Captions))
        {
            foreach (ref var value in vector.AsSpan())
            {
                value = random.NextGaussian();
            }
            store.Append([caption], vector);
        }
        store.Complete();
    }

    private static string[] Captions(int picture) => [.. Enumerable.Range(0, 3).Select(c => $"picture {picture}, caption {c}")];
}
