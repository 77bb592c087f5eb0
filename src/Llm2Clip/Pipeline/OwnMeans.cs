using Llm2Clip.Data;
using Llm2Clip.Evaluation;
using Llm2Clip.Teachers;
using Llm2Clip.Teachers.Adapter;

namespace Llm2Clip.Pipeline;

/// <summary>Means of languages that were not trained on: where their sentences come from, and what is said where there are none.</summary>
internal static class OwnMeans
{
    /// <summary>The line about languages without a mean of their own.</summary>
    /// <param name="languages">Their labels.</param>
    /// <param name="remedy">The key that gives them one, with a value.</param>
    public static string Hint(IReadOnlyList<string> languages, string remedy) =>
        $"{string.Join(", ", languages)}: no own mean, so these captions lose the mean of the training captions. The mean of 2,000 plain "
        + "sentences (no images, no pairs) took R@10 of Chinese captions that search English ones from 16 to 44 %, of German ones from 17 "
        + $"to 47 % (docs/results.md): {remedy}.";

    /// <summary>
    /// Throws <see cref="ConfigException"/> where a mean would come from the captions that are evaluated: it would know what is asked.
    /// </summary>
    public static void RefuseEvaluated(string key, string pattern, string evaluated)
    {
        if (pattern.Length > 0 && pattern == evaluated)
        {
            throw new ConfigException(
                $"{key} names {pattern}, which is evaluated: a mean of its own captions would flatter. Name another data set or text.");
        }
    }

    /// <summary>
    /// Sources of own means for the languages that the teacher has none of; one line says which remain without, and what a mean is worth.
    /// </summary>
    /// <param name="run">The run file, whose <c>eval</c> section chooses.</param>
    /// <param name="teacher">The teacher.</param>
    /// <param name="languages">Languages that are evaluated.</param>
    /// <param name="evaluated">Data whose captions are evaluated; empty = none are.</param>
    /// <param name="log">Hears what there is no mean of.</param>
    /// <param name="cancellation">Ends the reading.</param>
    public static IReadOnlyList<TextSourceConfig> OfEvaluation(
        RunConfig run, TeacherFiles teacher, IReadOnlyList<string> languages, string evaluated, IRunLog log, CancellationToken cancellation)
    {
        const string Key = "eval.means_from";
        if (run.Eval.Means == MeanChoice.Training)
        {
            return [];
        }
        if (teacher.Adapter is not { } adapter)
        {
            log.Info("The teacher is a bare LLM, and its vectors are not centered. `llm2clip cc-finetune --set "
                + "cc_finetune.adapter.kind=none` makes a teacher that only takes means out of them.");
            return run.Eval.MeansFrom.Length == 0
                ? []
                : throw new ConfigException($"{Key} needs a teacher that takes means out; a bare LLM has none. Leave it out.");
        }
        var without = languages.Where(language => adapter.Means.Of(language) is null).ToList();
        if (adapter.Config.Centering == Centering.None || without.Count == 0)
        {
            return [];
        }
        RefuseEvaluated(Key, run.Eval.MeansFrom, evaluated);
        var sources = From(Key, run.Eval.MeansFrom, run.Data, without.Contains, log, cancellation);
        without.RemoveAll(language => sources.Any(text => text.Language == language));
        if (without.Count > 0)
        {
            log.Warn(Hint(without, $"name a data set with such captions, other than the evaluated one, as {Key}"));
        }
        return sources;
    }

    /// <summary>A remark per evaluated language and mean: where an own mean came from; none for the training captions' mean.</summary>
    public static IEnumerable<string> Used(IEnumerable<(string Language, string Mean)> rows, LanguageMeans? means) =>
        from row in rows.Distinct()
        where row.Mean == RetrievalEvaluation.OwnMean
        let mean = means?.Of(row.Language)
        where mean is not null
        select $"{row.Language}, own mean: of {mean.Count:N0} sentences in {mean.Language} ({mean.Source}); no images, no pairs.";

    /// <summary>
    /// Sources of the means that the data set of <paramref name="key"/> gives to the languages that are <paramref name="wanted"/>. Warns
    /// where it has none of them.
    /// </summary>
    public static IReadOnlyList<TextSourceConfig> From(
        string key, string pattern, DataConfig data, Func<string, bool> wanted, IRunLog log, CancellationToken cancellation)
    {
        if (pattern.Length == 0)
        {
            return [];
        }
        var survey = Survey($"{key}, for the means of languages,", pattern, data, cancellation);
        var found = survey.Languages.Where(wanted).ToList();
        if (found.Count == 0)
        {
            log.Warn($"{key}, {pattern}, has {survey}: no language that lacks a mean.");
        }
        return MeanFitter.Sources(pattern, found);
    }

    /// <summary>What a data set has of plain sentences; <paramref name="reader"/> reads it more than once.</summary>
    public static CaptionSurvey Survey(string reader, string pattern, DataConfig data, CancellationToken cancellation)
    {
        ShardPattern.RequireRepeatable(pattern, reader);
        var source = Datasets.Open(pattern, data.Of(pattern), SilentLog.Instance);
        return CaptionSurvey.Of(CaptionStream.Of(source, data, [], [], SilentLog.Instance, cancellation));
    }
}
