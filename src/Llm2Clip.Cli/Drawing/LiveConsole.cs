using Spectre.Console;
using Spectre.Console.Rendering;

namespace Llm2Clip.Cli.Drawing;

/// <summary>
/// A console of Spectre for a progress display. It never hides the cursor, so a process that is killed leaves no terminal without one. It
/// writes a frame in one piece. A terminal that is gone (a closed session) takes nothing more, and ends no run.
/// </summary>
internal sealed class LiveConsole : IAnsiConsole
{
    /// <summary>More lines than a display has: with fewer, Spectre clears the whole window and what was scrolled out of it.</summary>
    private const int Unlimited = 1000;

    private readonly Lock _lock = new();
    private readonly TextWriter _target;
    private readonly StringWriter _frame = new();
    private readonly IAnsiConsole _console;
    private bool _isMuted;

    public LiveConsole(TextWriter target, Terminal terminal)
    {
        _target = target;
        _console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(_frame),
            Ansi = AnsiSupport.Yes,
            Interactive = InteractionSupport.Yes,
            ColorSystem = terminal.Color ? ColorSystemSupport.Standard : ColorSystemSupport.NoColors,
            Enrichment = new ProfileEnrichment { UseDefaultEnrichers = false },
        });
        _console.Profile.Capabilities.Unicode = terminal.Unicode;
        (_console.Profile.Width, _console.Profile.Height) = (Math.Max(1, terminal.Columns() - 1), Unlimited);
    }

    public Profile Profile => _console.Profile;

    public IAnsiConsoleCursor Cursor => StillCursor.Instance;

    public IAnsiConsoleInput Input => _console.Input;

    public IExclusivityMode ExclusivityMode => _console.ExclusivityMode;

    public RenderPipeline Pipeline => _console.Pipeline;

    public void Clear(bool home) => Show(() => _console.Clear(home));

    public void Write(IRenderable renderable) => Show(() => _console.Write(renderable));

    public void WriteAnsi(Action<AnsiWriter> action) => Show(() => _console.WriteAnsi(action));

    /// <summary>Writes nothing more.</summary>
    public void Mute()
    {
        lock (_lock)
        {
            _isMuted = true;
        }
    }

    /// <summary>Clears the line of the cursor and those above it, <paramref name="lines"/> in all, and what is below.</summary>
    public void ClearUpwards(int lines) => WriteAnsi(writer =>
    {
        writer.Write("\r");
        if (lines > 1)
        {
            writer.CursorUp(lines - 1);
        }
        writer.EraseInDisplay();
    });

    private void Show(Action draw)
    {
        lock (_lock)
        {
            if (_isMuted)
            {
                return;
            }
            draw();
            var text = _frame.ToString();
            _frame.GetStringBuilder().Clear();
            try
            {
                _target.Write(text);
                _target.Flush();
            }
            catch (IOException)
            {
            }
        }
    }

    private sealed class StillCursor : IAnsiConsoleCursor
    {
        public static readonly StillCursor Instance = new();

        public void Show(bool show)
        {
        }

        public void SetPosition(int column, int line)
        {
        }

        public void Move(CursorDirection direction, int steps)
        {
        }
    }
}
