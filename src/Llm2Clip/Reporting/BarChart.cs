using System.Globalization;

namespace Llm2Clip.Reporting;

/// <summary>One bar: its label, and its height.</summary>
internal sealed record ChartBar(string Label, long Count);

/// <summary>
/// A bar chart as SVG: the count on top of the highest bar, labels below as many as have room, names of both axes, all values as tooltips.
/// </summary>
internal static class BarChart
{
    private const string Blue = "#2563eb";
    private const int Height = 210;
    private const int Left = 8;
    private const int Right = 8;
    private const int Top = 40;
    private const int Bottom = 38;

    /// <summary>Renders the chart, or an empty string where there is nothing to draw.</summary>
    /// <param name="title">What is counted.</param>
    /// <param name="unit">What the labels below are in.</param>
    /// <param name="counted">What a bar's height is a number of, such as <c>images</c>.</param>
    /// <param name="bars">From left to right.</param>
    public static string Render(string title, string unit, string counted, IReadOnlyList<ChartBar> bars)
    {
        var highest = bars.Count == 0 ? 0 : bars.Max(bar => bar.Count);
        if (highest == 0)
        {
            return "";
        }
        var step = (double)(SvgCanvas.Width - Left - Right) / bars.Count;
        var longest = bars.Max(bar => bar.Label.Length);
        var every = Math.Max(1, (int)Math.Ceiling((longest + 1) * SvgCanvas.LetterWidth / step));
        var svg = new SvgCanvas(title, Height);
        svg.Label(Left, 12, counted, "start");
        svg.Grid(Left, Height - Bottom, SvgCanvas.Width - Right, Height - Bottom);
        for (var i = 0; i < bars.Count; i++)
        {
            var (label, count) = bars[i];
            var height = Math.Max(1, (double)count / highest * (Height - Top - Bottom));
            var x = Left + i * step;
            var number = count.ToString("N0", CultureInfo.InvariantCulture);
            if (count > 0)
            {
                svg.Bar(x + step * 0.06, Height - Bottom - height, step * 0.88, height, Blue, $"{label} {unit}: {number} {counted}");
            }
            if (count == highest)
            {
                svg.Label(Math.Clamp(x + step / 2, 30, SvgCanvas.Width - 30), Top - 6, number, "middle");
            }
            if (i % every == 0)
            {
                svg.Label(x + step / 2, Height - Bottom + 15, label, "middle");
            }
        }
        svg.Label(SvgCanvas.Width / 2.0, Height - 5, unit, "middle");
        return svg.Figure();
    }
}
