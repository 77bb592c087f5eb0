namespace Llm2Clip.Tests.Training;

/// <summary>A log that keeps what it was told.</summary>
internal sealed class Lines : IRunLog
{
    public List<string> Texts { get; } = [];

    public void Info(string message) => Texts.Add(message);

    public void Warn(string message) => Texts.Add(message);

    public IProgressTask Start(string title, long total, string unit) => SilentLog.Instance;
}
