using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Llm2Clip.Reporting;
using Llm2Clip.Tests.Diagnostics;

namespace Llm2Clip.Tests.Training;

/// <summary>SIGTERM to the real program, by which a cluster takes its machine back.</summary>
public sealed class PreemptionTests : IDisposable
{
    private static readonly string[] Small =
    [
        "model.image_size=16", "model.patch_size=8", "model.width=16", "model.layers=1", "model.heads=1", "clip_train.batch_size=8",
        "clip_train.log_every=1", "clip_train.checkpoint_every=0", "clip_train.checkpoint_minutes=0",
    ];

    private readonly ClipTrainCommand _command = new(images: 24, width: 20, height: 20);

    public void Dispose() => _command.Dispose();

    [Fact]
    public void SigtermSavesAndEndsWithZeroAndTheSameCommandResumes()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no SIGTERM.");
        var (code, text) = Signalled("run", "train: loss", 1, Small, "clip_train.steps=1000000");
        Assert.True(code == 0, text);
        Assert.Contains("SIGTERM: stopping after this step and saving.", text, StringComparison.Ordinal);
        Assert.Matches(@"Stopped at step \d+; the same command resumes from .*checkpoints/last\.", text);
        Assert.EndsWith("Stopped by SIGTERM. The same command resumes from what was saved.", text.TrimEnd(), StringComparison.Ordinal);

        var state = JsonNode.Parse(File.ReadAllText(Path.Combine(_command.Folder, "run", "checkpoints", "last", "state.json")))!["state"]!;
        var step = (long)state["step"]!;
        var more = string.Create(CultureInfo.InvariantCulture, $"clip_train.steps={step + 2}");
        Assert.Contains(
            string.Create(CultureInfo.InvariantCulture, $"Resumed at step {step},"), _command.Run("run", [.. Small, more]),
            StringComparison.Ordinal);
        Recorded(Path.Combine(_command.Folder, "run"), step + 2);
    }

    /// <summary>An image that is a pipe into which nobody writes: what a share that does not answer is like.</summary>
    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, 128 + 15)]
    public void ARunThatHangsIsNamedAndEndsAllTheSame(int signals, int expected)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "mkfifo of Linux makes the image that hangs.");
        var image = Path.Combine(_command.Folder, "images", "5.png");
        File.Delete(image);
        Process.Start("mkfifo", [image]).WaitForExit();
        var (code, text) = Signalled(
            "run", "No progress", signals, Small, "clip_train.steps=1000000", "clip_train.stall_minutes=0.01", "data.prefetch=1");
        Assert.Contains("5.png has been in a decoder for", text, StringComparison.Ordinal);
        Assert.True(code == expected, $"{code}\n{text}");
        Assert.Equal(expected == 0, Directory.Exists(Path.Combine(_command.Folder, "run", "checkpoints", "last")));
    }

    /// <summary>Starts a run, sends SIGTERM once a line of it holds a text, and waits for its end.</summary>
    private (int Code, string Text) Signalled(string output, string line, int signals, string[] settings, params string[] more)
    {
        using var process = _command.Start(output, [.. settings, .. more]);
        var text = new StringBuilder();
        using var seen = new ManualResetEventSlim();
        void Keep(string? said)
        {
            lock (text)
            {
                text.Append(said).Append('\n');
            }
            if (said?.Contains(line, StringComparison.Ordinal) == true || (line == "train: loss" && said?.Contains("step 3,") == true))
            {
                seen.Set();
            }
        }
        process.OutputDataReceived += (_, said) => Keep(said.Data);
        process.ErrorDataReceived += (_, said) => Keep(said.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        Assert.True(seen.Wait(TimeSpan.FromMinutes(3), TestContext.Current.CancellationToken), $"No line with {line}:\n{text}");
        for (var signal = 0; signal < signals; signal++)
        {
            Process.Start("kill", ["-TERM", process.Id.ToString(CultureInfo.InvariantCulture)]).WaitForExit();
            Thread.Sleep(signals > 1 ? 1000 : 0);
        }
        process.WaitForExit();
        lock (text)
        {
            return (process.ExitCode, text.ToString());
        }
    }

    /// <summary>What both lives of the run wrote for people to look at.</summary>
    private static void Recorded(string folder, long steps)
    {
        var metrics = MetricsLog.Read(folder);
        Assert.Equal(Enumerable.Range(1, (int)steps).Select(step => (long)step), metrics["train/loss"].Select(point => point.Step));
        string[] tags =
        [
            "train/lr", "train/logit_scale", "train/grad_norm", "train/images_per_second", "train/data_wait_share", "train/ms_per_step/data",
            "train/ms_per_step/compute", "train/ms_per_step/optimizer", "train/ms_per_step/evaluation", "train/ms_per_step/checkpoint",
            "train/memory_mb", "train/memory_peak_mb",
        ];
        var files = Directory.GetFiles(folder, "events.out.tfevents.*").Select(EventFile.Read).ToList();
        Assert.Equal(2, files.Count);
        foreach (var events in files)
        {
            Assert.All(tags, tag => Assert.Contains(events, one => one.Tag == tag && one.Number is >= 0));
            var settings = Assert.Single(events, one => one.Tag == "settings");
            Assert.Equal("text", settings.Plugin);
            Assert.Contains("| clip_train.batch_size | 8 |", settings.Text, StringComparison.Ordinal);
        }
        Assert.Equal(2, File.ReadLines(Path.Combine(folder, MetricsLog.FileName)).Count(line => line.Contains("\"settings\"")));
    }
}
