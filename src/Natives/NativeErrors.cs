using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace Llm2Clip.Engine.Llama;

/// <summary>
/// Takes libllama's log. Nothing is printed; error lines that come while a collector is open go into the message of the exception that
/// follows (the library returns null or a number and says the reason in its log only).
/// </summary>
internal sealed unsafe class NativeErrors : IDisposable
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

    /// <summary>Puts this log in the place of the library's own, which writes to stderr.</summary>
    public static void Install() => LlamaImports.llama_log_set(&Receive, null);

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

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Receive(int level, byte* message, void* data)
    {
        lock (Gate)
        {
            lastWasError = level == ErrorLevel || (level == ContinueLevel && lastWasError);
            if (lastWasError)
            {
                var line = Marshal.PtrToStringUTF8((nint)message);
                Open.ForEach(collector => collector.text.Append(line));
            }
        }
    }
}
