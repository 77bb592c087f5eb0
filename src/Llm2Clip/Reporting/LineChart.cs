using System.Globalization;

namespace Llm2Clip.Reporting;

/// <summary>One line of a chart.</summary>
internal sealed record ChartSeries(string Name, IReadOnlyList<MetricPoint> Points);

/// <summary>
/// A line chart as SVG: axes with round ticks and their names, a legend, values as tooltips. Points that are not finite leave a gap.
/// </summary>
internal static class LineChart
{
    private const int PlotHeight = 200;
    private const int Left = 52;
    private const int Right = 14;
    private const int Bottom = 38;

    /// <summary>Room below these.</summary>
    private const int Gap = 8;

    /// <summary>Points drawn per series at most; longer ones are averaged over equal stretches.</summary>
    private const int MostPoints = 400;

    /// <summary>Points up to which each has a dot with its value.</summary>
    private const int MostDots = 60;

    /// <summary>Renders the chart, or an empty string where there is nothing to draw.</summary>
    /// <param name="title">What the chart is of.</param>
    /// <param name="stepName">What the axis below counts.</param>
    /// <param name="valueName">What the upright axis measures, with its unit.</param>
    /// <param name="series">The lines.</param>
    public static string Render(string title, string stepName, string valueName, IReadOnlyList<ChartSeries> series) =>
        Draw(title, stepName, valueName, series)?.Figure() ?? "";

    /// <summary>The same as a drawing; null where there is nothing to draw.</summary>
    public static SvgCanvas? Draw(string title, string stepName, string valueName, IReadOnlyList<ChartSeries> series)
    {
        var drawn = series
            .Select(one => one with { Points = Thin([.. one.Points.Where(point => double.IsFinite(point.Value))]) })
            .Where(one => one.Points.Count > 0)
            .ToList();
        // A single point is a number, not a curve: tables show it better.
        if (drawn.All(one => one.Points.Count < 2))
        {
            return null;
        }
        var legend = new ChartLegend([.. drawn.Select(one => one.Name)]);
        var top = legend.Bottom + Gap;
        var height = top + PlotHeight + Bottom;
        var all = drawn.SelectMany(one => one.Points).ToList();
        var x = new ChartAxis(all.Min(point => (double)point.Step), all.Max(point => (double)point.Step), Left, SvgCanvas.Width - Right);
        var y = new ChartAxis(all.Min(point => point.Value), all.Max(point => point.Value), height - Bottom, top);

        var svg = new SvgCanvas(title, height);
        svg.Label(4, 12, valueName, "start");
        legend.DrawOn(svg);
        foreach (var tick in y.Ticks(5))
        {
            svg.Grid(Left, y.At(tick), SvgCanvas.Width - Right, y.At(tick));
            svg.Label(Left - 6, y.At(tick) + 4, ChartAxis.Number(tick), "end");
        }
        foreach (var tick in x.Ticks(6))
        {
            svg.Label(x.At(tick), height - Bottom + 16, ChartAxis.Number(tick), "middle");
        }
        svg.Label((Left + SvgCanvas.Width - Right) / 2.0, height - 5, stepName, "middle");
        for (var i = 0; i < drawn.Count; i++)
        {
            DrawSeries(svg, drawn[i], ChartLegend.ColorOf(i), x, y);
        }
        return svg;
    }

    private static void DrawSeries(SvgCanvas svg, ChartSeries series, string color, ChartAxis x, ChartAxis y)
    {
        svg.Curve(series.Points.Select(point => (x.At(point.Step), y.At(point.Value))), color);
        foreach (var point in series.Points.Count > MostDots ? [] : series.Points)
        {
            svg.Dot(x.At(point.Step), y.At(point.Value), color, $"{series.Name} at {point.Step}: {ChartAxis.Number(point.Value)}");
        }
    }

    private static IReadOnlyList<MetricPoint> Thin(List<MetricPoint> points)
    {
        if (points.Count <= MostPoints)
        {
            return points;
        }
        return [.. Enumerable.Range(0, MostPoints).Select(part =>
        {
            var stretch = points[(part * points.Count / MostPoints)..((part + 1) * points.Count / MostPoints)];
            return new MetricPoint(stretch[^1].Step, stretch.Average(point => point.Value));
        })];
    }
}
