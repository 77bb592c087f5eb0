using System.Globalization;
using Llm2Clip.Data;
using Llm2Clip.Data.Loading;
using Llm2Clip.Training.Stage2;
using static TorchSharp.torch;

namespace Llm2Clip.Bench;

/// <summary>
/// The share of a training's time that it waits for images, by the run's own numbers: photos decoded from JPEG shards and cropped by as
/// many workers as there are cores, beside the step that uses the same cores. What is before the first batch does not count.
/// </summary>
internal static class WaitFigure
{
    private const int Batch = 32;
    private const int Every = 10;
    private const int Steps = 60;

    public static IEnumerable<Figure> Measure(string photos)
    {
        var seen = new Sums();
        var config = new ClipTrainConfig { Device = "cpu", BatchSize = Batch, Steps = Steps, LogEvery = Every, CheckpointEvery = 0 };
        Workload.Train(
            config,
            student =>
            {
                var data = new DataConfig { Train = photos };
                return new SampleLoader(
                    Datasets.OpenTrain(data, SilentLog.Instance), LoaderConfig.ForTraining(data, student.Transform, Batch, seed: 1),
                    SilentLog.Instance);
            },
            seen);
        var all = seen.Milliseconds.Values.Sum();
        var share = seen.Milliseconds["data"] / all;
        yield return new Figure(
            "wait",
            $"ViT-S/32 in bf16 on JPEG shards of Flickr8k, {Batch} images per step, {get_num_threads()} threads, share of the time waiting "
            + "for data",
            string.Create(CultureInfo.InvariantCulture, $"{seen.Milliseconds["data"] / seen.Lines:0.0} of {all / seen.Lines:0} ms"), "",
            share.ToString("0.0 %", CultureInfo.InvariantCulture), "<= 3 %", share <= 0.03);
    }

    /// <summary>Milliseconds per step of the parts, summed over the lines after the first.</summary>
    private sealed class Sums : IMetricsSink
    {
        private const string Prefix = "train/ms_per_step/";

        public Dictionary<string, double> Milliseconds { get; } = [];

        public int Lines { get; private set; }

        public void Scalar(string tag, long step, double value)
        {
            if (step <= Every || !tag.StartsWith(Prefix, StringComparison.Ordinal) || tag[Prefix.Length..] is "evaluation" or "checkpoint")
            {
                return;
            }
            var part = tag[Prefix.Length..];
            Milliseconds[part] = Milliseconds.GetValueOrDefault(part) + value;
            Lines += part == "data" ? 1 : 0;
        }
    }
}
