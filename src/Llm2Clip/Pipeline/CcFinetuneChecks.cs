using System.Globalization;
using Llm2Clip.Data;
using Llm2Clip.Evaluation;
using Llm2Clip.Teachers.Adapter;
using Llm2Clip.Training.Stage1;
using Llm2Clip.Training.Stage1.Tuning;

namespace Llm2Clip.Pipeline;

/// <summary>
/// What stage 1 needs of its data, looked up in one pass over the captions before the LLM runs. Streams (<c>pipe:</c>, standard input) are
/// not read for it: there the training itself finds what is missing.
/// </summary>
internal sealed class CcFinetuneChecks(CcFinetuneConfig config, DataConfig data, IRunLog log, CancellationToken cancellation)
{
    private readonly CaptionSurvey _all = new(); // of data.train
    private readonly CaptionSurvey _chosen = new(); // of these, what is trained on
    private readonly CaptionSurvey _extra = new();

    /// <summary>
    /// The settings and data with what was found: the sources of further means, and no <c>data.val</c> where nothing in it can be compared.
    /// Throws <see cref="ConfigException"/> or <see cref="InputException"/>, naming the key, where the training could not work.
    /// </summary>
    public (CcFinetuneConfig Config, DataConfig Data) Check()
    {
        data.RequireRepeatableTrain("cc-finetune, once to embed and once to pair the captions,");
        var train = Datasets.OpenTrain(data, SilentLog.Instance); // The training says what it reads.
        CheckTexts();
        if (!data.TrainPaths.All(CaptionSurvey.CanSurvey))
        {
            return (WithMeans(config.Languages), data);
        }
        Survey(train);
        var languages = config.Languages.Count > 0 ? config.Languages : [.. _chosen.Languages.Union(_extra.Languages)];
        CheckLanguages(languages);
        CheckPairs(languages);
        var resolved = WithMeans(languages);
        return (resolved, CheckVal(resolved));
    }

    private void Survey(ISampleSource train)
    {
        foreach (var group in CaptionStream.Of(train, data, [], config.Kinds, SilentLog.Instance, cancellation))
        {
            _all.Add(group);
            foreach (var chosen in CaptionStream.Select([group], config.Languages, []))
            {
                _chosen.Add(chosen);
            }
        }
        foreach (var group in config.ExtraText.SelectMany(text => CaptionStream.Of(text, data, SilentLog.Instance, cancellation)))
        {
            _extra.Add(group);
        }
    }

    private void CheckLanguages(IReadOnlyList<string> languages)
    {
        var missing = languages.Where(language => !_all.Captions.ContainsKey(language) && !_extra.Captions.ContainsKey(language)).ToList();
        var left = _all.Languages.Except(languages).ToList();
        if (missing.Count > 0)
        {
            throw new InputException(
                $"cc_finetune.languages names {string.Join(", ", missing)}, and data.train has {_all}. Set cc_finetune.languages to "
                + $"[{string.Join(", ", _all.Languages)}] or some of these, or leave it out to train on all.");
        }
        _all.TellOfLanguage("data.train", data.Language, log);
        var rest = left.Count == 0 ? "" : $"; {string.Join(", ", left)} left out (cc_finetune.languages)";
        log.Info($"Captions of data.train: {_all}; trained on {string.Join(", ", languages)}{rest}.");
    }

    private void CheckPairs(IReadOnlyList<string> languages)
    {
        var pairs = _chosen.Pairs + _extra.Pairs;
        if ((config.Adapter.Kind != AdapterKind.None || config.Lora?.Objective == TuningObjective.Supervised) && pairs < 2)
        {
            var others = _all.Pairs >= 2
                ? $"--set 'cc_finetune.languages=[{string.Join(", ", _all.Languages)}]' pairs captions across languages ({_all.Pairs:N0} "
                    + "images);\n  "
                : "";
            throw new InputException(string.Create(CultureInfo.InvariantCulture,
                $"cc-finetune learns from two captions of one image, and of the {_chosen.Images:N0} images of data.train with captions in ")
                + $"{string.Join(", ", languages)} {(pairs == 0 ? "none has" : "one has")} two different ones. What serves:\n  {others}"
                + "a second caption per image, written by an LLM, or a translation into another language, beside the first in the data;\n  "
                + "cc_finetune.extra_text, texts with two captions on each line;\n  "
                + "--set cc_finetune.adapter.kind=none, a teacher whose vectors are centered and not trained: one caption per image is "
                + "enough.\n"
                + "extract and clip-train need one caption per image.");
        }
        if (config.Selection == CcSelection.HeldOut && config.Adapter.Kind != AdapterKind.None)
        {
            if (config.HeldOutImages > _chosen.Images / 2)
            {
                throw new ConfigException(
                    $"cc_finetune.held_out_images is {config.HeldOutImages}, more than half of the {_chosen.Images} training images. Lower "
                    + "it, or set selection: last.");
            }
            if (_chosen.PairsOf(languages[0]) < 2)
            {
                throw new ConfigException(
                    $"cc_finetune.selection is held_out, which compares two captions in {languages[0]} of one image, and data.train has no "
                    + "such images. Set selection: last.");
            }
        }
    }

    /// <summary>Texts are opened, and each has a sentence.</summary>
    private void CheckTexts()
    {
        foreach (var text in config.LanguageText)
        {
            OwnMeans.RefuseEvaluated("cc_finetune.language_text", text.Path, data.Val);
        }
        OwnMeans.RefuseEvaluated("cc_finetune.means_from", config.MeansFrom, data.Val);
        foreach (var (text, key) in config.LanguageText.Select(text => (text, "language_text"))
            .Concat(config.ExtraText.Select(text => (text, "extra_text"))))
        {
            IReadOnlyList<string> paths = text.Path.Length > 0 ? [text.Path] : data.TrainPaths;
            if (paths.All(CaptionSurvey.CanSurvey)
                && !CaptionStream.Of(text, data, SilentLog.Instance, cancellation).Any())
            {
                var place = text.Path.Length > 0 ? text.Path : $"data.train, {data.TrainName},";
                throw new InputException(
                    $"cc_finetune.{key}: {place} has no caption in {text.Language}. Name another text, or the label that its captions "
                    + "have.");
            }
        }
    }

    private CcFinetuneConfig WithMeans(IReadOnlyList<string> trained)
    {
        var from = OwnMeans.From(
            "cc_finetune.means_from", config.MeansFrom, data,
            language => !trained.Contains(language) && config.LanguageText.All(text => text.Language != language), log, cancellation);
        return config with { LanguageText = [.. config.LanguageText, .. from] };
    }

    /// <summary>The data, without a val set that gives the probe nothing to compare.</summary>
    private DataConfig CheckVal(CcFinetuneConfig resolved)
    {
        if (data.Val.Length == 0)
        {
            return resolved.Selection != CcSelection.Val
                ? data
                : throw new ConfigException("cc_finetune.selection is val, but data.val is empty. Name the data, or set selection: last.");
        }
        if (!CaptionSurvey.CanSurvey(data.Val))
        {
            return data;
        }
        var val = Datasets.OpenVal(data, SilentLog.Instance);
        var texts = ProbeTexts.Read(CaptionStream.Of(val, data, [], [], SilentLog.Instance, cancellation));
        var first = config.Languages.Count > 0 ? config.Languages[0] : _chosen.Languages.FirstOrDefault() ?? "";
        var pairs = texts.UsablePairs(config.Pairs, first);
        if (resolved.Selection == CcSelection.Val && !pairs.Contains(new ProbePair(first, first)))
        {
            throw new ConfigException(
                $"cc_finetune.selection is val, which compares two captions in {first} of one image: data.val has no such images, or "
                + $"cc_finetune.pairs lacks {first}->{first}. Set selection: last.");
        }
        if (pairs.Count == 0 && config.Pairs.Count > 0)
        {
            throw new InputException(
                $"cc_finetune.pairs: no image of data.val has captions for {string.Join(", ", config.Pairs)}; it has "
                + $"{string.Join(", ", texts.Languages)}.");
        }
        if (pairs.Count == 0)
        {
            log.Info($"data.val: no image has two captions to compare (languages: {string.Join(", ", texts.Languages)}), so that the "
                + "teacher is not probed on it.");
            return data with { Val = "" };
        }
        TellOfMeans(resolved, pairs);
        return data;
    }

    private void TellOfMeans(CcFinetuneConfig resolved, IReadOnlyList<ProbePair> pairs)
    {
        if (resolved.Adapter.Centering == Centering.None)
        {
            return;
        }
        var known = resolved.LanguageText.Select(text => text.Language)
            .Concat(config.Languages.Count > 0 ? config.Languages : _chosen.Languages).ToHashSet(StringComparer.Ordinal);
        var without = pairs.SelectMany(pair => new[] { pair.From, pair.To }).Distinct()
            .Where(language => !known.Contains(language) && !known.Contains(language.Split('-')[0])).ToList();
        if (without.Count > 0)
        {
            var remedy = without.TrueForAll(_all.Captions.ContainsKey) && data.Train.Length > 0
                ? $"--set cc_finetune.means_from='{data.Train}' takes them from the captions of data.train"
                : "name a data set with such captions as cc_finetune.means_from, or a text as cc_finetune.language_text";
            log.Warn(OwnMeans.Hint(without, remedy));
        }
    }
}
