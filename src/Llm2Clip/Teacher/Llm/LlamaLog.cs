using System.Text;
using LLama.Native;

namespace Llm2Clip.Teachers.Llm;

/// <summary>
/// libllama's log. Nothing is printed. libllama returns null or a number where it refuses something and tells the reason in its log only,
/// so the error lines that come while a collector is open go into the exception's message.
/// </summary>
internal sealed class LlamaLog : IDisposable
{
    private static readonly Lock Gate = new();
    private static readonly List<LlamaLog> Open = [];
    private static bool _lastWasError;

    private readonly StringBuilder _text = new();

    /// <summary>
    /// Takes the place of the library's own log, which writes to stderr. LLamaSharp hands it over once it has loaded the library.
    /// </summary>
    static LlamaLog() => NativeLogConfig.llama_log_set((level, message) => Write(level, message));

    private LlamaLog()
    {
    }

    /// <summary>All error lines so far in one.</summary>
    public string Text
    {
        get
        {
            lock (Gate)
            {
                return string.Join(
                    " | ", _text.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Distinct());
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
    public static LlamaLog Collect()
    {
        var collector = new LlamaLog();
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

    private static void Write(LLamaLogLevel level, string? line)
    {
        lock (Gate)
        {
            _lastWasError = level == LLamaLogLevel.Error || (level == LLamaLogLevel.Continue && _lastWasError);
            if (_lastWasError)
            {
                Open.ForEach(collector => collector._text.Append(line));
            }
        }
    }
}
