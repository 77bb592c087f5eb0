using System.Text;

namespace Llm2Clip.Engine.Llama;

/// <summary>
/// libllama's log, which each engine hands in by its own part of this class. Nothing is printed; error lines that come while a collector is open
/// say why the library refused what the exception names (it returns null or a number and tells the reason in its log only).
/// </summary>
public sealed partial class NativeErrors : IDisposable
{
    private const int ErrorLevel = 4;
    private const int ContinueLevel = 5;
    private static readonly Lock Gate = new();
    private static readonly List<NativeErrors> Open = [];
    private static bool lastWasError;

    private readonly StringBuilder text = new();

    private NativeErrors()
    {
    }

    /// <summary>All error lines so far in one.</summary>
    public string Text
    {
        get
        {
            lock (Gate)
            {
                return string.Join(" | ", text.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Distinct());
            }
        }
    }

    /// <summary>An exception's message with what the library said, where the message does not hold that already.</summary>
    public string Explain(Exception error)
    {
        var said = Text;
        return error.Message.Contains(said, StringComparison.Ordinal) ? error.Message : $"{error.Message} {said}";
    }

    /// <summary>Opens a collector; dispose it when the call is over.</summary>
    public static NativeErrors Collect()
    {
        var collector = new NativeErrors();
        lock (Gate)
        {
            Open.Add(collector);
        }
        return collector;
    }

    public void Dispose()
    {
        lock (Gate)
        {
            Open.Remove(this);
        }
    }

    private static void Take(int level, string? line)
    {
        lock (Gate)
        {
            lastWasError = level == ErrorLevel || (level == ContinueLevel && lastWasError);
            if (lastWasError)
            {
                Open.ForEach(collector => collector.text.Append(line));
            }
        }
    }
}
