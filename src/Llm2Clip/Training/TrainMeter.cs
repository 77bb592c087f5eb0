using System.Diagnostics;
using System.Globalization;
using Llm2Clip.Training.Checkpoints;

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
    /// <summary>Share of the time spent waiting above which the user can gain by other settings.</summary>
    private const double WorthAWarning = 0.5;

    private readonly Stopwatch _window = new();
    private readonly Stopwatch _waiting = new();
    private long _images;
    private long _steps;
    private double _loss;
    private bool _warned;

    /// <summary>The trainer asks for the next batch.</summary>
    public void DataStarts()
    {
        _window.Start();
        _waiting.Start();
    }

    /// <summary>The batch is there.</summary>
    public void StepStarts() => _waiting.Stop();

    /// <summary>
    /// A step is done, which is the last of <paramref name="state"/>. <paramref name="numbers"/> are the task's own, by name.
    /// </summary>
    public void Step(
        TrainState state, int images, double loss, double norm, double rate, IReadOnlyList<(string Name, double Value)> numbers)
    {
        var step = state.Step;
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
        log.Info(Text($"step {step:N0}, epoch {state.Epoch + 1}: loss {_loss / _steps:0.000}, rate {rate:0.0e+0}, {speed:N0} images/s"));
        log.Detail(Text($"step {step:N0}: {own}gradient norm {norm:0.00}, waited for images {100 * waited:0.0} % of the time"));
        if (waited > WorthAWarning && !_warned)
        {
            _warned = true;
            log.Warn(Text($"{100 * waited:0} % of the time went into waiting for images: try data.image_cache_mb or data.workers."));
        }
        _window.Restart();
        _waiting.Reset();
        (_images, _steps, _loss) = (0, 0, 0);
    }

    private void Record(string name, long step, double value) => metrics.Scalar($"{names.Prefix}/{name}", step, value);
}
