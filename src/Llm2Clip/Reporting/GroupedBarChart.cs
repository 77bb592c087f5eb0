namespace Llm2Clip.Reporting;

/// <summary>Bars of one color: a value for each category, and how far it is spread. NaN leaves its place free.</summary>
internal sealed record BarSeries(string Name, IReadOnlyList<double> Values, IReadOnlyList<double> Spreads);

/// <summary>
/// A bar chart of several series side by side in categories, as SVG: an axis from 0 with its name, a legend, whiskers of the spread, values
/// as tooltips.
/// </summary>
internal static class GroupedBarChart
{
    private const int PlotHeight = 200;
    private const int Left = 52;
    private const int Right = 14;
    private const int Bottom = 38;
    private const int Gap = 8;

    /// <summary>Share of a category's width that its bars take.</summary>
    private const double Filled = 0.8;

    /// <summary>Draws the chart; null where there is nothing to draw.</summary>
    /// <param name="title">What the chart is of.</param>
    /// <param name="categoryName">What the axis below names.</param>
    /// <param name="valueName">What the upright axis measures, with its unit.</param>
    /// <param name="categories">From left to right.</param>
    /// <param name="series">In the order of the bars of a category.</param>
    public static SvgCanvas? Draw(
        string title, string categoryName, string valueName, IReadOnlyList<string> categories, IReadOnlyList<BarSeries> series)
    {
        var highest = series.SelectMany(one => one.Values.Zip(one.Spreads, (value, spread) => value + spread))
            .Where(double.IsFinite).DefaultIfEmpty(0).Max();
        if (highest <= 0)
        {
            return null;
        }
        var legend = new ChartLegend([.. series.Select(one => one.Name)]);
        var top = legend.Bottom + Gap;
        var height = top + PlotHeight + Bottom;
        var y = new ChartAxis(0, highest, height - Bottom, top);
        var svg = new SvgCanvas(title, height);
        svg.Label(4, 12, valueName, "start");
        legend.DrawOn(svg);
        foreach (var tick in y.Ticks(5))
        {
            svg.Grid(Left, y.At(tick), SvgCanvas.Width - Right, y.At(tick));
            svg.Label(Left - 6, y.At(tick) + 4, ChartAxis.Number(tick), "end");
        }
        var room = (double)(SvgCanvas.Width - Left - Right) / categories.Count;
        var width = room * Filled / series.Count;
        for (var category = 0; category < categories.Count; category++)
        {
            var start = Left + room * (category + (1 - Filled) / 2);
            for (var i = 0; i < series.Count; i++)
            {
                DrawBar(svg, y, series[i], category, start + i * width, width, ChartLegend.ColorOf(i), categories[category]);
            }
            svg.Label(Left + room * (category + 0.5), height - Bottom + 16, categories[category], "middle");
        }
        svg.Label((Left + SvgCanvas.Width - Right) / 2.0, height - 5, categoryName, "middle");
        return svg;
    }

    private static void DrawBar(
        SvgCanvas svg, ChartAxis y, BarSeries series, int category, double x, double width, string color, string name)
    {
        var (value, spread) = (series.Values[category], series.Spreads[category]);
        if (!double.IsFinite(value))
        {
            return;
        }
        var text = ChartAxis.Number(Math.Round(value, 2)) + (spread > 0 ? $" ± {ChartAxis.Number(Math.Round(spread, 2))}" : "");
        svg.Bar(x + width * 0.04, y.At(value), width * 0.92, y.At(0) - y.At(value), color, $"{series.Name}, {name}: {text}");
        if (spread > 0)
        {
            svg.Whisker(x + width / 2, y.At(Math.Max(0, value - spread)), y.At(value + spread));
        }
    }
}
