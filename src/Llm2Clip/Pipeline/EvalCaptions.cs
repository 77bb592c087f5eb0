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
    private const int BootstrapSeed = 0;

    private const string ForMeans =
        "eval captions, for the means of languages (unless data.train or eval_captions.language_text gives them),";

    /// <summary>
    /// Probes the teacher. Data, languages and stores are checked before the LLM is loaded. Throws <see cref="ConfigException"/> where no
    /// teacher or data is named, also for data that is there once and would be read again: for means, unless other texts are named for
    /// them; <see cref="InputException"/> where the data lacks what is asked for.
    /// </summary>
    public static CaptionProbeResult Run(RunConfig run, IRunLog log, CancellationToken cancellation)
    {
        var config = Checked.Require(run.EvalCaptions, "eval_captions");
        Needs.OfEvalCaptions(run);
        CheckData(run);
        if (config.Layers.Length > 0)
        {
            return Compare(run, log, cancellation);
        }
        using var files = RunTeacher.Open(run, log);
        RunTeacher.RequireRawStoreOf(files, config.RawStore);
        var probed = Probed.Read(run, files.Adapter, log, cancellation);
        using var teacher = files.Load(log);
        return Run(run, teacher, files.RawStore, probed, log, cancellation);
    }

    /// <summary>The same with a teacher that is open.</summary>
    internal static CaptionProbeResult Run(RunConfig run, Teacher teacher, IRunLog log, CancellationToken cancellation)
    {
        CheckData(run);
        return Run(run, teacher, "", Probed.Read(run, teacher.Adapter, log, cancellation), log, cancellation);
    }

    private static CaptionProbeResult Run(
        RunConfig run, Teacher teacher, string rawOfTeacher, Probed probed, IRunLog log, CancellationToken cancellation)
    {
        var (config, texts, pairs) = (run.EvalCaptions, probed.Texts, probed.Pairs);
        var store = RunTeacher.RawStore(run, config.RawStore, teacher.Encoder.Fingerprint, rawOfTeacher);
        using var raw = new RawVectors(teacher.Encoder, store, config.RawDtype, log);
        raw.Require(texts.Captions(pairs), cancellation);

        var fitted = MeanFitter.Fit(probed.MeanSources, run.Data, raw, training: false, log, cancellation);
        var means = Means(config, fitted, teacher.Adapter);
        var probe = new TeacherProbe(texts, pairs, raw);
        var rows = probe.RawRows(means, BootstrapSeed).ToList();
        if (teacher.Adapter is { } adapter)
        {
            // Shares the adapter's weights, which the teacher owns.
            rows.AddRange(probe.AdapterRows(adapter.WithMeans(means.Languages), BootstrapSeed));
        }
        return new CaptionProbeResult(CaptionProbe.Protocol, teacher.Fingerprint, probed.Description, texts.Images, rows);
    }

    /// <summary>
    /// Layers of the teacher's LLM, which runs once for each attention. Its vectors go to <c>eval_captions.raw_store</c> where that is
    /// named, else to a temporary store.
    /// </summary>
    private static CaptionProbeResult Compare(RunConfig run, IRunLog log, CancellationToken cancellation)
    {
        var training = run.EvalCaptions.TrainingLanguage;
        var itself = new ProbePair(training, training).ToString();
        IReadOnlyList<string> pairs = [.. run.EvalCaptions.Pairs.Prepend(itself).Distinct()];
        var (config, unread) = (run.EvalCaptions with { Pairs = pairs }, run.Teacher with { Layers = null }); // what it says is not asked
        run = run with { EvalCaptions = config, Teacher = unread };
        using var opened = RunTeacher.Open(run, log);
        var layers = config.Layers == TeacherLayers.All
            ? TeacherLayers.Of(opened.Blocks())
            : TeacherLayers.Parse(config.Layers, opened.Settings.Attention, "eval_captions.layers");
        using var files = opened.At(layers);
        RunTeacher.RequireRawStoreOf(files, config.RawStore);
        var probed = Probed.Read(run, adapter: null, log, cancellation);
        using var llm = files.Load(log);
        using var raw = new RawVectors(llm.Encoder, config.RawStore, config.RawDtype, log);
        raw.Require(probed.Texts.Captions(probed.Pairs), cancellation);
        var means = Means(config, MeanFitter.Fit(probed.MeanSources, run.Data, raw, training: false, log, cancellation), adapter: null);
        var rows = new TeacherProbe(probed.Texts, probed.Pairs, raw).LayerRows(layers, means, BootstrapSeed);
        return new CaptionProbeResult(
            CaptionProbe.LayerProtocol, files.RawFingerprint, probed.Description, probed.Texts.Images, rows)
        {
            Best = BestLayer.Of(rows, training),
        };
    }

    private static void CheckData(RunConfig run)
    {
        if (run.ProbedData().Length == 0)
        {
            throw new ConfigException("There is nothing to probe: name the data with --data PATTERN or data.val.");
        }
        if (run.Data.TrainPaths.Count == 0 && run.EvalCaptions.LanguageText.Count == 0)
        {
            ShardPattern.RequireRepeatable(run.ProbedData(), ForMeans);
        }
    }

    /// <summary>What is probed, and the texts for the means that the adapter, if there is one, does not bring.</summary>
    private sealed record Probed(
        string Description, ProbeTexts Texts, IReadOnlyList<ProbePair> Pairs, IReadOnlyList<TextSourceConfig> MeanSources)
    {
        public static Probed Read(RunConfig run, CcAdapter? adapter, IRunLog log, CancellationToken cancellation)
        {
            var config = run.EvalCaptions;
            var source = Datasets.Open(run.ProbedData(), run.Data, log);
            var texts = ProbeTexts.Read(CaptionStream.Of(source, run.Data, [], [], log, cancellation), config.Limit);
            if (config.Pairs.Count == 0 && !texts.Languages.Contains(config.TrainingLanguage))
            {
                throw new InputException(
                    $"eval_captions.training_language is {config.TrainingLanguage}, and {source.Description} has captions in "
                    + $"{string.Join(", ", texts.Languages)}: set it to one of these.");
            }
            var pairs = texts.Pairs(config.Pairs, config.TrainingLanguage);
            return new Probed(source.Description, texts, pairs, Sources(run, pairs, adapter, log, cancellation));
        }

        private static List<TextSourceConfig> Sources(
            RunConfig run, IReadOnlyList<ProbePair> pairs, CcAdapter? adapter, IRunLog log, CancellationToken cancellation)
        {
            var config = run.EvalCaptions;
            var needed = pairs.SelectMany(pair => new[] { pair.From, pair.To }).Append(config.TrainingLanguage).Distinct()
                .Where(language => adapter?.Means.Of(language) is null).ToList();
            var sources = config.LanguageText.Where(text => needed.Contains(text.Language)).ToList();
            var missing = needed.Where(language => !sources.Exists(text => text.Language == language)).ToList();
            if (missing.Count == 0)
            {
                return sources;
            }
            IReadOnlyList<string> patterns = run.Data.TrainPaths.Count > 0 ? run.Data.TrainPaths : [run.ProbedData()];
            foreach (var pattern in patterns)
            {
                ShardPattern.RequireRepeatable(pattern, ForMeans);
            }
            if (patterns.Contains(run.ProbedData()))
            {
                log.Warn($"The means of {string.Join(", ", missing)} are those of the probed captions themselves, which flatters them a "
                    + "little: name other texts as data.train or eval_captions.language_text.");
            }
            var found = patterns.ToDictionary(
                pattern => pattern, pattern => LanguagesOf(pattern, run.Data, config.MeanImages, cancellation));
            var there = missing
                .Where(language => language == config.TrainingLanguage || found.Values.Any(one => one.Contains(language))).ToList();
            foreach (var pattern in patterns)
            {
                sources.AddRange(MeanFitter.Sources(
                    pattern, there.Where(language => patterns.Count == 1 || found[pattern].Contains(language)), config.MeanImages));
            }
            if (missing.Except(there).ToList() is { Count: > 0 } without)
            {
                log.Warn(OwnMeans.Hint(without, "name a text or a data set with such captions as eval_captions.language_text"));
            }
            return sources;
        }
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
        var source = Datasets.Open(pattern, data.Of(pattern), SilentLog.Instance);
        var groups = CaptionStream.Of(source, data, [], [], SilentLog.Instance, cancellation);
        return [.. (limit > 0 ? groups.Take(limit) : groups).SelectMany(group => group.Captions).Select(caption => caption.Language)];
    }
}
