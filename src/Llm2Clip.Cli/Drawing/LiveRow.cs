using Spectre.Console;
using Spectre.Console.Rendering;

namespace Llm2Clip.Cli.Drawing;

/// <summary>The line of a running task: title, bar, numbers. The bar takes the room that is left, and goes first where there is none.</summary>
internal sealed class LiveRow : ProgressColumn
{
    private const int WidestBar = 30;
    private const int NarrowestBar = 8;

    private readonly ProgressBarColumn _bar = new()
    {
        CompletedStyle = new Style(Color.Teal),
        FinishedStyle = new Style(Color.Teal),
        IndeterminateStyle = new Style(Color.Teal, Color.Grey),
    };

    public override IRenderable Render(RenderOptions options, ProgressTask task, TimeSpan deltaTime)
    {
        var pace = (Pace)task.Tag!;
        if (pace.Total > 0)
        {
            task.Value = pace.Done;
        }
        var width = options.ConsoleSize.Width;
        var (title, numbers) = (new Segment($"{pace.Title} "), new Segment($" {pace.Numbers()}"));
        var room = width - Segment.CellCount([title, numbers]);
        _bar.Width = Math.Min(room, WidestBar);
        var bar = room < NarrowestBar ? [] : _bar.Render(options, task, deltaTime).Render(options, room);
        return new Line([.. Segment.Truncate([title, .. bar, numbers], width)]);
    }

    /// <summary>Segments in a row.</summary>
    private sealed class Line(IReadOnlyList<Segment> segments) : IRenderable
    {
        public Measurement Measure(RenderOptions options, int maxWidth) => new(Segment.CellCount(segments), Segment.CellCount(segments));

        public IEnumerable<Segment> Render(RenderOptions options, int maxWidth) => segments;
    }
}
