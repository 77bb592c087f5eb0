namespace Llm2Clip.Reporting;

/// <summary>
/// The names of a chart's series with their colors, in lines as wide as the chart, below the name of the upright axis. One series alone
/// needs none.
/// </summary>
internal sealed class ChartLegend
{
    /// <summary>Height of the name of the upright axis, and of a line of the legend.</summary>
    private const int TextLine = 18;

    private static readonly string[] Colors =
        ["#2563eb", "#dc2626", "#059669", "#d97706", "#7c3aed", "#0891b2", "#be185d", "#4d7c0f"];

    private readonly IReadOnlyList<string> _names;
    private readonly List<(double X, int Line)> _places = [];

    public ChartLegend(IReadOnlyList<string> names)
    {
        _names = names.Count > 1 ? names : [];
        var (x, line) = (4.0, 0);
        foreach (var name in _names)
        {
            var width = 30 + name.Length * SvgCanvas.LetterWidth;
            if (x > 4 && x + width > SvgCanvas.Width)
            {
                (x, line) = (4, line + 1);
            }
            _places.Add((x, line));
            x += width;
        }
    }

    /// <summary>Where the legend ends, from the top.</summary>
    public int Bottom => TextLine * (1 + (_places.Count == 0 ? 0 : _places[^1].Line + 1));

    /// <summary>The color of a series; after eight they are repeated.</summary>
    public static string ColorOf(int series) => Colors[series % Colors.Length];

    public void DrawOn(SvgCanvas svg)
    {
        for (var i = 0; i < _names.Count; i++)
        {
            var baseline = 12 + TextLine * (_places[i].Line + 1);
            svg.Bar(_places[i].X, baseline - 6, 12, 4, ColorOf(i), _names[i]);
            svg.Label(_places[i].X + 17, baseline, _names[i], "start");
        }
    }
}
