using System.Globalization;
using System.Net;
using System.Text;

namespace Llm2Clip.Reporting;

/// <summary>
/// A chart as SVG that needs nothing around it: saved as a file of its own it looks as it does on the page. Colors are attributes, in
/// shades that can be read on white and on black.
/// </summary>
internal sealed class SvgCanvas
{
    /// <summary>Width of all charts. On a narrow screen they shrink to about two thirds, where the labels can still be read.</summary>
    public const int Width = 480;

    /// <summary>Width of a character of a label, about.</summary>
    public const double LetterWidth = 6.6;

    private const string Ink = "#71717a";

    /// <summary>Room for the title of a file of its own; a page has it above the chart.</summary>
    private const int TitleHeight = 26;

    private readonly StringBuilder _text = new();
    private readonly string _title;
    private readonly int _height;

    public SvgCanvas(string title, int height) => (_title, _height) = (title, height);

    /// <summary>A thin line of the grid.</summary>
    public void Grid(double x1, double y1, double x2, double y2)
    {
        Add($"<line x1=\"{x1:F1}\" y1=\"{y1:F1}\" x2=\"{x2:F1}\" y2=\"{y2:F1}\" ");
        Add($"stroke=\"#a1a1aa\" stroke-opacity=\".45\" stroke-width=\".7\"/>");
    }

    /// <summary>A label; <paramref name="anchor"/> is start, middle or end.</summary>
    public void Label(double x, double y, string text, string anchor) =>
        Add($"<text x=\"{x:F1}\" y=\"{y:F1}\" text-anchor=\"{anchor}\">{Encode(text)}</text>");

    /// <summary>A rectangle with a tooltip.</summary>
    public void Bar(double x, double y, double width, double height, string color, string tooltip)
    {
        Add($"<rect x=\"{x:F1}\" y=\"{y:F1}\" width=\"{width:F1}\" height=\"{height:F1}\" fill=\"{color}\">");
        Add($"<title>{Encode(tooltip)}</title></rect>");
    }

    /// <summary>A dot with a tooltip.</summary>
    public void Dot(double x, double y, string color, string tooltip) =>
        Add($"<circle cx=\"{x:F1}\" cy=\"{y:F1}\" r=\"2.6\" fill=\"{color}\"><title>{Encode(tooltip)}</title></circle>");

    /// <summary>A curve through points.</summary>
    public void Curve(IEnumerable<(double X, double Y)> points, string color)
    {
        Add($"<polyline fill=\"none\" stroke=\"{color}\" stroke-width=\"1.8\" points=\"");
        _text.AppendJoin(' ', points.Select(point => string.Create(CultureInfo.InvariantCulture, $"{point.X:F1},{point.Y:F1}")));
        Add($"\"/>");
    }

    /// <summary>An upright whisker: how far a value is spread.</summary>
    public void Whisker(double x, double y1, double y2)
    {
        Add($"<path d=\"M{x:F1} {y1:F1}V{y2:F1}M{x - 3:F1} {y1:F1}h6M{x - 3:F1} {y2:F1}h6\" ");
        Add($"stroke=\"#18181b\" stroke-width=\"1.2\" fill=\"none\"/>");
    }

    /// <summary>The whole chart with its title above it, for a page.</summary>
    /// <param name="caption">What is above it; null = the title.</param>
    public string Figure(string? caption = null) =>
        $"<figure><figcaption>{Encode(caption ?? _title)}</figcaption>{Head($"viewBox=\"0 0 {Width} {_height}\"")}{_text}</svg></figure>\n";

    /// <summary>The whole chart as a file of its own: on white, its title in it, of a size that programs know.</summary>
    public string Standalone()
    {
        var height = _height + TitleHeight;
        var size = $"width=\"{Width}\" height=\"{height}\" viewBox=\"0 {-TitleHeight} {Width} {height}\"";
        return $"{Head(size)}<rect y=\"{-TitleHeight}\" width=\"{Width}\" height=\"{height}\" fill=\"#fff\"/>"
            + $"<text x=\"4\" y=\"{13 - TitleHeight}\" font-size=\"13\" fill=\"#18181b\">{Encode(_title)}</text>{_text}</svg>\n";
    }

    private string Head(string size) =>
        $"<svg xmlns=\"http://www.w3.org/2000/svg\" {size} role=\"img\" "
        + $"font-family=\"system-ui,sans-serif\" font-size=\"12\" fill=\"{Ink}\"><title>{Encode(_title)}</title>";

    private static string Encode(string text) => WebUtility.HtmlEncode(text);

    private void Add(FormattableString text) => _text.Append(text.ToString(CultureInfo.InvariantCulture));
}
