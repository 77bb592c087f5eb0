using Spectre.Console;
using Spectre.Console.Rendering;

namespace Llm2Clip.Cli.Drawing;

/// <summary>
/// The line of a running task: title, bar, numbers. The bar takes the room that is left; where that is little, there is none.
/// </summary>
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
        var (title, numbers) = ($"{pace.Title} ", pace.Numbers());
        var width = options.ConsoleSize.Width;
        var room = width - new Segment($"{title} {numbers}").CellCount();
        if (room < NarrowestBar)
        {
            return new Line(Segment.Truncate([new Segment(title + numbers)], width));
        }
        _bar.Width = Math.Min(room, WidestBar);
        return new Line([new Segment(title), .. _bar.Render(options, task, deltaTime).Render(options, room), new Segment($" {numbers}")]);
    }

    /// <summary>Segments in a row.</summary>
    private sealed class Line(IReadOnlyList<Segment> segments) : IRenderable
    {
        public Measurement Measure(RenderOptions options, int maxWidth) => new(Segment.CellCount(segments), Segment.CellCount(segments));

        public IEnumerable<Segment> Render(RenderOptions options, int maxWidth) => segments;
    }
}
