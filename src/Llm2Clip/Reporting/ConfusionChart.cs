using System.Globalization;
using Llm2Clip.Evaluation.Classification;

namespace Llm2Clip.Reporting;

/// <summary>
/// A chart of confusions as SVG: a row per class of the images, a column per class that they were taken for, the more solid the larger its
/// share of the row; what is right is blue, what is not is orange. All numbers are tooltips. Of many classes those with the most mistakes
/// are shown.
/// </summary>
internal static class ConfusionChart
{
    private const string Blue = "#2563eb";
    private const string Orange = "#ea580c";

    /// <summary>Room for the names of the rows, pixels.</summary>
    private const int Names = 120;

    /// <summary>Letters that have room there.</summary>
    private const int MostLetters = 17;

    private const double LargestSide = 22;

    /// <summary>Below this names of rows would overlap.</summary>
    private const double SmallestNamedSide = 9;

    /// <summary>Renders the chart.</summary>
    /// <param name="title">What the chart is of.</param>
    /// <param name="scores">What was found.</param>
    /// <param name="names">Name of each class by its number.</param>
    /// <param name="most">Classes at most.</param>
    public static string Render(string title, ClassScores scores, IReadOnlyList<string> names, int most)
    {
        var shown = Shown(scores, most);
        var totals = scores.Confusion.GroupBy(pair => pair.Key.Label)
            .ToDictionary(group => group.Key, group => group.Sum(pair => pair.Value));
        var side = Math.Min(LargestSide, (double)(SvgCanvas.Width - Names) / shown.Count);
        var svg = new SvgCanvas(title, (int)Math.Ceiling(side * shown.Count) + 4);
        for (var row = 0; row < shown.Count; row++)
        {
            var label = shown[row];
            if (side >= SmallestNamedSide)
            {
                svg.Label(Names - 6, row * side + side / 2 + 4, Short(names[label]), "end");
            }
            for (var column = 0; column < shown.Count; column++)
            {
                var taken = shown[column];
                if (scores.Confusion.TryGetValue((label, taken), out var count))
                {
                    var what = label == taken ? names[label] : $"{names[label]} taken for {names[taken]}";
                    svg.Bar(
                        Names + column * side, row * side, side * 0.94, side * 0.94, Color((double)count / totals[label], label == taken),
                        string.Create(CultureInfo.InvariantCulture, $"{what}: {count:N0} of {totals[label]:N0} images"));
                }
            }
        }
        return svg.Figure(shown.Count < names.Count ? $"{title}; {shown.Count} of {names.Count} classes" : title);
    }

    /// <summary>Numbers of the classes to show, in their order.</summary>
    private static List<int> Shown(ClassScores scores, int most)
    {
        var mistakes = scores.Confusion.Where(pair => pair.Key.Label != pair.Key.Taken)
            .SelectMany(pair => new[] { (Class: pair.Key.Label, pair.Value), (Class: pair.Key.Taken, pair.Value) })
            .ToLookup(part => part.Class, part => part.Value);
        return
        [
            .. scores.Confusion.Keys.SelectMany(pair => new[] { pair.Label, pair.Taken }).Distinct()
                .OrderByDescending(number => mistakes[number].Sum()).ThenBy(number => number).Take(most).Order(),
        ];
    }

    private static string Color(double share, bool isRight) => string.Create(
        CultureInfo.InvariantCulture, $"{(isRight ? Blue : Orange)}{(int)Math.Round(255 * (0.15 + 0.85 * share)):x2}");

    private static string Short(string name) =>
        name.Length <= MostLetters ? name : string.Concat(name.AsSpan(0, MostLetters - 1), "…");
}
