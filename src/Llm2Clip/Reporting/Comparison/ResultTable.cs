using System.Globalization;
using System.Text.Json.Serialization;

namespace Llm2Clip.Reporting.Comparison;

/// <summary>A cell of a table of results.</summary>
/// <param name="Text">Its text: a name, or a number as it is printed.</param>
/// <param name="Spread">The standard deviation over seeds as it is printed; null of one run, and of names.</param>
public readonly record struct ResultCell(
    string Text, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Spread = null)
{
    /// <summary>A cell of a text alone.</summary>
    public static implicit operator ResultCell(string text) => new(text);

    /// <summary>A number with its deviation, where there is more than one value of it; empty without a value.</summary>
    internal static ResultCell Of(IReadOnlyList<double> values, int decimals)
    {
        if (values.Count == 0)
        {
            return "";
        }
        var (mean, deviation) = RunGroup.Statistics(values);
        return new(Number(mean, decimals), values.Count > 1 ? Number(deviation, decimals) : null);
    }

    /// <summary>A number with this many decimals.</summary>
    internal static string Number(double value, int decimals) => value.ToString("F" + decimals, CultureInfo.InvariantCulture);
}

/// <summary>A table of a comparison, in whatever format it is printed.</summary>
/// <param name="Name">One word: how files of it are called.</param>
/// <param name="Title">What is above it.</param>
/// <param name="Columns">Names of the columns.</param>
/// <param name="Labels">How many of the first columns are names rather than numbers.</param>
/// <param name="Rows">A cell per column each.</param>
/// <param name="Notes">What belongs to the numbers.</param>
public sealed record ResultTable(
    string Name, string Title, IReadOnlyList<string> Columns, int Labels, IReadOnlyList<IReadOnlyList<ResultCell>> Rows,
    IReadOnlyList<string> Notes);
