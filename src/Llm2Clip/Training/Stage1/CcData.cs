using System.IO.Hashing;
using System.Text;
using Llm2Clip.Data;
using Llm2Clip.Evaluation;
using Llm2Clip.Teachers.Adapter;
using Llm2Clip.Teachers.Store;

namespace Llm2Clip.Training.Stage1;

/// <summary>What caption-contrastive training works on.</summary>
/// <param name="Languages">Languages that are trained on; the first is the one that chooses the epoch.</param>
/// <param name="Images">The training captions by image.</param>
/// <param name="Means">Means of the training captions and of further languages.</param>
/// <param name="Val">Captions of data.val; null without.</param>
/// <param name="HeldOut">Captions of images held out of the training data; null without.</param>
internal sealed record CcData(
    IReadOnlyList<string> Languages, CcImages Images, LanguageMeans Means, TeacherProbe? Val, TeacherProbe? HeldOut);

/// <summary>Reads <see cref="CcData"/>; raw vectors that are missing are computed and kept.</summary>
internal sealed class CcDataReader(CcFinetuneConfig config, DataConfig data, RawVectors raw, IRunLog log, CancellationToken cancellation)
{
    private IReadOnlyList<string> _languages = config.Languages;

    /// <summary>Captions to rows of the raw store.</summary>
    public CcData Read()
    {
        data.RequireRepeatableTrain("cc-finetune, once to embed and once to pair the captions,");
        var train = Datasets.OpenTrain(data, log);
        var extra = config.ExtraText.SelectMany(text => CaptionStream.Of(text, data, SilentLog.Instance, cancellation));
        var survey = new CaptionSurvey();
        raw.Require(Captions(survey.Counting(Groups(train, log))).Concat(Captions(extra)), cancellation);
        _languages = _languages.Count > 0 ? _languages : survey.Languages;

        var heldOut = HeldOut(config, survey.Images);
        var chosen = new List<CaptionGroup>();
        var images = new CcImages(config.Adapter.Kind == AdapterKind.None ? 1 : 2);
        foreach (var group in Groups(train, SilentLog.Instance))
        {
            var away = heldOut(group.Key);
            images.Add(group, raw.Store, away);
            if (away)
            {
                chosen.Add(group);
            }
        }
        foreach (var group in extra)
        {
            images.Add(group, raw.Store);
        }
        images.Finish();
        log.Info($"Pairs: {images.Count:N0} images with {images.Captions:N0} distinct captions.");
        foreach (var (number, what) in new[]
        {
            (images.Single, "images have one caption only and are left out"), (chosen.Count, "images are held out"),
            (images.Merged, "groups of captions belong to an image that was there already"),
        })
        {
            if (number > 0)
            {
                log.Info($"{number:N0} {what}.");
            }
        }
        return new CcData(_languages, images, FitMeans(images), Val(), chosen.Count > 0 ? HeldOutProbe(chosen) : null);
    }

    private IEnumerable<CaptionGroup> Groups(ISampleSource train, IRunLog told) =>
        CaptionStream.Of(train, data, config.Languages, config.Kinds, told, cancellation);

    private static IEnumerable<Caption> Captions(IEnumerable<CaptionGroup> groups) => groups.SelectMany(group => group.Captions);

    /// <summary>
    /// Which images are held out: those whose key, hashed with the seed, falls into the share that gives about the number asked for.
    /// </summary>
    internal static Func<string, bool> HeldOut(CcFinetuneConfig config, long all)
    {
        if (config.Selection != CcSelection.HeldOut)
        {
            return _ => false;
        }
        var share = config.HeldOutImages / (double)all;
        if (share > 0.5)
        {
            throw new ConfigException(
                $"cc_finetune.held_out_images is {config.HeldOutImages}, more than half of the {all} training images. "
                + "Lower it, or set selection: last.");
        }
        return Drawn(share, config.Seed);
    }

    /// <summary>Whether the image of a key is among a share of all that the seed draws; those of a smaller share are among them.</summary>
    internal static Func<string, bool> Drawn(double share, long seed) =>
        key => XxHash3.HashToUInt64(Encoding.UTF8.GetBytes(key), seed) < share * ulong.MaxValue;

    private TeacherProbe HeldOutProbe(IReadOnlyList<CaptionGroup> chosen)
    {
        var language = _languages[0];
        return new TeacherProbe(ProbeTexts.Read(chosen), [new ProbePair(language, language)], raw);
    }

    private TeacherProbe? Val()
    {
        if (data.Val.Length == 0)
        {
            return null;
        }
        var texts = ProbeTexts.Read(CaptionStream.Of(Datasets.OpenVal(data, log), data, [], [], log, cancellation));
        var pairs = texts.Pairs(config.Pairs, _languages[0]);
        raw.Require(texts.Captions(pairs), cancellation);
        log.Detail("Validation: " + CaptionProbe.Protocol + ".");
        return new TeacherProbe(texts, pairs, raw);
    }

    private LanguageMeans FitMeans(CcImages images)
    {
        var rows = images.All.ToArray();
        // A language may occur on images alone that were left out.
        var kept = images.Languages
            .Select((language, index) =>
                (Language: language, Rows: rows.Where(caption => caption.Language == index).Select(caption => caption.Row)))
            .Where(own => own.Rows.Any());
        var means = LanguageMeans.OfTraining(raw.Store, rows.Select(caption => caption.Row), kept);
        var others = config.LanguageText.Where(text => !images.Languages.Contains(text.Language)).ToList();
        return means.With(MeanFitter.Fit(others, data, raw, training: false, log, cancellation));
    }
}
