using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Llm2Clip.Files;

namespace Llm2Clip.Evaluation;

/// <summary>One line of the recall table: captions of one language against all images.</summary>
/// <param name="Language">The data set's label of the captions.</param>
/// <param name="Mean">Which mean was taken out of the caption vectors: <c>training</c> (the training captions') or <c>own</c>.</param>
/// <param name="TextToImage">Captions as queries.</param>
/// <param name="ImageToText">Images as queries.</param>
public sealed record RetrievalRow(string Language, string Mean, RecallNumbers TextToImage, RecallNumbers ImageToText)
{
    /// <summary>Text-to-image R@10 as a share of the reference language's (usually English); null for the reference itself.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? ShareOfReference { get; init; }

    /// <summary>Sentences in the querybank that normalized the captions' scores; 0 = scores are cosines.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int Querybank { get; init; }

    /// <summary>Each query's rank, of both directions; empty where they were not kept.</summary>
    internal IReadOnlyList<QueryRank> Ranks { get; init; } = [];

    /// <summary>The mean as tables name it, and whether a querybank was used.</summary>
    [JsonIgnore]
    public string Name => Querybank > 0 ? $"{Mean}, QB-Norm" : Mean;
}

/// <summary>Recall of captions that were cut.</summary>
/// <param name="Language">The data set's label of the captions.</param>
/// <param name="Mean">As <see cref="RetrievalRow.Mean"/>.</param>
/// <param name="Words">Words after which captions were cut (<c>eval.caption_words</c>).</param>
/// <param name="Shortened">Share of the captions that are longer, in [0, 1].</param>
/// <param name="TextToImage">Captions as queries.</param>
/// <param name="ImageToText">Images as queries.</param>
public sealed record LengthRow(
    string Language, string Mean, int Words, double Shortened, RecallNumbers TextToImage, RecallNumbers ImageToText);

/// <summary>A query shown in the report with the images it found.</summary>
/// <param name="Language">Language of the query.</param>
/// <param name="Text">The caption.</param>
/// <param name="Rank">Rank of its own image.</param>
/// <param name="Hits">Best images first.</param>
public sealed record ShownQuery(string Language, string Text, int Rank, IReadOnlyList<ShownHit> Hits);

/// <summary>An image that a query found.</summary>
/// <param name="Key">Key of the image.</param>
/// <param name="Score">Cosine similarity.</param>
/// <param name="IsOwn">Whether it is the query's own image.</param>
/// <param name="Jpeg">A small encoded image (JPEG) for the report.</param>
/// <param name="Origin">Where it was read: shard and member, or list and line.</param>
/// <param name="File">Its own file; null where it lies within another, such as a tar.</param>
public sealed record ShownHit(
    string Key, float Score, bool IsOwn, [property: JsonIgnore] byte[] Jpeg, string Origin = "", string? File = null);

/// <summary>Outcome of <c>eval retrieval</c>: what was measured, how, and on what.</summary>
public sealed record RetrievalReport
{
    /// <summary>Folder of the student, or of a whole CLIP.</summary>
    public required string Model { get; init; }

    /// <summary>Teacher folder or file; empty for a whole CLIP, which needs none.</summary>
    public required string Teacher { get; init; }

    /// <summary>Fingerprint of the teacher that embedded the captions.</summary>
    public required string TeacherFingerprint { get; init; }

    /// <summary>The data that was evaluated.</summary>
    public required string Data { get; init; }

    /// <summary>Number of candidate images.</summary>
    public required int Images { get; init; }

    /// <summary>The language that shares are taken of.</summary>
    public required string ReferenceLanguage { get; init; }

    /// <summary>How the numbers were taken.</summary>
    public string Protocol { get; init; } = Retrieval.Protocol;

    /// <summary>When it was measured.</summary>
    public DateTimeOffset Date { get; init; }

    /// <summary>Version of the program.</summary>
    public string Version { get; init; } = Product.Version;

    /// <summary>What encoded the images.</summary>
    public string Device { get; init; } = "cpu";

    /// <summary>What determines the teacher's vectors, by the names of the run file's keys.</summary>
    public IReadOnlyDictionary<string, string> TeacherSettings { get; init; } = new Dictionary<string, string>();

    /// <summary>The page with these numbers; empty where none was written.</summary>
    public string Page { get; init; } = "";

    /// <summary>The recall table.</summary>
    public required IReadOnlyList<RetrievalRow> Rows { get; init; }

    /// <summary>Recall against the length of captions; null where it was not asked for.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<LengthRow>? Lengths { get; init; }

    /// <summary>What the numbers by length are.</summary>
    public const string LengthsNote = "Captions cut after so many words, of which the share in the column shortened has more.";

    /// <summary>Remarks that belong to the numbers: bad images left out, truncated captions, where means come from.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>Queries for the report's gallery.</summary>
    public IReadOnlyList<ShownQuery> Queries { get; init; } = [];

    /// <summary>Whether a teacher embedded the captions, so that a mean was taken out of their vectors.</summary>
    [JsonIgnore]
    public bool HasTeacher => Teacher.Length > 0;

    /// <summary>What the two means of the table are.</summary>
    public const string MeansNote =
        "mean: what was subtracted from the caption vectors; training: the mean of the training captions, own: the mean of sentences in "
        + "the captions' own language.";

    /// <summary>The report as indented JSON with snake_case keys; recall in percent, images left out.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, RecallJson.Options);

    /// <summary>Fills in each row's share of the reference language's text-to-image R@10, with the training mean.</summary>
    public static IReadOnlyList<RetrievalRow> WithShares(IReadOnlyList<RetrievalRow> rows, string referenceLanguage)
    {
        var reference = rows.FirstOrDefault(row => row.Language == referenceLanguage)?.TextToImage.RecallAt10;
        return [.. rows.Select(row => row.Language == referenceLanguage || reference is null or 0
            ? row
            : row with { ShareOfReference = row.TextToImage.RecallAt10 / reference })];
    }

    internal static string Percent(double share) => (100 * share).ToString("F1", CultureInfo.InvariantCulture);
}
