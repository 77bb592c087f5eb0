using System.Diagnostics;
using System.Globalization;
using Llm2Clip.Data;
using Llm2Clip.Data.Loading;
using Llm2Clip.Training.Stage2;

namespace Llm2Clip.Bench;

/// <summary>
/// The most memory that a training takes whose batch is 64 times larger, through GradCache with micro-batches of the smaller one. Each is
/// a process of its own. Loaders decode ahead in whole batches; here the one in use is all there is (<c>data.prefetch</c> says how many).
/// </summary>
internal static class LargeBatchFigure
{
    /// <summary>The argument by which a process is told what it is; the images per step follow.</summary>
    public const string Argument = "batch-run";

    private const int Small = 64;
    private const int Large = 4096;

    public static IEnumerable<Figure> Measure()
    {
        var (small, large) = (Peak(Small), Peak(Large));
        yield return Figure.AtMost(
            "batch", $"peak memory of training ViT-S/32 in bf16, {Large:N0} images per step in micro-batches of {Small}",
            $"{large / 1e6:0} MB",
            $"{Small} images per step {small / 1e6:0} MB", large / small, 1.3);
    }

    /// <summary>Trains two steps and prints the most memory that it took.</summary>
    public static int Run(string size)
    {
        var batch = int.Parse(size, CultureInfo.InvariantCulture);
        var config = new ClipTrainConfig
        {
            Device = "cpu", BatchSize = batch, MicroBatch = Small, Steps = 2, WarmupSteps = 1, CheckpointEvery = 0, CheckpointMinutes = 0,
        };
        Workload.Train(config, _ => new SameBatch(batch), NoMetrics.Instance);
        Console.WriteLine(ProcessStatus.Bytes("VmHWM").ToString(CultureInfo.InvariantCulture));
        return 0;
    }

    private static double Peak(int batch)
    {
        using var process = Process.Start(new ProcessStartInfo(
            Environment.ProcessPath!, [Argument, batch.ToString(CultureInfo.InvariantCulture)])
        { RedirectStandardOutput = true })!;
        var said = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return double.Parse(said, CultureInfo.InvariantCulture);
    }

    /// <summary>One batch of noise again and again, in one buffer.</summary>
    private sealed class SameBatch(int size) : ITrainingBatches
    {
        private readonly byte[] _pixels = new byte[size * 224 * 224 * 3];

        public long BatchesPerEpoch(CancellationToken cancellation = default) => 100;

        public IEnumerable<SampleBatch> Epoch(int epoch, long skip = 0, CancellationToken cancellation = default)
        {
            new Random(1).NextBytes(_pixels);
            for (var index = skip; index < BatchesPerEpoch(cancellation); index++)
            {
                yield return new SampleBatch(
                    index,
                    [.. Enumerable.Range(0, size).Select(i => new Sample(
                        $"{i}", $"{i}", [new Caption($"caption {i}", "en", CaptionKind.Short)], MemoryImage.None))],
                    _pixels, 224, _ => { });
            }
        }

        public void Dispose()
        {
        }
    }
}
