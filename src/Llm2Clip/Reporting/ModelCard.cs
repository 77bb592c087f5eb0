using System.Globalization;
using System.Text;
using Llm2Clip.Reporting.Comparison;

namespace Llm2Clip.Reporting;

/// <summary>What a model card is of.</summary>
internal enum CardKind
{
    /// <summary>Image encoder and text adapter, for the vectors of an LLM.</summary>
    Student,

    /// <summary>Image tower and text tower.</summary>
    Clip,

    /// <summary>An image encoder alone.</summary>
    Tower,
}

/// <summary>What opens the image encoder in Python.</summary>
internal enum SnippetKind
{
    /// <summary>transformers' <c>CLIPVisionModelWithProjection</c>.</summary>
    ClipVision,

    /// <summary>transformers' <c>AutoModel</c>, whose pooled output are the features.</summary>
    Pooled,

    /// <summary>transformers' <c>CLIPModel</c>.</summary>
    WholeClip,

    /// <summary>ONNX Runtime, of what transformers does not know.</summary>
    Onnx,
}

/// <summary>What a model card says.</summary>
internal sealed record ModelCardFacts
{
    /// <summary>Title.</summary>
    public required string Name { get; init; }

    /// <summary>What it is of.</summary>
    public required CardKind Kind { get; init; }

    /// <summary>What opens it.</summary>
    public required SnippetKind Snippet { get; init; }

    /// <summary>Length of the vectors.</summary>
    public required int EmbedDim { get; init; }

    /// <summary>Side of the input, pixels.</summary>
    public required int ImageSize { get; init; }

    /// <summary>License of the model, by Hugging Face's identifier; empty = not stated.</summary>
    public string License { get; init; } = "";

    /// <summary>License of the training data; empty = not stated.</summary>
    public string DataLicense { get; init; } = "";

    /// <summary>License of the LLM; empty = not stated.</summary>
    public string LlmLicense { get; init; } = "";

    /// <summary>The teacher; empty where there is none, or none is known.</summary>
    public string TeacherFingerprint { get; init; } = "";

    /// <summary>The <c>retrieval.json</c> of it; null without one.</summary>
    public string? Scores { get; init; }

    /// <summary>The <c>zeroshot.json</c> of it; null without one.</summary>
    public string? ZeroShot { get; init; }

    /// <summary>The run file of its training; null without one.</summary>
    public string? Settings { get; init; }
}

/// <summary>
/// The model card, <c>README.md</c> with Hugging Face's front matter (https://huggingface.co/docs/hub/model-cards): what the model is, how
/// to open it, its scores with their intervals, its recipe, and the licenses of what it was made from.
/// </summary>
internal static class ModelCard
{
    /// <summary>Name of the file.</summary>
    public const string FileName = "README.md";

    private const string NotStated = "not stated";

    /// <summary>The card.</summary>
    /// <exception cref="InputException">A file of results is damaged.</exception>
    public static string Text(ModelCardFacts facts)
    {
        var scores = facts.Scores is null ? null : CardScores.Read(facts.Scores);
        var text = new StringBuilder();
        AppendFrontMatter(text, facts, scores);
        text.Append(CultureInfo.InvariantCulture, $"# {facts.Name}\n\n{About(facts)}\n\n## How to open it\n\n");
        text.Append(CultureInfo.InvariantCulture, $"```python\n{Snippets.Of(facts.Snippet)}```\n\n");
        if (facts.Kind == CardKind.Student)
        {
            text.Append("Captions go another road: an LLM makes a vector of each, and `text_adapter.safetensors` brings it into the same ");
            text.Append("space. `llm2clip embed --texts captions.txt --model . --teacher TEACHER` does both");
            text.Append(facts.TeacherFingerprint.Length > 0
                ? $"; the teacher is the one with the fingerprint {facts.TeacherFingerprint}.\n\n"
                : ".\n\n");
        }
        AppendScores(text, facts, scores);
        AppendRecipe(text, facts, scores);
        AppendLicenses(text, facts);
        return text.ToString();
    }

    private static void AppendFrontMatter(StringBuilder text, ModelCardFacts facts, CardScores? scores)
    {
        text.Append("---\n");
        if (facts.License.Length > 0)
        {
            text.Append(CultureInfo.InvariantCulture, $"license: {facts.License}\n");
        }
        if (scores?.Languages is { Count: > 0 } languages)
        {
            text.Append("language:\n").AppendJoin("", languages.Select(language => $"- {language}\n"));
        }
        var library = facts.Snippet == SnippetKind.Onnx ? "onnx" : "transformers";
        var task = facts.Kind == CardKind.Clip ? "zero-shot-image-classification" : "image-feature-extraction";
        text.Append(CultureInfo.InvariantCulture, $"library_name: {library}\npipeline_tag: {task}\n");
        text.Append("tags:\n- clip\n- llm2clip\n- image-text-retrieval\n---\n\n");
    }

    private static string About(ModelCardFacts facts) => (facts.Kind switch
    {
        CardKind.Student => "An image encoder whose vectors are compared with those of captions in several languages, which a large "
            + "language model makes.",
        CardKind.Clip => "A CLIP: an image tower and a text tower whose vectors are compared with each other.",
        _ => "An image encoder.",
    }) + FormattableString.Invariant(
        $" Images of {facts.ImageSize} x {facts.ImageSize} pixels, vectors of {facts.EmbedDim} elements. Written by Llm2Clip ")
        + $"{Product.Version}.";

    private static void AppendScores(StringBuilder text, ModelCardFacts facts, CardScores? scores)
    {
        if (scores is null)
        {
            text.Append("## Scores\n\nNone were measured.\n\n");
            return;
        }
        text.Append("## Scores\n\nRecall in percent of the queries, with its 95 % interval, among ");
        text.Append(CultureInfo.InvariantCulture, $"{scores.Images} images of {scores.Data}. T2I: images found by captions; I2T: ");
        text.Append("captions found by images.\n\n");
        text.Append("| search | captions | mean | R@1 | R@5 | R@10 |\n| --- | --- | --- | ---: | ---: | ---: |\n");
        foreach (var row in scores.Rows)
        {
            text.Append("| ").AppendJoin(" | ", row).Append(" |\n");
        }
        text.Append(CultureInfo.InvariantCulture, $"\nProtocol: {scores.Protocol}.\n\n");
        if (facts.ZeroShot is not null)
        {
            var (found, data) = ComparedScore.Read(facts.ZeroShot);
            foreach (var row in found)
            {
                text.Append(CultureInfo.InvariantCulture, $"Zero-shot classification, classes named in {row.Captions} ({row.Mean}): ");
                text.Append(CultureInfo.InvariantCulture, $"top-1 {row.Values["top-1"]:F1} % of {data}.\n\n");
            }
        }
    }

    private static void AppendRecipe(StringBuilder text, ModelCardFacts facts, CardScores? scores)
    {
        text.Append("## Recipe and data\n\n");
        if (scores is { TeacherSettings.Count: > 0 })
        {
            text.Append("Teacher: ").AppendJoin("; ", scores.TeacherSettings.Select(setting => $"{setting.Name} {setting.Value}"));
            text.Append(".\n\n");
        }
        if (facts.Settings is null)
        {
            text.Append("The run file of its training is not known.\n\n");
            return;
        }
        var settings = RunSettings.Read(facts.Settings).Values;
        (string Key, string What)[] told =
        [
            ("data.train", "Training images and captions"), ("data.val", "Held-out images and captions"),
            ("model.init", "Image encoder starts from"), ("model.preset", "Size of the image encoder"), ("teacher.path", "LLM"),
            ("clip_train.loss", "Loss"),
            ("clip_train.epochs", "Epochs"), ("clip_train.batch_size", "Batch size"), ("clip_train.learning_rate", "Learning rate"),
        ];
        foreach (var (key, what) in told.Where(one => settings.GetValueOrDefault(one.Key, "") is not ("" or "null")))
        {
            text.Append(CultureInfo.InvariantCulture, $"- {what}: `{settings[key]}`\n");
        }
        text.Append("\n<details><summary>The whole run file</summary>\n\n```yaml\n");
        text.Append(File.ReadAllText(facts.Settings).TrimEnd()).Append("\n```\n\n</details>\n\n");
    }

    private static void AppendLicenses(StringBuilder text, ModelCardFacts facts)
    {
        text.Append("## Licenses\n\n| of | license |\n| --- | --- |\n");
        foreach (var (of, license) in new[]
        {
            ("this model", facts.License), ("training data", facts.DataLicense),
            (facts.Kind == CardKind.Student ? "LLM of the teacher" : "", facts.LlmLicense),
        })
        {
            if (of.Length > 0)
            {
                text.Append(CultureInfo.InvariantCulture, $"| {of} | {(license.Length > 0 ? license : NotStated)} |\n");
            }
        }
    }
}
