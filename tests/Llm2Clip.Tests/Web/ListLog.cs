namespace Llm2Clip.Tests.Web;

/// <summary>A log that several threads write to.</summary>
internal sealed class ListLog : IRunLog
{
    private readonly List<(bool IsWarning, string Text)> _said = [];

    public IReadOnlyList<string> Lines
    {
        get
        {
            lock (_said)
            {
                return [.. _said.Select(one => one.Text)];
            }
        }
    }

    public IReadOnlyList<string> Warnings
    {
        get
        {
            lock (_said)
            {
                return [.. _said.Where(one => one.IsWarning).Select(one => one.Text)];
            }
        }
    }

    public void Info(string message) => Add(false, message);

    public void Warn(string message) => Add(true, message);

    public IProgressTask Start(string title, long total, string unit) => SilentLog.Instance;

    private void Add(bool isWarning, string text)
    {
        lock (_said)
        {
            _said.Add((isWarning, text));
        }
    }
}
