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

    /// <summary>Height of the name of the upright axis, and of a line of the legend.</summary>
    private const int TextLine = 18;

    /// <summary>Room below these.</summary>
    private const int Gap = 8;

    /// <summary>Points drawn per series at most; longer ones are averaged over equal stretches.</summary>
    private const int MostPoints = 400;

    /// <summary>Points up to which each has a dot with its value.</summary>
    private const int MostDots = 60;

    private static readonly string[] Colors =
        ["#2563eb", "#dc2626", "#059669", "#d97706", "#7c3aed", "#0891b2", "#be185d", "#4d7c0f"];

    /// <summary>Renders the chart, or an empty string where there is nothing to draw.</summary>
    /// <param name="title">What the chart is of.</param>
    /// <param name="stepName">What the axis below counts.</param>
    /// <param name="valueName">What the upright axis measures, with its unit.</param>
    /// <param name="series">The lines.</param>
    public static string Render(string title, string stepName, string valueName, IReadOnlyList<ChartSeries> series)
    {
        var drawn = series
            .Select(one => one with { Points = Thin([.. one.Points.Where(point => double.IsFinite(point.Value))]) })
            .Where(one => one.Points.Count > 0)
            .ToList();
        // A single point is a number, not a curve: tables show it better.
        if (drawn.All(one => one.Points.Count < 2))
        {
            return "";
        }
        var legend = drawn.Count > 1 ? Legend(drawn) : [];
        var top = TextLine * (1 + (legend.Count == 0 ? 0 : legend[^1].Line + 1)) + Gap;
        var height = top + PlotHeight + Bottom;
        var all = drawn.SelectMany(one => one.Points).ToList();
        var x = new Axis(all.Min(point => (double)point.Step), all.Max(point => (double)point.Step), Left, SvgCanvas.Width - Right);
        var y = new Axis(all.Min(point => point.Value), all.Max(point => point.Value), height - Bottom, top);

        var svg = new SvgCanvas(title, height);
        svg.Label(4, 12, valueName, "start");
        for (var i = 0; i < legend.Count; i++)
        {
            var baseline = 12 + TextLine * (legend[i].Line + 1);
            svg.Bar(legend[i].X, baseline - 6, 12, 4, Colors[i % Colors.Length], drawn[i].Name);
            svg.Label(legend[i].X + 17, baseline, drawn[i].Name, "start");
        }
        foreach (var tick in y.Ticks(5))
        {
            svg.Grid(Left, y.At(tick), SvgCanvas.Width - Right, y.At(tick));
            svg.Label(Left - 6, y.At(tick) + 4, Number(tick), "end");
        }
        foreach (var tick in x.Ticks(6))
        {
            svg.Label(x.At(tick), height - Bottom + 16, Number(tick), "middle");
        }
        svg.Label((Left + SvgCanvas.Width - Right) / 2.0, height - 5, stepName, "middle");
        for (var i = 0; i < drawn.Count; i++)
        {
            Draw(svg, drawn[i], Colors[i % Colors.Length], x, y);
        }
        return svg.Figure(title);
    }

    /// <summary>Where each series' name is, in lines as wide as the chart.</summary>
    private static List<(double X, int Line)> Legend(IReadOnlyList<ChartSeries> series)
    {
        var places = new List<(double X, int Line)>();
        var (x, line) = (4.0, 0);
        foreach (var one in series)
        {
            var width = 30 + one.Name.Length * SvgCanvas.LetterWidth;
            if (x > 4 && x + width > SvgCanvas.Width)
            {
                (x, line) = (4, line + 1);
            }
            places.Add((x, line));
            x += width;
        }
        return places;
    }

    private static void Draw(SvgCanvas svg, ChartSeries series, string color, Axis x, Axis y)
    {
        svg.Curve(series.Points.Select(point => (x.At(point.Step), y.At(point.Value))), color);
        foreach (var point in series.Points.Count > MostDots ? [] : series.Points)
        {
            svg.Dot(x.At(point.Step), y.At(point.Value), color, $"{series.Name} at {point.Step}: {Number(point.Value)}");
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

    private static string Number(double value)
    {
        var format = Math.Abs(value) switch
        {
            >= 1000 => "0",
            < 0.001 and > 0 => "0.##e0",
            _ => "0.####",
        };
        return value.ToString(format, CultureInfo.InvariantCulture);
    }

    /// <summary>Maps values to pixels.</summary>
    private readonly record struct Axis(double Low, double High, double From, double To)
    {
        private double Span => High > Low ? High - Low : 1;

        public double At(double value) => From + ((value - Low) / Span * (To - From));

        /// <summary>Multiples of 1, 2 or 5 times a power of ten within the range.</summary>
        public IEnumerable<double> Ticks(int about)
        {
            var raw = Span / about;
            var power = Math.Pow(10, Math.Floor(Math.Log10(raw)));
            var step = (raw / power) switch { < 1.5 => power, < 3.5 => 2 * power, < 7.5 => 5 * power, _ => 10 * power };
            for (var tick = Math.Ceiling(Low / step) * step; tick <= High + (step * 1e-9); tick += step)
            {
                yield return Math.Abs(tick) < step * 1e-9 ? 0 : tick;
            }
        }
    }
}
