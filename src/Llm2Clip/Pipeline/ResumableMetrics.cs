using Llm2Clip.Diagnostics;

namespace Llm2Clip.Pipeline;

/// <summary>
/// The metrics of a run that may go on from a checkpoint: the files are opened with the first value, after what an interrupted
/// run wrote beyond that step was taken out.
/// </summary>
internal sealed class ResumableMetrics(string folder) : IMetricsSink, IDisposable
{
    private readonly Lock _lock = new();
    private MetricsLog? _log;

    /// <inheritdoc/>
    public void Scalar(string tag, long step, double value)
    {
        lock (_lock)
        {
            if (_log is null)
            {
                MetricsLog.DropAfter(folder, step - 1);
                _log = new MetricsLog(folder);
            }
        }
        _log.Scalar(tag, step, value);
    }

    public void Dispose() => _log?.Dispose();
}
