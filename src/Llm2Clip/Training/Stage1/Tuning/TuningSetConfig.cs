using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Llm2Clip.Configuration;

namespace Llm2Clip.Training.Stage1.Tuning;

/// <summary>What a further set of training texts holds.</summary>
public enum TuningSetKind
{
    /// <summary>A query, what answers it, and hard negatives (<see cref="TextPairs"/>).</summary>
    Pairs,

    /// <summary>Captions that belong together, as <c>cc_finetune.extra_text</c> takes them.</summary>
    Captions,
}

/// <summary>A set of texts that LoRA is trained on beside the captions of <c>data.train</c>.</summary>
public sealed record TuningSetConfig : ICheckedConfig
{
    [Description("pairs: JSON lines with query, positive and, if there are any, negatives. captions: JSON lines with captions, or a data "
        + "pattern.")]
    public TuningSetKind Kind { get; init; }

    [Description("The file.")]
    public string Path { get; init; } = "";

    [Description("Of kind captions: language that is taken from it.")]
    public string Language { get; init; } = "en";

    [Description("How often its texts come, against 1 for each once per epoch; of mixed batches its share in the batch.")]
    [Range(0.001, 1000.0)]
    public double Weight { get; init; } = 1;

    [Description("What {instruction} in teacher.template stands for in its queries; positives and negatives have none.")]
    public string Instruction { get; init; } = "";

    /// <inheritdoc/>
    public IEnumerable<(string Key, string Problem)> Check()
    {
        if (Path.Length == 0)
        {
            yield return ("path", "is empty: name the file");
        }
    }
}
