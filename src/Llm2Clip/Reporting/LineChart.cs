using System.Globalization;
using System.Net;
using System.Text;

namespace Llm2Clip.Reporting;

/// <summary>One line of a chart.</summary>
internal sealed record ChartSeries(string Name, IReadOnlyList<MetricPoint> Points);

/// <summary>A line chart as inline SVG: axes with round ticks, a legend, values as tooltips. Points that are not finite leave a gap.</summary>
internal static class LineChart
{
    private const int Width = 560;
    private const int Height = 260;
    private const int Left = 56;
    private const int Right = 12;
    private const int Top = 14;
    private const int Bottom = 34;

    /// <summary>Points drawn per series at most; longer ones are averaged over equal stretches.</summary>
    private const int MostPoints = 400;

    private static readonly string[] Colours = ["#2563eb", "#dc2626", "#059669", "#d97706", "#7c3aed", "#0891b2", "#be185d", "#4d7c0f"];

    /// <summary>Renders the chart, or an empty string where there is nothing to draw.</summary>
    public static string Render(string title, string stepName, IReadOnlyList<ChartSeries> series)
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
        var all = drawn.SelectMany(one => one.Points).ToList();
        var x = new Axis(all.Min(point => (double)point.Step), all.Max(point => (double)point.Step), Left, Width - Right);
        var y = new Axis(all.Min(point => point.Value), all.Max(point => point.Value), Height - Bottom, Top);

        var svg = new StringBuilder();
        svg.Append(CultureInfo.InvariantCulture, $"<figure><figcaption>{WebUtility.HtmlEncode(title)}</figcaption>");
        svg.Append(CultureInfo.InvariantCulture, $"<svg viewBox=\"0 0 {Width} {Height}\" role=\"img\" aria-label=\"{WebUtility.HtmlEncode(title)}\">");
        foreach (var tick in y.Ticks(5))
        {
            svg.Append(CultureInfo.InvariantCulture, $"<line class=\"grid\" x1=\"{Left}\" x2=\"{Width - Right}\" y1=\"{y.At(tick):F1}\" y2=\"{y.At(tick):F1}\"/>");
            svg.Append(CultureInfo.InvariantCulture, $"<text class=\"tick\" x=\"{Left - 6}\" y=\"{y.At(tick) + 4:F1}\" text-anchor=\"end\">{Number(tick)}</text>");
        }
        foreach (var tick in x.Ticks(6))
        {
            svg.Append(CultureInfo.InvariantCulture, $"<text class=\"tick\" x=\"{x.At(tick):F1}\" y=\"{Height - Bottom + 16}\" text-anchor=\"middle\">{Number(tick)}</text>");
        }
        svg.Append(CultureInfo.InvariantCulture, $"<text class=\"tick\" x=\"{(Left + Width - Right) / 2}\" y=\"{Height - 4}\" text-anchor=\"middle\">{WebUtility.HtmlEncode(stepName)}</text>");
        for (var i = 0; i < drawn.Count; i++)
        {
            AppendSeries(svg, drawn[i], Colours[i % Colours.Length], x, y);
        }
        svg.Append("</svg>");
        if (drawn.Count > 1)
        {
            svg.Append("<div class=\"legend\">");
            for (var i = 0; i < drawn.Count; i++)
            {
                svg.Append(CultureInfo.InvariantCulture, $"<span><i style=\"background:{Colours[i % Colours.Length]}\"></i>{WebUtility.HtmlEncode(drawn[i].Name)}</span>");
            }
            svg.Append("</div>");
        }
        return svg.Append("</figure>\n").ToString();
    }

    private static void AppendSeries(StringBuilder svg, ChartSeries series, string colour, Axis x, Axis y)
    {
        svg.Append(CultureInfo.InvariantCulture, $"<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.8\" points=\"");
        svg.AppendJoin(' ', series.Points.Select(point => string.Create(CultureInfo.InvariantCulture, $"{x.At(point.Step):F1},{y.At(point.Value):F1}")));
        svg.Append("\"/>");
        if (series.Points.Count > 60)
        {
            return;
        }
        foreach (var point in series.Points)
        {
            svg.Append(CultureInfo.InvariantCulture,
                $"<circle cx=\"{x.At(point.Step):F1}\" cy=\"{y.At(point.Value):F1}\" r=\"2.6\" fill=\"{colour}\"><title>{WebUtility.HtmlEncode(series.Name)} at {point.Step}: {Number(point.Value)}</title></circle>");
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

    private static string Number(double value) => value.ToString(Math.Abs(value) is >= 1000 or 0 ? "0" : "0.####", CultureInfo.InvariantCulture) is "0" or "-0" && value != 0
        ? value.ToString("0.#e0", CultureInfo.InvariantCulture)
        : value.ToString(Math.Abs(value) >= 1000 ? "0" : "0.####", CultureInfo.InvariantCulture);

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
