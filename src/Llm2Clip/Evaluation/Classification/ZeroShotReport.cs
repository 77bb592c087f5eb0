using System.Text.Json;
using System.Text.Json.Serialization;
using Llm2Clip.Files;

namespace Llm2Clip.Evaluation.Classification;

/// <summary>One line of the zero-shot table: classes named in one language.</summary>
/// <param name="Language">Language of the prompts.</param>
/// <param name="Mean">Which mean was taken out of their vectors: <c>training</c> or <c>own</c>.</param>
/// <param name="Prompts">Number of prompts of all classes.</param>
/// <param name="Scores">What was found.</param>
public sealed record ZeroShotRow(string Language, string Mean, int Prompts, ClassScores Scores);

/// <summary>Outcome of <c>eval zeroshot</c>: what was measured, how, and on what.</summary>
public sealed record ZeroShotReport
{
    /// <summary>What the two means of the table are.</summary>
    public const string MeansNote =
        "mean: what was subtracted from the prompts' vectors; training: the mean of the training captions, own: the mean of sentences in "
        + "the prompts' own language.";

    /// <summary>Folder of the student, or of a whole CLIP.</summary>
    public required string Model { get; init; }

    /// <summary>Teacher folder or file; empty for a whole CLIP, which needs none.</summary>
    public required string Teacher { get; init; }

    /// <summary>Fingerprint of the teacher that embedded the prompts.</summary>
    public required string TeacherFingerprint { get; init; }

    /// <summary>The images that were classified.</summary>
    public required string Data { get; init; }

    /// <summary>The file of classes.</summary>
    public required string ClassFile { get; init; }

    /// <summary>Number of classes.</summary>
    public required int Classes { get; init; }

    /// <summary>Whether a teacher embedded the prompts, so that a mean was taken out of their vectors.</summary>
    [JsonIgnore]
    public bool HasTeacher => Teacher.Length > 0;

    /// <summary>Number of images.</summary>
    public required int Images { get; init; }

    /// <summary>A line per language and mean.</summary>
    public required IReadOnlyList<ZeroShotRow> Rows { get; init; }

    /// <summary>How the numbers were taken.</summary>
    public string Protocol { get; init; } =
        "class vector = mean of the features of its prompts (each template with each name), each of length 1, itself normalized; scores: "
        + "cosines in fp32; " + ClassScores.Counting;

    /// <summary>Top-1 that guessing would give, percent.</summary>
    public double Chance => ClassScores.Percent(1.0 / Classes);

    /// <summary>Remarks that belong to the numbers.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>When it was measured.</summary>
    public DateTimeOffset Date { get; init; }

    /// <summary>Version of the program.</summary>
    public string Version { get; init; } = Product.Version;

    /// <summary>What encoded the images.</summary>
    public string Device { get; init; } = "cpu";

    /// <summary>Where the templates are, if not in the file of classes; else empty.</summary>
    public string TemplateFile { get; init; } = "";

    /// <summary>The page with these numbers; empty where none was written.</summary>
    public string Page { get; init; } = "";

    /// <summary>The report as indented JSON with snake_case keys; shares in percent.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, Json.Report);
}
