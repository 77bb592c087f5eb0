using System.Globalization;

namespace Llm2Clip.Reporting;

/// <summary>An axis of a chart: maps values to pixels.</summary>
internal readonly record struct ChartAxis(double Low, double High, double From, double To)
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

    /// <summary>A value as labels and tooltips have it.</summary>
    public static string Number(double value)
    {
        var format = Math.Abs(value) switch
        {
            >= 1000 => "0",
            < 0.001 and > 0 => "0.##e0",
            _ => "0.####",
        };
        return value.ToString(format, CultureInfo.InvariantCulture);
    }
}
