using System.Globalization;
using System.Net;
using System.Text;

namespace Llm2Clip.Reporting;

/// <summary>One bar: what it stands for, and its height.</summary>
internal sealed record ChartBar(string Label, long Count);

/// <summary>A bar chart as inline SVG: counts on top of the highest bar, labels below as many as have room, all values as tooltips.</summary>
internal static class BarChart
{
    private const int Width = 560;
    private const int Height = 200;
    private const int Left = 8;
    private const int Right = 8;
    private const int Top = 22;
    private const int Bottom = 36;

    /// <summary>Width of a character of a label, pixels.</summary>
    private const double LetterWidth = 6.2;

    /// <summary>Renders the chart, or an empty string where there is nothing to draw.</summary>
    public static string Render(string title, string unit, IReadOnlyList<ChartBar> bars)
    {
        var highest = bars.Count == 0 ? 0 : bars.Max(bar => bar.Count);
        if (highest == 0)
        {
            return "";
        }
        var step = (double)(Width - Left - Right) / bars.Count;
        var longest = bars.Max(bar => bar.Label.Length);
        var every = Math.Max(1, (int)Math.Ceiling((longest + 1) * LetterWidth / step));
        var svg = new StringBuilder();
        svg.Append(CultureInfo.InvariantCulture, $"<figure><figcaption>{Encode(title)}</figcaption>");
        svg.Append(CultureInfo.InvariantCulture, $"<svg viewBox=\"0 0 {Width} {Height}\" role=\"img\" aria-label=\"{Encode(title)}\">");
        svg.Append(CultureInfo.InvariantCulture, $"<line class=\"grid\" x1=\"{Left}\" x2=\"{Width - Right}\" y1=\"{Height - Bottom}\" y2=\"{Height - Bottom}\"/>");
        for (var i = 0; i < bars.Count; i++)
        {
            var (label, count) = bars[i];
            var height = (double)count / highest * (Height - Top - Bottom);
            var x = Left + i * step;
            if (count > 0)
            {
                svg.Append(CultureInfo.InvariantCulture,
                    $"<rect class=\"bar\" x=\"{x + step * 0.06:F1}\" y=\"{Height - Bottom - Math.Max(height, 1):F1}\" width=\"{step * 0.88:F1}\" height=\"{Math.Max(height, 1):F1}\"><title>{Encode(label)} {Encode(unit)}: {count:N0}</title></rect>");
            }
            if (count == highest)
            {
                svg.Append(CultureInfo.InvariantCulture, $"<text class=\"tick\" x=\"{Math.Clamp(x + step / 2, 30, Width - 30):F1}\" y=\"{Top - 6}\" text-anchor=\"middle\">{count:N0}</text>");
            }
            if (i % every == 0)
            {
                svg.Append(CultureInfo.InvariantCulture, $"<text class=\"tick\" x=\"{x + step / 2:F1}\" y=\"{Height - Bottom + 14}\" text-anchor=\"middle\">{Encode(label)}</text>");
            }
        }
        svg.Append(CultureInfo.InvariantCulture, $"<text class=\"tick\" x=\"{Width / 2}\" y=\"{Height - 4}\" text-anchor=\"middle\">{Encode(unit)}</text>");
        return svg.Append("</svg></figure>\n").ToString();
    }

    private static string Encode(string text) => WebUtility.HtmlEncode(text);
}
