using System.Globalization;
using Llm2Clip.Diagnostics;

namespace Llm2Clip.Cli;

/// <summary>
/// Shows a run to its user: on a terminal one line that is redrawn, with rate and time left; into a pipe plain lines with the
/// time, one every few seconds. Lines worth keeping are written above the redrawn one.
/// </summary>
internal sealed class ConsoleRunLog(TextWriter output, bool terminal, TimeProvider clock) : IRunLog
{
    private static readonly TimeSpan RedrawEvery = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan PrintEvery = TimeSpan.FromSeconds(15);

    private readonly Lock _lock = new();
    private readonly List<ProgressTask> _running = [];
    private DateTimeOffset _lastShown = DateTimeOffset.MinValue;

    public void Info(string message) => Write(message);

    public void Warn(string message) => Write($"Warning: {message}");

    public IProgressTask Start(string title, long total, string unit)
    {
        var task = new ProgressTask(this, title, total, unit, clock.GetUtcNow());
        lock (_lock)
        {
            _running.Add(task);
            _lastShown = clock.GetUtcNow();
        }
        return task;
    }

    /// <summary>The line of a running task; nested ones show the innermost.</summary>
    private void Changed(ProgressTask task)
    {
        var now = clock.GetUtcNow();
        lock (_lock)
        {
            if (now - _lastShown < (terminal ? RedrawEvery : PrintEvery) || _running.Count == 0 || _running[^1] != task)
            {
                return;
            }
            _lastShown = now;
            Print(task.Line(now), keep: !terminal);
        }
    }

    private void Ended(ProgressTask task)
    {
        lock (_lock)
        {
            if (_running.Remove(task))
            {
                Print(task.LastLine(clock.GetUtcNow()), keep: true);
            }
        }
    }

    private void Write(string message)
    {
        lock (_lock)
        {
            Print(message, keep: true);
        }
    }

    private void Print(string text, bool keep)
    {
        if (!terminal)
        {
            output.WriteLine($"{clock.GetLocalNow().ToString("HH:mm:ss", CultureInfo.InvariantCulture)} {text}");
            return;
        }
        if (!keep)
        {
            // A line that wraps cannot be taken back.
            text = text.Length < Width ? text : text[..(Width - 1)];
        }
        output.Write($"\r\u001b[K{text}{(keep ? Environment.NewLine : "")}");
        output.Flush();
    }

    private static int Width => Math.Max(40, Console.IsErrorRedirected && Console.IsOutputRedirected ? 120 : Console.WindowWidth);

    private sealed class ProgressTask(ConsoleRunLog log, string title, long total, string unit, DateTimeOffset started) : IProgressTask
    {
        private long _done;
        private string? _detail;

        public void Advance(long units, string? detail = null)
        {
            Interlocked.Add(ref _done, units);
            _detail = detail ?? _detail;
            log.Changed(this);
        }

        public void Dispose() => log.Ended(this);

        public string Line(DateTimeOffset now)
        {
            var done = Interlocked.Read(ref _done);
            var seconds = Math.Max((now - started).TotalSeconds, 1e-3);
            var rate = done / seconds;
            var share = total > 0 ? string.Create(CultureInfo.InvariantCulture, $"/{total:N0} {unit} ({100.0 * done / total:0} %)") : $" {unit}";
            var left = total > done && rate > 0 ? $", {Duration(TimeSpan.FromSeconds((total - done) / rate))} left" : "";
            return string.Create(CultureInfo.InvariantCulture, $"{title}: {done:N0}{share}, {Rate(rate)}{left}{Detail}");
        }

        public string LastLine(DateTimeOffset now)
        {
            var done = Interlocked.Read(ref _done);
            var elapsed = now - started;
            var rate = done / Math.Max(elapsed.TotalSeconds, 1e-3);
            var share = total > 0 && done != total ? string.Create(CultureInfo.InvariantCulture, $" of {total:N0}") : "";
            return string.Create(CultureInfo.InvariantCulture, $"{title}: {done:N0}{share} {unit} in {Duration(elapsed)} ({Rate(rate)}){Detail}");
        }

        private string Detail => string.IsNullOrEmpty(_detail) ? "" : $", {_detail}";

        private static string Rate(double rate) =>
            rate.ToString(rate < 10 ? "0.00" : rate < 100 ? "0.0" : "N0", CultureInfo.InvariantCulture) + "/s";

        private static string Duration(TimeSpan time) => time.TotalHours >= 1
            ? string.Create(CultureInfo.InvariantCulture, $"{(int)time.TotalHours}:{time.Minutes:00}:{time.Seconds:00}")
            : string.Create(CultureInfo.InvariantCulture, $"{time.Minutes}:{time.Seconds:00}");
    }
}
