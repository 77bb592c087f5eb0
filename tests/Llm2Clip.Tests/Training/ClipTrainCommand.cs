using System.Diagnostics;
using System.Text.Json;
using Llm2Clip.Images;
using Llm2Clip.Randomness;
using Llm2Clip.Teachers.Store;

namespace Llm2Clip.Tests.Training;

/// <summary>
/// The <c>clip-train</c> command in a process of its own, on noise images with three captions each and vectors made up for them.
/// </summary>
internal sealed class ClipTrainCommand : IDisposable
{
    private const int VectorLength = 32;
    private readonly int _images;

    public ClipTrainCommand(int images, int width, int height)
    {
        _images = images;
        MakeImages(width, height);
        MakeStore("store", VectorLength);
    }

    /// <summary>Outputs are in here, under their names.</summary>
    public string Folder { get; } = Directory.CreateTempSubdirectory("llm2clip-train-").FullName;

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    /// <summary>Starts a run with settings such as <c>clip_train.steps=20</c>.</summary>
    public Process Start(string output, params IEnumerable<string> settings)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        string[] arguments =
        [
            Path.Combine(AppContext.BaseDirectory, "Llm2Clip.Cli.dll"), "clip-train", "--verbose",
            "--data", Path.Combine(Folder, "images", "list.jsonl"), "--store", Path.Combine(Folder, "store"), "--output",
                Path.Combine(Folder, output),
        ];
        string[] common =
        [
            "data.workers=2", "model.embed_dim=32", "model.adapter_blocks=1", "clip_train.captions_per_image=2",
                "clip_train.warmup_steps=4",
            "clip_train.device=cpu", "clip_train.seed=3",
        ];
        foreach (var argument in arguments.Concat(common.Concat(settings).SelectMany(setting => new[] { "--set", setting })))
        {
            start.ArgumentList.Add(argument);
        }
        return Process.Start(start)!;
    }

    /// <summary>Runs to the end and returns all that was printed; the run must succeed.</summary>
    public string Run(string output, params IEnumerable<string> settings)
    {
        var (code, text) = Finish(output, settings);
        Assert.True(code == 0, $"clip-train ended with {code}:\n{text}");
        return text;
    }

    /// <summary>Runs to the end, whatever that is.</summary>
    public (int ExitCode, string Text) Finish(string output, params IEnumerable<string> settings)
    {
        using var process = Start(output, settings);
        var errors = process.StandardError.ReadToEndAsync();
        var text = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, text + errors.Result);
    }

    private void MakeImages(int width, int height)
    {
        var images = Directory.CreateDirectory(Path.Combine(Folder, "images")).FullName;
        var random = new SeededRandom(1);
        var list = new List<string>();
        for (var i = 0; i < _images; i++)
        {
            var pixels = new byte[width * height * 3];
            for (var p = 0; p < pixels.Length; p++)
            {
                pixels[p] = (byte)random.NextInt32(256);
            }
            File.WriteAllBytes(Path.Combine(images, $"{i}.png"), ImageCodec.EncodePng(new RgbImage(width, height, pixels)));
            list.Add(JsonSerializer.Serialize(
                new { image = $"{i}.png", captions = new Dictionary<string, string[]> { ["en"] = Captions(i) } }));
        }
        File.WriteAllLines(Path.Combine(images, "list.jsonl"), list);
    }

    /// <summary>A store of the images' captions with vectors of a length of its own.</summary>
    public void MakeStore(string name, int length)
    {
        using var store = EmbeddingStore.Create(Path.Combine(Folder, name), "made up", length);
        var random = new SeededRandom(2);
        var vector = new float[length];
        foreach (var caption in Enumerable.Range(0, _images).SelectMany(Captions))
        {
            foreach (ref var value in vector.AsSpan())
            {
                value = random.NextGaussian();
            }
            store.Append([caption], vector);
        }
        store.Complete();
    }

    private static string[] Captions(int image) => [.. Enumerable.Range(0, 3).Select(c => $"image {image}, caption {c}")];
}
