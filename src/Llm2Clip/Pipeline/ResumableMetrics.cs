using Llm2Clip.Reporting;

namespace Llm2Clip.Pipeline;

/// <summary>
/// The metrics of a run that may resume from a checkpoint. The files are opened with the first value, so that a run that fails before it
/// leaves none; what an interrupted run wrote beyond the step that this one starts after is taken out then.
/// </summary>
/// <param name="folder">The run's folder.</param>
/// <param name="first">What else is written when there is something to keep; called before the first value.</param>
internal sealed class ResumableMetrics(string folder, Action? first = null) : IMetricsSink, IDisposable
{
    private MetricsLog? _log;
    private long? _after;

    /// <inheritdoc/>
    public void StartAfter(long step) => _after = step;

    /// <inheritdoc/>
    public void Scalar(string tag, long step, double value) => (_log ??= Open()).Scalar(tag, step, value);

    /// <inheritdoc/>
    public void Settings(long step, IReadOnlyDictionary<string, string> settings) => (_log ??= Open()).Settings(step, settings);

    public void Dispose() => _log?.Dispose();

    private MetricsLog Open()
    {
        var after = _after ?? throw new InvalidOperationException("A value came before the run said where it starts.");
        first?.Invoke();
        MetricsLog.DropAfter(folder, after);
        return new MetricsLog(folder);
    }
}
