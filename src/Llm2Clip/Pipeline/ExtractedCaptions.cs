using Llm2Clip.Data;

namespace Llm2Clip.Pipeline;

/// <summary>
/// The captions that <c>extract</c> embeds: of each data set those in the languages and kinds that <c>clip-train</c> draws and is evaluated
/// on. Where no key names languages they are those of <c>data.train</c>.
/// </summary>
internal sealed class ExtractedCaptions
{
    private readonly RunConfig _run;
    private readonly IReadOnlyList<string> _named;
    private readonly List<(string Pattern, ISampleSource Source)> _data;
    private readonly HashSet<string> _trained = new(StringComparer.Ordinal); // languages of data.train, as far as it was read

    private ExtractedCaptions(RunConfig run, List<(string Pattern, ISampleSource Source)> data) =>
        (_run, _named, _data) = (run, run.StudentLanguages(), data);

    /// <summary>Records of the last pass that could not be read.</summary>
    public long Bad { get; private set; }

    /// <summary>Opens the data. Throws <see cref="ConfigException"/> where none is named.</summary>
    public static ExtractedCaptions Open(RunConfig run, IRunLog log)
    {
        var patterns = run.ExtractedData();
        if (patterns.Count == 0)
        {
            throw new ConfigException(
                "data.train is empty: name the data whose captions get a vector, for example --data 'data/train-*.tar'.");
        }
        // The training data first: its languages are those of the others.
        var ordered = patterns.OrderBy(pattern => !run.Data.TrainPaths.Contains(pattern));
        return new ExtractedCaptions(run, [.. ordered.Select(pattern => (pattern, Datasets.Open(pattern, run.Data.Of(pattern), log)))]);
    }

    /// <summary>Throws <see cref="ConfigException"/>, ending its sentence with <paramref name="reader"/>, for standard input.</summary>
    public void RequireRepeatable(string reader)
    {
        foreach (var (pattern, _) in _data)
        {
            ShardPattern.RequireRepeatable(pattern, reader);
        }
    }

    /// <summary>
    /// Reads the captions once before the LLM is loaded. Throws <see cref="InputException"/> where no caption is in a language that is
    /// asked for, naming the languages that there are.
    /// </summary>
    public void Check(IRunLog log, CancellationToken cancellation)
    {
        if (_named.Count == 0)
        {
            foreach (var pattern in _run.Data.TrainPaths.Where(pattern => !_data.Exists(data => data.Pattern == pattern)))
            {
                var source = Datasets.Open(pattern, _run.Data.Of(pattern), SilentLog.Instance);
                _trained.UnionWith(Survey(pattern, source, cancellation)?.Languages ?? []);
            }
        }
        foreach (var (pattern, source) in _data)
        {
            if (Survey(pattern, source, cancellation) is not { } survey)
            {
                continue;
            }
            var taken = survey.Languages.Where(language => _named.Count == 0 || _named.Contains(language)).ToList();
            if (IsTrain(pattern))
            {
                _trained.UnionWith(taken);
            }
            else if (_named.Count == 0 && _trained.Count > 0)
            {
                taken.RemoveAll(language => !_trained.Contains(language));
            }
            Tell(pattern, survey, taken, log);
        }
    }

    /// <summary>One pass over all of them.</summary>
    public IEnumerable<Caption> Read(IRunLog log, CancellationToken cancellation)
    {
        Bad = 0;
        foreach (var (pattern, source) in _data)
        {
            var tally = new BadSampleTally(source.Description, _run.Data.MaxBadShare, log);
            var isTrain = IsTrain(pattern);
            IReadOnlyList<string> languages = _named.Count > 0 ? _named : isTrain ? [] : [.. _trained];
            var before = Bad;
            foreach (var group in CaptionStream.Select(CaptionStream.Of(source, tally, cancellation), languages, _run.Extract.Kinds))
            {
                foreach (var caption in group.Captions)
                {
                    if (isTrain)
                    {
                        _trained.Add(caption.Language);
                    }
                    yield return caption;
                }
            }
            Bad = before + tally.Bad;
            tally.Finish();
        }
    }

    private bool IsTrain(string pattern) => _run.Data.TrainPaths.Contains(pattern);

    private CaptionSurvey? Survey(string pattern, ISampleSource source, CancellationToken cancellation) => CaptionSurvey.CanSurvey(pattern)
        ? CaptionSurvey.Of(CaptionStream.Of(source, _run.Data, [], _run.Extract.Kinds, SilentLog.Instance, cancellation))
        : null;

    private void Tell(string pattern, CaptionSurvey survey, List<string> taken, IRunLog log)
    {
        if (taken.Count > 0)
        {
            var left = survey.Languages.Except(taken).ToList();
            log.Info($"{pattern}: {survey}.");
            if (IsTrain(pattern))
            {
                survey.TellOfLanguage(_run.Data.TrainSets.Count > 0 ? pattern : "data.train", _run.Data.Of(pattern).Language, log);
            }
            if (left.Count > 0)
            {
                log.Info($"Of these, {string.Join(", ", left)} left out ({_run.StudentLanguageKey()}).");
            }
        }
        else if (pattern == _run.Data.Val && _data.Count > 1)
        {
            log.Warn($"data.val, {pattern}, has {survey}, and none in the languages that are trained on, "
                + $"{string.Join(", ", _named.Count > 0 ? _named : [.. _trained])}: clip-train cannot be evaluated on it.");
        }
        else
        {
            var kinds = _run.Extract.Kinds.Count == 0
                ? ""
                : $" of the kinds {string.Join(", ", _run.Extract.Kinds.Select(CaptionKinds.Name))} (extract.kinds)";
            var asked = _named.Count > 0 ? _named : [.. _trained.Order(StringComparer.Ordinal)];
            throw new InputException(
                $"{pattern} has {survey}{kinds}, and extract looks for {string.Join(", ", asked)} ({_run.StudentLanguageKey()}). "
                + $"Set {_run.StudentLanguageKey()} to languages that are there, or leave it out to take all of data.train's.");
        }
    }
}
