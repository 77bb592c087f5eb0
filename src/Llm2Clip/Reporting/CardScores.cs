using System.Globalization;
using System.Text.Json;
using Llm2Clip.Evaluation;
using Llm2Clip.Reporting.Comparison;

namespace Llm2Clip.Reporting;

/// <summary>The scores of a model card, out of a <c>retrieval.json</c>.</summary>
/// <param name="Data">The data that was measured on.</param>
/// <param name="Images">Number of its images.</param>
/// <param name="Protocol">How the numbers were taken.</param>
/// <param name="Languages">Languages of the captions.</param>
/// <param name="Rows">Cells of a table's rows: search, captions, mean, and recall at 1, 5 and 10 with intervals.</param>
/// <param name="TeacherSettings">What determines the teacher's vectors.</param>
internal sealed record CardScores(
    string Data, long Images, string Protocol, IReadOnlyList<string> Languages, IReadOnlyList<IReadOnlyList<string>> Rows,
    IReadOnlyList<(string Name, string Value)> TeacherSettings)
{
    /// <summary>Reads them.</summary>
    /// <exception cref="InputException">The file is damaged.</exception>
    public static CardScores Read(string file)
    {
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(file));
            var root = document.RootElement;
            List<JsonElement> rows = [.. root.GetProperty("rows").EnumerateArray()];
            return new CardScores(
                Text(root, "data"), root.GetProperty("images").GetInt64(), Text(root, "protocol"),
                [.. rows.Select(row => Text(row, "language")).Distinct()],
                [
                    .. rows.Select(row => Row(ComparedScore.TextToImage, row, "text_to_image")),
                    // A querybank changes what captions find alone.
                    .. rows.Where(row => Bank(row) == 0).Select(row => Row(ComparedScore.ImageToText, row, "image_to_text")),
                ],
                root.TryGetProperty("teacher_settings", out var settings)
                    ?
                    [
                        .. settings.EnumerateObject().Select(one => (one.Name, one.Value.ToString()))
                            .Where(one => one.Item2 is not ("" or "''")),
                    ]
                    : []);
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            // InvalidOperationException: a value of another type.
            throw new InputException($"{file} is not what `llm2clip eval retrieval` writes: {error.Message} Evaluate again.", error);
        }
    }

    /// <summary>The model that a file of results says it is of; empty where it says none.</summary>
    public static string ModelOf(string file)
    {
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(file));
            return Text(document.RootElement, "model");
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            return "";
        }
    }

    private static List<string> Row(string search, JsonElement row, string side)
    {
        var numbers = row.GetProperty(side);
        List<JsonElement> intervals = [.. numbers.GetProperty("intervals").EnumerateArray()];
        return
        [
            search, Text(row, "language"), ComparedScore.NameOf(Text(row, "mean"), Bank(row)),
            .. RecallNumbers.Depths.Select((depth, i) => Percent(numbers.GetProperty($"recall_at{depth}"))
                + (i < intervals.Count
                    ? $" ({Percent(intervals[i].GetProperty("low"))}–{Percent(intervals[i].GetProperty("high"))})"
                    : "")),
        ];
    }

    private static int Bank(JsonElement row) => row.TryGetProperty("querybank", out var size) ? size.GetInt32() : 0;

    private static string Percent(JsonElement number) => number.GetDouble().ToString("F1", CultureInfo.InvariantCulture);

    private static string Text(JsonElement element, string key) =>
        element.GetProperty(key).GetString() ?? throw new FormatException($"{key} is null.");
}
