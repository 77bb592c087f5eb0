using System.Text.Json;
using Llm2Clip.Evaluation;

namespace Llm2Clip.Reporting.Comparison;

/// <summary>One line of an evaluation's table, read from what it wrote.</summary>
/// <param name="Evaluation">Which evaluation: the title of its table.</param>
/// <param name="Captions">Language of the captions or prompts; empty without any.</param>
/// <param name="Mean">The mean that their vectors lost, and whether a querybank was used.</param>
/// <param name="Search">Direction of a retrieval; empty otherwise.</param>
/// <param name="Values">The numbers by the names of their columns, in percent but for ranks. A number that is not there is NaN.</param>
internal sealed record ComparedScore(
    string Evaluation, string Captions, string Mean, string Search, IReadOnlyDictionary<string, double> Values)
{
    public const string Retrieval = "Retrieval";
    public const string ZeroShot = "Zero-shot classification";
    public const string LinearProbe = "Linear probe";
    public const string TextToImage = "T2I";
    public const string ImageToText = "I2T";

    /// <summary>What lines of several runs are matched by.</summary>
    public (string Evaluation, string Captions, string Mean, string Search) Key => (Evaluation, Captions, Mean, Search);

    /// <summary>The name of a recall's column.</summary>
    public static string RecallName(int depth) => $"R@{depth}";

    /// <summary>Whether a mean's name is that of a row with a querybank.</summary>
    public static bool HasQuerybank(string mean) => mean.EndsWith(Querybank, StringComparison.Ordinal);

    /// <summary>The mean of a row as tables name it.</summary>
    public static string NameOf(string mean, int querybank) => querybank > 0 ? mean + Querybank : mean;

    private const string Querybank = ", QB-Norm";

    /// <summary>
    /// The lines of a file that <c>eval</c> wrote, and what they were measured on: the data and the number of its images.
    /// </summary>
    /// <exception cref="InputException">The file is damaged, or of another program.</exception>
    public static (IReadOnlyList<ComparedScore> Scores, string Data) Read(string file)
    {
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(file));
            var root = document.RootElement;
            IReadOnlyList<ComparedScore> scores = Path.GetFileName(file) switch
            {
                RunFiles.Retrieval => [.. root.GetProperty("rows").EnumerateArray().SelectMany(OfRetrieval)],
                RunFiles.ZeroShot => [.. root.GetProperty("rows").EnumerateArray().Select(OfZeroShot)],
                _ => [new(LinearProbe, "", "", "", Classes(root.GetProperty("scores")))],
            };
            return (scores, $"{Text(root, "data")}, {root.GetProperty("images").GetInt64()} images");
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            // InvalidOperationException: a value of another type.
            throw new InputException($"{file} is not what `llm2clip eval` writes: {error.Message} Evaluate again.", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{file} cannot be read: {error.Message}", error);
        }
    }

    private static IEnumerable<ComparedScore> OfRetrieval(JsonElement row)
    {
        var bank = row.TryGetProperty("querybank", out var size) ? size.GetInt32() : 0;
        var mean = NameOf(Text(row, "mean"), bank);
        yield return new(Retrieval, Text(row, "language"), mean, TextToImage, Recalls(row.GetProperty("text_to_image")));
        if (bank == 0)
        {
            // A querybank changes what captions find alone.
            yield return new(Retrieval, Text(row, "language"), mean, ImageToText, Recalls(row.GetProperty("image_to_text")));
        }
    }

    private static ComparedScore OfZeroShot(JsonElement row) =>
        new(ZeroShot, Text(row, "language"), Text(row, "mean"), "", Classes(row.GetProperty("scores")));

    private static Dictionary<string, double> Recalls(JsonElement numbers)
    {
        var found = RecallNumbers.Depths.ToDictionary(RecallName, depth => numbers.GetProperty($"recall_at{depth}").GetDouble());
        found["median rank"] = numbers.GetProperty("median_rank").GetDouble();
        return found;
    }

    private static Dictionary<string, double> Classes(JsonElement scores) => new()
    {
        ["top-1"] = scores.GetProperty("top1").GetDouble(),
        ["top-5"] = scores.TryGetProperty("top5", out var top5) && top5.ValueKind == JsonValueKind.Number ? top5.GetDouble() : double.NaN,
        ["mean per class"] = scores.GetProperty("mean_per_class").GetDouble(),
    };

    private static string Text(JsonElement element, string key) =>
        element.GetProperty(key).GetString() ?? throw new FormatException($"{key} is null.");
}
