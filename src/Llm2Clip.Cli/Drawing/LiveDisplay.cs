using Spectre.Console;
using Spectre.Console.Rendering;

namespace Llm2Clip.Cli.Drawing;

/// <summary>
/// Spectre's progress display as something that is opened and closed; Spectre itself draws around a function. It is drawn again by a timer
/// here: Spectre's own thread is left running for good where a task ends before that thread has begun.
/// </summary>
internal sealed class LiveDisplay : IDisposable
{
    private static readonly TimeSpan DrawEvery = TimeSpan.FromMilliseconds(200);

    private readonly Lock _lock = new();
    private readonly TaskCompletionSource _end = new();
    private readonly Task _shown;
    private readonly ITimer _timer;
    private ProgressContext? _context;

    public LiveDisplay(LiveConsole console, TimeProvider clock)
    {
        var progress = new Progress(console, clock)
        {
            AutoRefresh = false,
            AutoClear = true,
            ExcludeVerticalPadding = true,
            RenderHook = Count,
        };
        _shown = progress.Columns(new LiveRow()).StartAsync(context =>
        {
            _context = context;
            return _end.Task;
        });
        _timer = clock.CreateTimer(_ => Draw(), null, DrawEvery, DrawEvery);
    }

    /// <summary>Lines that it takes on the screen.</summary>
    public int Height { get; private set; }

    public ProgressTask Add(Pace pace)
    {
        lock (_lock)
        {
            var task = _context!.AddTask("-", maxValue: Math.Max(1, pace.Total)); // Spectre wants a title; the row draws its own.
            (task.Tag, task.IsIndeterminate) = (pace, pace.Total == 0);
            return task;
        }
    }

    public void Remove(ProgressTask task)
    {
        lock (_lock)
        {
            _context!.RemoveTask(task);
        }
    }

    /// <summary>Takes the display off the screen.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _timer.Dispose();
            _context = null;
            _end.SetResult();
            _shown.GetAwaiter().GetResult();
        }
    }

    /// <summary>It does not become lower again: Spectre fills it up with empty lines.</summary>
    private IRenderable Count(IRenderable rows, IReadOnlyList<ProgressTask> tasks)
    {
        Height = Math.Max(Height, tasks.Count);
        return rows;
    }

    private void Draw()
    {
        lock (_lock)
        {
            _context?.Refresh();
        }
    }
}
