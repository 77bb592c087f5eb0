using System.Runtime.InteropServices;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Llm2Clip.Cli.Drawing;

/// <summary>
/// Shows a run on a terminal: a line for each running task with bar, rate and time left, and above them the lines worth keeping. A task
/// that ends while no other is running leaves such a line too.
/// </summary>
internal sealed class LiveRunLog : IConsoleLog
{
    private readonly Lock _lock = new();
    private readonly List<RunningTask> _running = [];
    private readonly Screen _screen;
    private readonly Terminal _terminal;
    private readonly TimeProvider _clock;
    private readonly bool _isVerbose;
    private readonly PosixSignalRegistration? _resized;
    private LiveConsole _console;
    private LiveDisplay? _display;

    public LiveRunLog(Screen screen, Terminal terminal, TimeProvider clock, bool verbose = false)
    {
        (_screen, _terminal, _clock, _isVerbose) = (screen, terminal, clock, verbose);
        _console = new LiveConsole(screen.Writer, terminal);
        _resized = OperatingSystem.IsWindows() ? null : PosixSignalRegistration.Create(PosixSignal.SIGWINCH, _ => Resize());
        screen.ShowThrough(Info);
    }

    public void Info(string message) => Print(message, Tone.Plain);

    public void Detail(string message)
    {
        if (_isVerbose)
        {
            Print(message, Tone.Plain);
        }
    }

    public void Warn(string message) => Print($"Warning: {message}", Tone.Warning);

    public IProgressTask Start(string title, long total, string unit)
    {
        lock (_lock)
        {
            var task = new RunningTask(this, new Pace(title, total, unit, _clock));
            _display ??= new LiveDisplay(_console, _clock);
            _running.Add(task);
            task.Row = _display.Add(task.Pace);
            return task;
        }
    }

    /// <summary>Takes what is drawn off the screen, also where tasks were left open.</summary>
    public void Dispose()
    {
        _resized?.Dispose();
        lock (_lock)
        {
            _screen.ShowThrough(null);
            _running.Clear();
            _display?.Dispose();
            _display = null;
        }
    }

    /// <summary>
    /// Begins the display anew in the width that the window has now. Spectre's own answer to a window that became narrower is to clear it,
    /// along with all that was scrolled out of it.
    /// </summary>
    internal void Resize()
    {
        lock (_lock)
        {
            if (_display is null)
            {
                _console = new LiveConsole(_screen.Writer, _terminal);
                return;
            }
            var height = _display.Height;
            _console.Mute(); // The display would end with a last frame, in the old width.
            _display.Dispose();
            _console = new LiveConsole(_screen.Writer, _terminal);
            _console.ClearUpwards(height);
            _display = new LiveDisplay(_console, _clock);
            foreach (var task in _running)
            {
                task.Row = _display.Add(task.Pace);
            }
        }
    }

    private void End(RunningTask task)
    {
        lock (_lock)
        {
            if (!_running.Remove(task))
            {
                return;
            }
            if (_running.Count > 0)
            {
                _display!.Remove(task.Row!);
                return;
            }
            _display!.Dispose();
            _display = null;
            Print(task.Pace.Summary(), Tone.Plain);
        }
    }

    private void Print(string text, Tone tone)
    {
        lock (_lock)
        {
            _console.Write(new KeptLine(text, Styles.Of(tone, _terminal)));
        }
    }

    private sealed class RunningTask(LiveRunLog log, Pace pace) : IProgressTask
    {
        public Pace Pace => pace;

        public ProgressTask? Row { get; set; }

        public void Advance(long units, string? detail = null) => pace.Advance(units, detail);

        public void Dispose() => log.End(this);
    }

    /// <summary>A line that stays. It first clears what was drawn, and is not wrapped, so that a path in it can be copied.</summary>
    private sealed class KeptLine(string text, Style style) : IRenderable
    {
        private const string ClearBelow = "\r\u001b[J";

        public Measurement Measure(RenderOptions options, int maxWidth) => new(0, 0);

        public IEnumerable<Segment> Render(RenderOptions options, int maxWidth) =>
            [Segment.Control(ClearBelow), new Segment(text, style), Segment.LineBreak];
    }
}
