using System.ComponentModel;
using System.ComponentModel.DataAnnotations;

namespace Llm2Clip.Evaluation.Classification;

/// <summary>
/// The <c>eval_zeroshot</c> section of a run file. Student, means of languages, raw store, mirror images, batch size, seed and device are
/// those of the <c>eval</c> section.
/// </summary>
public sealed record ZeroShotConfig
{
    [Description("File of classes, YAML or JSON: ids, and names in each language (docs/classification.md).")]
    public string Classes { get; init; } = "";

    [Description("File of prompt templates in each language, written like classes; empty = they are in the file of classes.")]
    public string Templates { get; init; } = "";

    [Description("Labeled images: a folder with a folder per class, or tars or lists with a label (label_key); a pattern as in "
        + "data.train.")]
    public string Data { get; init; } = "";

    [Description("Field, column or member that holds an image's label: the id of a class, or its number in the file of classes, from 0. "
        + "Empty = cls in tars, label in lists; a folder per class has none.")]
    public string LabelKey { get; init; } = "";

    [Description("Languages of the prompts, in the order of the table; empty = all that there are templates of.")]
    public IReadOnlyList<string> Languages { get; init; } = [];

    [Description("Classes in the chart of confusions, those with the most mistakes.")]
    [Range(2, 200)]
    public int ShownClasses { get; init; } = 40;

    [Description("Folder for zeroshot.json and zeroshot.html; empty = as for eval retrieval.")]
    public string Output { get; init; } = "";
}
