using System.ComponentModel;
using System.ComponentModel.DataAnnotations;

namespace Llm2Clip.Evaluation;

/// <summary>The <c>querybank</c> section of an evaluation: <see cref="Querybank"/>.</summary>
public sealed record QuerybankConfig
{
    [Description("Sentences of the bank, per language: so many images of `from` give their first caption. 0 = no querybank normalization.")]
    [Range(0, 1 << 24)]
    public int Size { get; init; }

    [Description("Factor on cosines, beta in the paper.")]
    [Range(0.0, 500.0, MinimumIsExclusive = true)]
    public double Temperature { get; init; } = 10;

    [Description("Data set whose captions make the bank of their language: plain sentences, no images, no pairs. Any data set but the one "
        + "that is evaluated. Empty = eval.means_from, else cc_finetune.means_from.")]
    public string From { get; init; } = "";
}
