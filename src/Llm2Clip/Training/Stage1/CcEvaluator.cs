using Llm2Clip.Evaluation;
using Llm2Clip.Teachers.Adapter;

namespace Llm2Clip.Training.Stage1;

/// <summary>Evaluates the adapter during training: recall on data.val, and the number by which an epoch is chosen.</summary>
/// <param name="config">Says which epoch is kept.</param>
/// <param name="val">Captions of data.val; null without.</param>
/// <param name="heldOut">Captions of images held out of the training data; null without.</param>
/// <param name="adapter">What is trained.</param>
/// <param name="metrics">Takes the numbers, by epoch.</param>
internal sealed class CcEvaluator(
    CcFinetuneConfig config, TeacherProbe? val, TeacherProbe? heldOut, CcAdapter adapter, IMetricsSink metrics)
{
    /// <summary>How the kept epoch is chosen.</summary>
    public string Selection => ChosenWeights.Describe(config.Selection, config.Languages[0], heldOut?.Images, "last epoch");

    /// <summary>Evaluates the adapter as it is after <paramref name="epoch"/> epochs.</summary>
    public CcEvaluation Evaluate(int epoch)
    {
        var rows = val?.AdapterRows(adapter) ?? [];
        double? criterion = config.Selection switch
        {
            CcSelection.HeldOut => Criterion(heldOut!.AdapterRows(adapter)),
            CcSelection.Val when val is null => throw new ConfigException("cc_finetune.selection is val, but data.val is empty."),
            CcSelection.Val => Criterion(rows),
            _ => null,
        };
        if (criterion is { } value)
        {
            metrics.Scalar("cc/criterion", epoch, value);
        }
        foreach (var (row, score) in rows.SelectMany(row => row.Scores.Select(score => (row, score))))
        {
            var tag = $"cc/{score.From}->{score.To}{(row.OwnMeans.Count > 0 ? " own mean" : "")}";
            metrics.Scalar(tag + "/R@1 %", epoch, 100 * score.Recall.RecallAt1);
            metrics.Scalar(tag + "/R@10 %", epoch, 100 * score.Recall.RecallAt10);
        }
        return new CcEvaluation(epoch, criterion, rows);
    }

    private double Criterion(IReadOnlyList<ProbeRow> rows) => ChosenWeights.Criterion(rows[0], config.Languages[0], "epoch");
}
