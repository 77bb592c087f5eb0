using Llm2Clip.Evaluation;

namespace Llm2Clip.Training.Stage1;

/// <summary>By what stage 1 chooses among the weights that it evaluates, adapter and LoRA alike.</summary>
internal static class ChosenWeights
{
    /// <summary>How they are chosen, for the report.</summary>
    /// <param name="selection">The setting.</param>
    /// <param name="language">The language that chooses.</param>
    /// <param name="heldOut">Images held out of the training data; null without.</param>
    /// <param name="last">What is kept where nothing is chosen.</param>
    public static string Describe(CcSelection selection, string language, int? heldOut, string last) => selection switch
    {
        CcSelection.HeldOut => $"best mean of R@1 and R@10, {language} to itself, on {heldOut} images held out of the training data",
        CcSelection.Val => $"best mean of R@1 and R@10, {language} to itself, on data.val",
        _ => last,
    };

    /// <summary>The number by which they are chosen, 0 to 1.</summary>
    /// <param name="row">The row of the probe that counts.</param>
    /// <param name="language">The language that chooses.</param>
    /// <param name="chosen">What is chosen, for the message.</param>
    /// <exception cref="ConfigException">The row does not compare the language with itself.</exception>
    public static double Criterion(ProbeRow row, string language, string chosen) =>
        row.Scores.FirstOrDefault(score => score.From == language && score.To == language)?.Criterion
        ?? throw new ConfigException($"cc_finetune.pairs must hold {language}->{language}: the {chosen} is chosen by it.");
}
