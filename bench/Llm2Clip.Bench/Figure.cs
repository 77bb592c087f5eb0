using System.Globalization;

namespace Llm2Clip.Bench;

/// <summary>One line of docs/benchmarks.md: a measurement against what a user would otherwise run.</summary>
/// <param name="Name">Which benchmark it is of; <c>bench/run NAME</c> makes it again.</param>
/// <param name="Work">What was done.</param>
/// <param name="Here">What it took here.</param>
/// <param name="Other">What it took elsewhere, and where; empty where nothing is compared.</param>
/// <param name="Ratio">The number that the target is about.</param>
/// <param name="Target">What it should be.</param>
/// <param name="IsMet">Whether it is; null where there is no target.</param>
internal sealed record Figure(string Name, string Work, string Here, string Other, string Ratio, string Target, bool? IsMet)
{
    /// <summary>A figure of time or memory that may be at most a share of the other side's.</summary>
    public static Figure AtMost(string name, string work, string here, string other, double ratio, double most) =>
        new(name, work, here, other, Number(ratio), $"<= {Number(most)}", ratio <= most);

    /// <summary>A figure of speed that has to be a multiple of the other side's.</summary>
    public static Figure AtLeast(string name, string work, string here, string other, double ratio, double least) =>
        new(name, work, here, other, Number(ratio), $">= {Number(least)}", ratio >= least);

    /// <summary>A figure without a target.</summary>
    public static Figure Printed(string name, string work, string here, string other, string ratio) =>
        new(name, work, here, other, ratio, "printed", null);

    /// <summary>A ratio as the table has it.</summary>
    public static string Number(double value) => value.ToString(value < 0.1 ? "0.000" : "0.00", CultureInfo.InvariantCulture);
}
