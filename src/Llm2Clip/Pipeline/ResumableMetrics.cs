using Llm2Clip.Reporting;

namespace Llm2Clip.Pipeline;

/// <summary>
/// The metrics of a run that may resume from a checkpoint: the files are opened when the run says where it resumes, after what an
/// interrupted run wrote beyond that step was taken out.
/// </summary>
internal sealed class ResumableMetrics(string folder) : IMetricsSink, IDisposable
{
    private MetricsLog? _log;

    /// <inheritdoc/>
    public void StartAfter(long step)
    {
        MetricsLog.DropAfter(folder, step);
        _log = new MetricsLog(folder);
    }

    /// <inheritdoc/>
    public void Scalar(string tag, long step, double value) =>
        (_log ?? throw new InvalidOperationException("A value came before the run said where it starts.")).Scalar(tag, step, value);

    public void Dispose() => _log?.Dispose();
}
