using Llm2Clip.Data;
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
