using System.ComponentModel;
using System.Diagnostics;
using System.Text;

namespace Llm2Clip.Data.WebDataset;

/// <summary>
/// A shell command whose standard output is read. Its standard input is empty, and Ctrl-C does not reach it: disposing ends it, with all
/// that it started, so that a run that is cancelled does not take it for one that failed.
/// </summary>
internal sealed class PipeCommand : IDisposable
{
    private const int MaxErrorText = 1000;

    private readonly string _name;
    private readonly Process _process;
    private readonly StringBuilder _errors = new();
    private readonly Task _errorReader;

    /// <summary>
    /// Starts <paramref name="command"/> by /bin/sh; <paramref name="name"/> stands for it in messages. Throws
    /// <see cref="InputException"/> where that fails.
    /// </summary>
    public PipeCommand(string name, string command)
    {
        _name = name;
        var start = new ProcessStartInfo("/bin/sh")
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add("trap '' INT\n" + command);
        try
        {
            _process = Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            throw new InputException($"{name}: /bin/sh, which runs such commands, could not be started: {e.Message}", e);
        }
        _process.StandardInput.Close();
        _errorReader = Task.Run(() => CollectErrors(_process.StandardError));
    }

    public Stream Output => _process.StandardOutput.BaseStream;

    /// <summary>
    /// Waits for the end of the command. Throws <see cref="InputException"/> with exit status and the end of its error output where it
    /// failed.
    /// </summary>
    public void RequireSuccess(CancellationToken cancellation)
    {
        _process.WaitForExitAsync(cancellation).GetAwaiter().GetResult();
        if (_process.ExitCode == 0)
        {
            return;
        }
        _errorReader.Wait(TimeSpan.FromSeconds(2), cancellation); // what the command left in the background may hold its error output open
        string errors;
        lock (_errors)
        {
            errors = _errors.ToString().Trim();
        }
        var said = errors.Length > 0 ? $"It wrote: {errors}" : "It wrote no error.";
        throw new InputException($"{_name}: the command ended with exit status {_process.ExitCode}, so this shard is not complete. {said}");
    }

    public void Dispose()
    {
        try
        {
            _process.Kill(entireProcessTree: true);
        }
        catch (Exception e) when (e is AggregateException or Win32Exception or InvalidOperationException)
        {
            // A process that belongs to somebody else, such as sudo's, cannot be killed; it ends when its output is closed.
        }
        _process.StandardOutput.Close();
        _process.WaitForExit();
        _process.Dispose();
    }

    private void CollectErrors(StreamReader reader)
    {
        var buffer = new char[MaxErrorText];
        using (reader)
        {
            for (int read; (read = reader.Read(buffer)) > 0;)
            {
                lock (_errors)
                {
                    _errors.Append(buffer, 0, read).Remove(0, Math.Max(0, _errors.Length - MaxErrorText));
                }
            }
        }
    }
}
