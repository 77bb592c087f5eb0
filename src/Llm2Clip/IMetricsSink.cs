namespace Llm2Clip;

/// <summary>
/// Receives the numbers of a run over its steps: losses, rates, recalls. Implementations are safe to call from several threads.
/// </summary>
internal interface IMetricsSink
{
    /// <summary>Records a value, such as <c>train/loss</c> at global step 40.</summary>
    void Scalar(string tag, long step, double value);

    /// <summary>
    /// Says, before the first value, after which step the run goes on: what an interrupted run recorded beyond it does not count. -1 = it
    /// starts anew.
    /// </summary>
    void StartAfter(long step)
    {
    }

    /// <summary>Records the settings of a run, by name, as they are after <paramref name="step"/> steps.</summary>
    void Settings(long step, IReadOnlyDictionary<string, string> settings)
    {
    }
}

/// <summary>Forgets everything.</summary>
internal sealed class NoMetrics : IMetricsSink
{
    public static readonly NoMetrics Instance = new();

    public void Scalar(string tag, long step, double value) { }
}
