using Llm2Clip.Data;
using Llm2Clip.Evaluation;
using Llm2Clip.Teachers.Adapter;
using Llm2Clip.Teachers.Store;

namespace Llm2Clip.Training.Stage1.Tuning;

/// <summary>An evaluation while LoRA is trained.</summary>
/// <param name="Step">Steps done.</param>
/// <param name="Criterion">What the kept weights are chosen by, 0 to 1; null where nothing is chosen.</param>
/// <param name="Rows">Rows of the caption probe on data.val; empty without data.val.</param>
public sealed record LoraEvaluation(long Step, double? Criterion, IReadOnlyList<ProbeRow> Rows);

/// <summary>
/// Evaluates the tuned LLM by the retrieval of captions: its vectors as they are, and without means that are fitted anew each time, on few
/// sentences.
/// </summary>
/// <param name="config">Pairs, texts of further languages, and which weights are kept.</param>
/// <param name="data">The data section, for those texts.</param>
/// <param name="captions">What is compared.</param>
/// <param name="llm">What is trained.</param>
/// <param name="metrics">Takes the numbers, by step.</param>
internal sealed class LoraEvaluator(CcFinetuneConfig config, DataConfig data, TuningData captions, TunedLlm llm, IMetricsSink metrics)
{
    /// <summary>Sentences per language that a mean is taken over.</summary>
    private const int SentencesPerMean = 500;

    /// <summary>How the kept weights are chosen.</summary>
    public string Selection =>
        ChosenWeights.Describe(config.Selection, captions.Languages[0], captions.HeldOut?.Images, "last step");

    /// <summary>Evaluates the weights as they are after <paramref name="step"/> steps.</summary>
    public LoraEvaluation Evaluate(long step, CancellationToken cancellation)
    {
        using var raw = new RawVectors(llm.Encoder, "", VectorType.Fp32, SilentLog.Instance);
        var means = captions.Val is null && config.Selection != CcSelection.HeldOut ? null : Means(raw, cancellation);
        var rows = captions.Val is null ? [] : Rows(captions.Val, config.Pairs, raw, means!, cancellation);
        double? criterion = config.Selection switch
        {
            CcSelection.HeldOut => Criterion(
                Rows(captions.HeldOut!, [$"{captions.Languages[0]}->{captions.Languages[0]}"], raw, means!, cancellation)),
            CcSelection.Val => Criterion(rows),
            _ => null,
        };
        if (criterion is { } value)
        {
            metrics.Scalar("lora/criterion", step, value);
        }
        foreach (var (row, score) in rows.SelectMany(row => row.Scores.Select(score => (row, score))))
        {
            var tag = $"lora/{row.Name}/{score.From}->{score.To}";
            metrics.Scalar(tag + "/R@1 %", step, 100 * score.Recall.RecallAt1);
            metrics.Scalar(tag + "/R@10 %", step, 100 * score.Recall.RecallAt10);
        }
        return new LoraEvaluation(step, criterion, rows);
    }

    private IReadOnlyList<ProbeRow> Rows(
        ProbeTexts texts, IReadOnlyList<string> asked, RawVectors raw, LanguageMeans means, CancellationToken cancellation)
    {
        var pairs = texts.Pairs(asked, captions.Languages[0]);
        raw.Require(texts.Captions(pairs), cancellation);
        return new TeacherProbe(texts, pairs, raw).RawRows(means);
    }

    /// <summary>Means of training captions, and of the sentences of further languages.</summary>
    private LanguageMeans Means(RawVectors raw, CancellationToken cancellation)
    {
        var trained = captions.Images.Languages.Select(language => (language, captions.Sample(language, SentencesPerMean).ToList()))
            .Where(own => own.Item2.Count > 0).ToList();
        raw.Require(trained.SelectMany(own => own.Item2), cancellation);
        var means = LanguageMeans.OfTraining(
            raw.Store, Rows(trained.SelectMany(own => own.Item2)), trained.Select(own => (own.language, Rows(own.Item2))));
        var others = config.LanguageText.Where(text => !captions.Images.Languages.Contains(text.Language))
            .Select(text => text with { Limit = text.Limit is > 0 and < SentencesPerMean ? text.Limit : SentencesPerMean }).ToList();
        return means.With(MeanFitter.Fit(others, data, raw, training: false, SilentLog.Instance, cancellation));

        IEnumerable<long> Rows(IEnumerable<Caption> sample) => sample.Select(caption => raw.Store.Find(CaptionHash.Of(caption.Text)));
    }

    /// <summary>By the vectors without the training captions' mean, which is what an adapter starts from.</summary>
    private double Criterion(IReadOnlyList<ProbeRow> rows) => ChosenWeights.Criterion(rows[1], captions.Languages[0], "step");
}
