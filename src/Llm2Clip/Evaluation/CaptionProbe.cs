using Llm2Clip.Configuration;
using Llm2Clip.Data;
using Llm2Clip.Teachers;
using Llm2Clip.Teachers.Adapter;
using Llm2Clip.Teachers.Store;

namespace Llm2Clip.Evaluation;

/// <summary>How well captions of one language find captions of another (or the same) that belong to the same picture.</summary>
public sealed record ProbeScore(string From, string To, RecallNumbers Recall);

/// <summary>One kind of vectors in the probe's table.</summary>
/// <param name="Name">What was done to the LLM's vectors.</param>
/// <param name="OwnMeans">Languages whose own mean was used, with where it came from; empty where the training captions gave all.</param>
public sealed record ProbeRow(string Name, IReadOnlyList<string> OwnMeans, IReadOnlyList<ProbeScore> Scores);

/// <summary>The probe's result, as it is written to JSON.</summary>
public sealed record CaptionProbeResult(string Protocol, string Teacher, string Data, int Pictures, IReadOnlyList<ProbeRow> Rows);

/// <summary>
/// Caption-to-caption retrieval (facts D6): tells what a teacher is worth before days are spent on it. Ranks as everywhere in the project.
/// </summary>
public static class CaptionProbe
{
    /// <summary>The protocol in one sentence, printed with every number.</summary>
    public const string Protocol =
        "caption to caption: a picture's first caption against the second (same language) or against the first of the other language; candidates: one caption of every "
        + "picture that has both; cosine similarity in fp32; rank = 1 + candidates of other pictures scoring >= the own one (ties count against it)";

    /// <summary>
    /// The <c>eval captions</c> command: raw vectors, centred ones, and, where the teacher has an adapter, adapted ones.
    /// </summary>
    public static CaptionProbeResult Run(CaptionProbeConfig config, DataConfig data, Teacher teacher, IRunLog log, CancellationToken cancellation = default)
    {
        Check(config, data);
        var pattern = Probed(config, data);
        var source = Datasets.Open(pattern, data, log);
        var texts = ProbeTexts.Read(CaptionStream.Of(source, data, [], [], log, cancellation), config.Limit);
        var pairs = texts.Pairs(config.Pairs, config.TrainingLanguage);
        var adapter = teacher.Adapter as CcAdapter;
        var sources = MeanSources(config, data, pairs, adapter, cancellation);
        using var raw = new RawVectors(teacher.Encoder, config.RawStore, config.RawDtype, log);
        raw.Require(texts.Captions(pairs), cancellation);

        var fitted = Means(config, MeanFitter.Fit(sources, data, raw, training: false, log, cancellation), adapter);
        var probe = new TeacherProbe(texts, pairs, raw);
        const int BootstrapSeed = 0;
        var rows = probe.RawRows(fitted, TrainingName(fitted, config.TrainingLanguage), BootstrapSeed).ToList();
        if (adapter is not null)
        {
            rows.AddRange(probe.AdapterRows(adapter.WithMeans(fitted.Languages), BootstrapSeed)); // Shares the adapter's weights, which the teacher owns.
        }
        return new CaptionProbeResult(Protocol, teacher.Fingerprint, source.Description, texts.Pictures, rows);
    }

    /// <summary>
    /// What can be said before the teacher is loaded. Throws <see cref="ConfigException"/>, also for data that is there once and would be read again: for
    /// means, unless other texts are named for them.
    /// </summary>
    public static void Check(CaptionProbeConfig config, DataConfig data)
    {
        var pattern = Probed(Checked.Require(config, "eval_captions"), data);
        if (pattern.Length == 0)
        {
            throw new ConfigException("There is nothing to probe: name the data with --data PATTERN or data.val.");
        }
        if (data.Train.Length == 0 && config.LanguageText.Count == 0)
        {
            ShardPattern.RequireRepeatable(pattern, ForMeans);
        }
    }

    private const string ForMeans = "eval captions, for the means of languages (unless data.train or eval_captions.language_text gives them),";

    private static string Probed(CaptionProbeConfig config, DataConfig data) => config.Data.Length > 0 ? config.Data : data.Val;

    /// <summary>The texts for the means that the adapter, if there is one, does not bring.</summary>
    private static List<TextSourceConfig> MeanSources(
        CaptionProbeConfig config, DataConfig data, IReadOnlyList<ProbePair> pairs, CcAdapter? adapter, CancellationToken cancellation)
    {
        var needed = pairs.SelectMany(pair => new[] { pair.From, pair.To }).Append(config.TrainingLanguage).Distinct()
            .Where(language => adapter?.Means.Of(language) is null).ToList();
        var sources = config.LanguageText.Where(text => needed.Contains(text.Language)).ToList();
        var missing = needed.Where(language => !sources.Exists(text => text.Language == language)).ToList();
        if (missing.Count > 0)
        {
            var pattern = data.Train.Length > 0 ? data.Train : Probed(config, data);
            ShardPattern.RequireRepeatable(pattern, ForMeans);
            var found = LanguagesOf(pattern, data, config.MeanPictures, cancellation);
            sources.AddRange(missing.Where(language => language == config.TrainingLanguage || found.Contains(language)).Select(language => new TextSourceConfig
            {
                Path = pattern, Language = language, Limit = config.MeanPictures, CaptionsPerGroup = config.MeanPictures > 0 ? 1 : 0,
            }));
        }
        return sources;
    }

    /// <summary>The adapter's means where there is one, else those fitted on sentences; either way with those of the other languages probed.</summary>
    private static LanguageMeans Means(CaptionProbeConfig config, IReadOnlyList<LanguageMean> fitted, CcAdapter? adapter)
    {
        if (adapter is not null)
        {
            return adapter.Means.With(fitted);
        }
        var training = fitted.Single(mean => mean.Language == config.TrainingLanguage) with { Training = true };
        return new LanguageMeans(training.Vector, fitted.Where(mean => mean.Language != training.Language).Append(training));
    }

    private static HashSet<string> LanguagesOf(string pattern, DataConfig data, int limit, CancellationToken cancellation)
    {
        var groups = CaptionStream.Of(Datasets.Open(pattern, data, SilentLog.Instance), data, [], [], SilentLog.Instance, cancellation);
        return [.. (limit > 0 ? groups.Take(limit) : groups).SelectMany(group => group.Captions).Select(caption => caption.Language)];
    }

    private static string TrainingName(LanguageMeans means, string language) =>
        means.Of(language) is { } mean ? $"{mean.Count:N0} {mean.Language} captions" : "the training captions";

    /// <summary>
    /// Scores one direction. <paramref name="embed"/> gives un-normalised vectors of texts of a language, row-major.
    /// </summary>
    /// <param name="seed">Seed of the bootstrap intervals; null leaves them out.</param>
    public static ProbeScore Score(ProbeTexts texts, ProbePair pair, int dimension, Func<IReadOnlyList<string>, string, float[]> embed, int? seed = null)
    {
        var (queries, candidates) = texts.Pair(pair);
        var ranks = Ranking.Rank(
            new VectorSet(embed(queries, pair.From), dimension),
            new VectorSet(embed(candidates, pair.To), dimension),
            [.. Enumerable.Range(0, queries.Count).Select(i => new[] { i })]);
        var recall = RecallNumbers.From(ranks, candidates.Count, [.. ranks.Select(_ => 1)]);
        if (seed is { } drawn)
        {
            recall = recall with { Intervals = Bootstrap.Intervals(ranks, [.. Enumerable.Range(0, ranks.Length)], ranks.Length, RecallNumbers.Depths, drawn) };
        }
        return new ProbeScore(pair.From, pair.To, recall);
    }
}
