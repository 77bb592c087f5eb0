using System.Globalization;

namespace Llm2Clip.Cli;

/// <summary>A log that the command line opened; disposing it ends what it draws.</summary>
internal interface IConsoleLog : IRunLog, IDisposable;

/// <summary>Shows a run in a pipe or a file: plain lines with the time of day, one for the progress every few seconds.</summary>
internal sealed class PlainRunLog(TextWriter output, TimeProvider clock, bool verbose = false) : IConsoleLog
{
    private static readonly TimeSpan PrintEvery = TimeSpan.FromSeconds(15);

    private readonly Lock _lock = new();
    private readonly List<Task> _running = [];
    private DateTimeOffset _lastShown = DateTimeOffset.MinValue;

    public void Info(string message) => Print(message);

    public void Detail(string message)
    {
        if (verbose)
        {
            Print(message);
        }
    }

    public void Warn(string message) => Print($"Warning: {message}");

    public IProgressTask Start(string title, long total, string unit)
    {
        var task = new Task(this, new Pace(title, total, unit, clock));
        lock (_lock)
        {
            _running.Add(task);
            _lastShown = clock.GetUtcNow();
        }
        return task;
    }

    public void Dispose()
    {
    }

    /// <summary>Of nested tasks the innermost is shown.</summary>
    private void Changed(Task task)
    {
        lock (_lock)
        {
            if (clock.GetUtcNow() - _lastShown < PrintEvery || _running.Count == 0 || _running[^1] != task)
            {
                return;
            }
            _lastShown = clock.GetUtcNow();
            Print($"{task.Pace.Title}: {task.Pace.Numbers()}");
        }
    }

    private void Ended(Task task)
    {
        lock (_lock)
        {
            if (_running.Remove(task))
            {
                Print(task.Pace.Summary());
            }
        }
    }

    private void Print(string text)
    {
        lock (_lock)
        {
            output.WriteLine($"{clock.GetLocalNow().ToString("HH:mm:ss", CultureInfo.InvariantCulture)} {text}");
        }
    }

    private sealed class Task(PlainRunLog log, Pace pace) : IProgressTask
    {
        public Pace Pace => pace;

        public void Advance(long units, string? detail = null)
        {
            pace.Advance(units, detail);
            log.Changed(this);
        }

        public void Dispose() => log.Ended(this);
    }
}
