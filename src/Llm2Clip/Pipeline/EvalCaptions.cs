using Llm2Clip.Configuration;
using Llm2Clip.Data;
using Llm2Clip.Evaluation;
using Llm2Clip.Teachers;
using Llm2Clip.Teachers.Adapter;
using Llm2Clip.Teachers.Store;

namespace Llm2Clip.Pipeline;

/// <summary>
/// The <c>eval captions</c> command: raw vectors, centered ones, and, where the teacher has an adapter, adapted ones in the caption
/// probe.
/// </summary>
public static class EvalCaptions
{
    private const string ForMeans = "eval captions, for the means of languages (unless data.train or eval_captions.language_text gives them),";

    /// <summary>
    /// Probes the teacher. Throws <see cref="ConfigException"/> where no teacher or data is named, also for data that is there once and
    /// would be read again: for means, unless other texts are named for them; <see cref="InputException"/> where the data lacks what is
    /// asked for.
    /// </summary>
    public static CaptionProbeResult Run(RunConfig run, IRunLog log, CancellationToken cancellation)
    {
        var tuned = run.TunedTeacher();
        var path = ConfigBinder.Required(tuned.Path, "teacher.tuned", "the teacher folder or GGUF");
        Check(run);
        using var teacher = Teacher.Open(path, tuned, log);
        return Run(run, teacher, log, cancellation);
    }

    /// <summary>The same with a teacher that is open.</summary>
    internal static CaptionProbeResult Run(RunConfig run, Teacher teacher, IRunLog log, CancellationToken cancellation)
    {
        Check(run);
        const int BootstrapSeed = 0;
        var config = run.EvalCaptions;
        var source = Datasets.Open(run.ProbedData(), run.Data, log);
        var texts = ProbeTexts.Read(CaptionStream.Of(source, run.Data, [], [], log, cancellation), config.Limit);
        var pairs = texts.Pairs(config.Pairs, config.TrainingLanguage);
        var sources = MeanSources(run, pairs, teacher.Adapter, cancellation);
        using var raw = new RawVectors(teacher.Encoder, config.RawStore, config.RawDtype, log);
        raw.Require(texts.Captions(pairs), cancellation);

        var means = Means(config, MeanFitter.Fit(sources, run.Data, raw, training: false, log, cancellation), teacher.Adapter);
        var probe = new TeacherProbe(texts, pairs, raw);
        var rows = probe.RawRows(means, TrainingName(means, config.TrainingLanguage), BootstrapSeed).ToList();
        if (teacher.Adapter is { } adapter)
        {
            rows.AddRange(probe.AdapterRows(adapter.WithMeans(means.Languages), BootstrapSeed)); // Shares the adapter's weights, which the teacher owns.
        }
        return new CaptionProbeResult(CaptionProbe.Protocol, teacher.Fingerprint, source.Description, texts.Images, rows);
    }

    /// <summary>What can be said before the teacher is loaded.</summary>
    private static void Check(RunConfig run)
    {
        Checked.Require(run.EvalCaptions, "eval_captions");
        if (run.ProbedData().Length == 0)
        {
            throw new ConfigException("There is nothing to probe: name the data with --data PATTERN or data.val.");
        }
        if (run.Data.Train.Length == 0 && run.EvalCaptions.LanguageText.Count == 0)
        {
            ShardPattern.RequireRepeatable(run.ProbedData(), ForMeans);
        }
    }

    /// <summary>The texts for the means that the adapter, if there is one, does not bring.</summary>
    private static List<TextSourceConfig> MeanSources(
        RunConfig run, IReadOnlyList<ProbePair> pairs, CcAdapter? adapter, CancellationToken cancellation)
    {
        var config = run.EvalCaptions;
        var needed = pairs.SelectMany(pair => new[] { pair.From, pair.To }).Append(config.TrainingLanguage).Distinct()
            .Where(language => adapter?.Means.Of(language) is null).ToList();
        var sources = config.LanguageText.Where(text => needed.Contains(text.Language)).ToList();
        var missing = needed.Where(language => !sources.Exists(text => text.Language == language)).ToList();
        if (missing.Count > 0)
        {
            var pattern = run.Data.Train.Length > 0 ? run.Data.Train : run.ProbedData();
            ShardPattern.RequireRepeatable(pattern, ForMeans);
            var found = LanguagesOf(pattern, run.Data, config.MeanImages, cancellation);
            sources.AddRange(missing.Where(language => language == config.TrainingLanguage || found.Contains(language)).Select(language => new TextSourceConfig
            {
                Path = pattern, Language = language, Limit = config.MeanImages, CaptionsPerGroup = config.MeanImages > 0 ? 1 : 0,
            }));
        }
        return sources;
    }

    /// <summary>
    /// The adapter's means where there is one, else those fitted on sentences; either way with those of the other languages probed.
    /// </summary>
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
}
