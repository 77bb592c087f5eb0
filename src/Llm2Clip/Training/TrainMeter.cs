using System.Globalization;
using Llm2Clip.Training.Checkpoints;

namespace Llm2Clip.Training;

/// <summary>
/// Turns steps into numbers of the metrics sink and lines of the log: loss, learning rate, gradient norm, and of every few steps images per
/// second, where the time went, and memory.
/// </summary>
/// <param name="log">Takes the lines.</param>
/// <param name="metrics">Takes the numbers, and the run's settings before the first step of this process.</param>
/// <param name="plan">How numbers are named; how many steps a line is of, 0 = neither lines nor speeds.</param>
/// <param name="clock">Where the time goes.</param>
internal sealed class TrainMeter(IRunLog log, IMetricsSink metrics, TrainingPlan plan, TrainClock clock)
{
    /// <summary>Share of the time spent waiting above which the user can gain by other settings.</summary>
    private const double WorthAWarning = 0.5;

    private long _images;
    private long _steps;
    private double _loss;
    private bool _begun;
    private bool _warned;

    /// <summary>
    /// A step is done, which is the last of <paramref name="state"/>. <paramref name="numbers"/> are the task's own, by name.
    /// </summary>
    public void Step(
        TrainState state, int images, double loss, double norm, double rate, IReadOnlyList<(string Name, double Value)> numbers)
    {
        var step = state.Step;
        if (!_begun)
        {
            _begun = true;
            metrics.Settings(step - 1, plan.Identity);
        }
        Record("loss", step, loss);
        Record(plan.Metrics.Rate, step, rate);
        foreach (var (name, value) in numbers)
        {
            Record(name, step, value);
        }
        Record(plan.Metrics.GradientNorm, step, norm);
        _images += images;
        _steps++;
        _loss += loss;
        if (plan.LogEvery == 0 || step % plan.LogEvery != 0)
        {
            return;
        }
        var own = string.Concat(numbers.Select(number => Text($", {number.Name} {number.Value:0.000}")));
        Line(state, Text($"loss {_loss / _steps:0.000}, rate {rate:0.0e+0}{own}, gradient norm {norm:0.00}"));
        (_images, _steps, _loss) = (0, 0, 0);
    }

    /// <summary>The line of the last few steps, and their numbers. What evaluations and checkpoints took is no part of the speed.</summary>
    private void Line(TrainState state, string numbers)
    {
        var (step, seconds, memory) = (state.Step, clock.Take(), MemoryUse.Now());
        double Of(TrainPart part) => seconds[(int)part];
        var training = Of(TrainPart.Data) + Of(TrainPart.Compute) + Of(TrainPart.Optimizer);
        var (speed, waited) = (_images / training, Of(TrainPart.Data) / training);
        Record("images_per_second", step, speed);
        Record("data_wait_share", step, waited);
        foreach (var part in Enum.GetValues<TrainPart>())
        {
            Record(Text($"ms_per_step/{part.ToString().ToLowerInvariant()}"), step, 1000 * Of(part) / _steps);
        }
        Record("memory_mb", step, memory.Resident / 1e6);
        Record("memory_peak_mb", step, memory.Peak / 1e6);
        log.Info(Text($"step {step:N0}, epoch {state.Epoch + 1}: {numbers}, {speed:N0} images/s, {100 * waited:0.0} % of the time ")
            + Text($"waiting for data, {memory.Resident / 1e9:0.0} GB"));
        log.Detail(Text($"step {step:N0}, milliseconds per step: waiting for data {Ms(TrainPart.Data)}, forward and backward ")
            + Text($"{Ms(TrainPart.Compute)}, optimizer {Ms(TrainPart.Optimizer)}, evaluation {Ms(TrainPart.Evaluation)}, ")
            + Text($"checkpoints {Ms(TrainPart.Checkpoint)}; memory at most {memory.Peak / 1e9:0.0} GB"));
        if (waited > WorthAWarning && !_warned)
        {
            _warned = true;
            log.Warn(Text($"{100 * waited:0} % of the time went into waiting for images: try data.image_cache_mb or data.workers."));
        }

        string Ms(TrainPart part) => Text($"{1000 * Of(part) / _steps:N1}");
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private void Record(string name, long step, double value) => metrics.Scalar($"{plan.Metrics.Prefix}/{name}", step, value);
}
