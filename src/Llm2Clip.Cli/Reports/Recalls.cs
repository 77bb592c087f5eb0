using System.Globalization;
using Llm2Clip.Evaluation;

namespace Llm2Clip.Cli.Reports;

/// <summary>Recall as it is written in tables: percent with one decimal.</summary>
internal static class Recalls
{
    /// <summary>Headings of <see cref="Cells"/>.</summary>
    public static readonly Cell[] Headings = [.. RecallNumbers.Depths.Select(depth => (Cell)$"R@{depth}")];

    /// <summary>A cell for each depth, with its 95 % interval where there is one.</summary>
    public static IEnumerable<Cell> Cells(RecallNumbers numbers) => numbers.Recalls.Select((recall, i) =>
        new Cell(Percent(recall), i < numbers.Intervals.Length ? Text(numbers.Intervals[i]) : null));

    /// <summary>A share in percent.</summary>
    public static string Percent(double share) => (100 * share).ToString("F1", CultureInfo.InvariantCulture);

    private static string Text(Interval interval) => $"{Percent(interval.Low)}-{Percent(interval.High)}";

    /// <summary>What the text says about intervals, where the numbers have them.</summary>
    public static string IntervalNote(IEnumerable<RecallNumbers> numbers, Screen output) => numbers.Any(n => n.Intervals.Length > 0)
        ? $", with its 95 % interval {(output.Terminal is null ? "in parentheses" : "below it")}"
        : "";
}
