using System.Diagnostics;
using System.Globalization;

namespace Llm2Clip.Training;

/// <summary>Turns steps into lines of the log and numbers of the metrics sink: loss, rate, scale, gradient norm, pictures/s, share of time spent waiting for data.</summary>
internal sealed class TrainMeter(IRunLog log, IMetricsSink metrics, long every)
{
    private readonly Stopwatch _window = new();
    private readonly Stopwatch _waiting = new();
    private long _pictures;
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

    /// <summary>A step is done. <paramref name="scale"/> is logit_scale, the logarithm.</summary>
    public void Step(long step, int pictures, double loss, double norm, double scale, double rate)
    {
        metrics.Scalar("train/loss", step, loss);
        metrics.Scalar("train/lr", step, rate);
        metrics.Scalar("train/logit_scale", step, scale);
        metrics.Scalar("train/grad_norm", step, norm);
        _pictures += pictures;
        _steps++;
        _loss += loss;
        if (step % every != 0)
        {
            return;
        }
        var seconds = _window.Elapsed.TotalSeconds;
        var (speed, waited) = (_pictures / seconds, _waiting.Elapsed.TotalSeconds / seconds);
        metrics.Scalar("train/images_per_second", step, speed);
        metrics.Scalar("train/data_wait_share", step, waited);
        log.Info(string.Create(
            CultureInfo.InvariantCulture,
            $"step {step}: loss {_loss / _steps:0.0000}, lr {rate:0.00e+0}, logit_scale {scale:0.000}, grad norm {norm:0.00}, {speed:0.0} images/s, data wait {waited:0.0%}"));
        _window.Restart();
        _waiting.Reset();
        (_pictures, _steps, _loss) = (0, 0, 0);
    }
}
