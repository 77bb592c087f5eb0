using System.Diagnostics;
using System.Globalization;

namespace Llm2Clip.Training;

/// <summary>
/// Turns steps into numbers of the metrics sink and lines of the log: loss, learning rate, gradient norm, images per second, share of time
/// spent waiting for data.
/// </summary>
/// <param name="log">Takes the lines.</param>
/// <param name="metrics">Takes the numbers.</param>
/// <param name="names">How they are named.</param>
/// <param name="every">Steps between lines; 0 = neither lines nor speeds.</param>
internal sealed class TrainMeter(IRunLog log, IMetricsSink metrics, MetricNames names, long every)
{
    private readonly Stopwatch _window = new();
    private readonly Stopwatch _waiting = new();
    private long _images;
    private long _steps;
    private double _loss;

    /// <summary>The trainer asks for the next batch.</summary>
    public void DataStarts()
    {
        _window.Start();
        _waiting.Start();
    }

    /// <summary>The batch is there.</summary>
    public void StepStarts() => _waiting.Stop();

    /// <summary>A step is done. <paramref name="numbers"/> are the task's own, by name.</summary>
    public void Step(long step, int images, double loss, double norm, double rate, IReadOnlyList<(string Name, double Value)> numbers)
    {
        Record("loss", step, loss);
        Record(names.Rate, step, rate);
        foreach (var (name, value) in numbers)
        {
            Record(name, step, value);
        }
        Record(names.GradientNorm, step, norm);
        _images += images;
        _steps++;
        _loss += loss;
        if (every == 0 || step % every != 0)
        {
            return;
        }
        var seconds = _window.Elapsed.TotalSeconds;
        var (speed, waited) = (_images / seconds, _waiting.Elapsed.TotalSeconds / seconds);
        Record("images_per_second", step, speed);
        Record("data_wait_share", step, waited);
        static string Text(FormattableString text) => FormattableString.Invariant(text);
        var own = string.Concat(numbers.Select(number => Text($"{number.Name} {number.Value:0.000}, ")));
        log.Info(
            Text($"step {step}: loss {_loss / _steps:0.0000}, lr {rate:0.00e+0}, {own}grad norm {norm:0.00}, ")
            + Text($"{speed:0.0} images/s, data wait {waited:0.0%}"));
        _window.Restart();
        _waiting.Reset();
        (_images, _steps, _loss) = (0, 0, 0);
    }

    private void Record(string name, long step, double value) => metrics.Scalar($"{names.Prefix}/{name}", step, value);
}
