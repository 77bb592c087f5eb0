using System.Globalization;
using System.Text;

namespace Llm2Clip.Bench;

/// <summary>The table of figures in docs/benchmarks.md, between two markers; rows of figures that were not made again stay.</summary>
internal static class FigureTable
{
    private const string Begin = "<!-- figures: begin (bench/run writes this) -->";
    private const string End = "<!-- figures: end -->";
    private const string Head = "| figure | work | here | against | ratio | target | |\n|---|---|---|---|---|---|---|\n";

    /// <summary>One row, with the day it was made.</summary>
    public static string Row(Figure figure, DateOnly day)
    {
        var met = figure.IsMet switch { true => "met, ", false => "**missed**, ", null => "" };
        var date = day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        return $"{Start(figure.Name)}| {figure.Work} | {figure.Here} | {figure.Other} | {figure.Ratio} | {figure.Target} | {met}{date} |";
    }

    /// <summary>
    /// Prints a figure's rows without writing them. The argument is the number of turns, 2 where there is none. Returns the exit code.
    /// </summary>
    public static int PrintTrial(string[] args, Func<int, IEnumerable<Figure>> measure)
    {
        foreach (var figure in measure(args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 2))
        {
            Console.WriteLine(Row(figure, DateOnly.FromDateTime(DateTime.UtcNow)));
        }
        return 0;
    }

    /// <summary>The page with the rows of <paramref name="figures"/> in the place of those of the same names.</summary>
    /// <exception cref="InvalidDataException">The page lacks the markers.</exception>
    public static string Update(string page, IReadOnlyList<Figure> figures, IReadOnlyList<string> order, string machine, DateOnly day)
    {
        var begin = page.IndexOf(Begin, StringComparison.Ordinal);
        var end = page.IndexOf(End, StringComparison.Ordinal);
        if (begin < 0 || end < begin)
        {
            throw new InvalidDataException($"The page lacks the markers {Begin} and {End}.");
        }
        var rows = page[begin..end].Split('\n')
            .Where(line => line.StartsWith("| `", StringComparison.Ordinal) && !figures.Any(figure => IsOf(line, figure.Name)))
            .Concat(figures.Select(figure => Row(figure, day)))
            .OrderBy(row => order.ToList().FindIndex(name => IsOf(row, name)));
        var table = new StringBuilder(Begin).Append("\n\n").Append(machine).Append("\n\n")
            .Append(Head).AppendJoin('\n', rows).Append("\n\n");
        return page[..begin] + table + page[end..];
    }

    private static bool IsOf(string row, string name) => row.StartsWith(Start(name), StringComparison.Ordinal);

    private static string Start(string name) => $"| `{name}` ";
}
