using System.Globalization;
using Llm2Clip.Data;
using Llm2Clip.Evaluation;
using Llm2Clip.Teachers.Llm;
using Llm2Clip.Teachers.Store;

namespace Llm2Clip.Training.Stage1.Tuning;

/// <summary>What LoRA is trained and evaluated on.</summary>
/// <param name="Languages">Languages that are trained on; the first is the one that chooses among evaluations.</param>
/// <param name="Images">The training captions by image; their rows are those of <paramref name="Texts"/>.</param>
/// <param name="Texts">The training captions' texts.</param>
/// <param name="Val">Captions of data.val; null without.</param>
/// <param name="HeldOut">Captions of images held out of the training data; null without.</param>
internal sealed record TuningData(
    IReadOnlyList<string> Languages, CcImages Images, IReadOnlyList<string> Texts, ProbeTexts? Val, ProbeTexts? HeldOut)
{
    /// <summary>Training captions of a language, evenly spread, <paramref name="most"/> at most.</summary>
    public IEnumerable<Caption> Sample(string language, int most)
    {
        var index = Images.Languages.ToList().IndexOf(language);
        var rows = Images.All.ToArray().Where(caption => caption.Language == index).Select(caption => Texts[(int)caption.Row]).ToList();
        var stride = Math.Max(1, rows.Count / most);
        return rows.Where((_, i) => i % stride == 0).Take(most).Select(text => new Caption(text, language, CaptionKind.Short));
    }
}

/// <summary>Reads <see cref="TuningData"/>; nothing is run for it.</summary>
internal sealed class TuningDataReader(CcFinetuneConfig config, DataConfig data, IRunLog log, CancellationToken cancellation)
{
    /// <summary>The captions in memory. Throws <see cref="InputException"/> where no image has two.</summary>
    public TuningData Read()
    {
        data.RequireRepeatableTrain("cc-finetune, once for the LLM and once for the adapter,");
        var train = Datasets.OpenTrain(data, log);
        var survey = CaptionSurvey.Of(Groups(train, log));
        var languages = config.Languages.Count > 0 ? config.Languages : survey.Languages;
        var isHeldOut = CcDataReader.HeldOut(config, survey.Images);
        var chosen = new List<CaptionGroup>();
        var texts = new List<string>();
        var images = new CcImages(config.Lora!.Objective == TuningObjective.Supervised ? 2 : 1);
        foreach (var group in Groups(train, SilentLog.Instance).Concat(Extra()))
        {
            var away = isHeldOut(group.Key);
            images.Add(group, Row, away);
            if (away)
            {
                chosen.Add(group);
            }
        }
        images.Finish();
        log.Info(string.Create(
            CultureInfo.InvariantCulture, $"LoRA: {images.Count:N0} images with {images.Captions:N0} distinct captions."));
        log.Detail(string.Create(
            CultureInfo.InvariantCulture, $"{images.Single:N0} images have too few captions, {chosen.Count:N0} are held out."));
        return new TuningData(languages, images, texts, Val(), chosen.Count > 0 ? ProbeTexts.Read(chosen) : null);

        long Row(string text)
        {
            texts.Add(text);
            return texts.Count - 1;
        }
    }

    /// <summary>
    /// Throws <see cref="InputException"/> where too many training captions are too long, and warns of those that are.
    /// </summary>
    public void CheckLengths(TuningData read, CaptionTokenizer tokenizer, LlmLoraConfig lora)
    {
        var (truncated, example) = (0, "");
        foreach (var caption in read.Images.All)
        {
            cancellation.ThrowIfCancellationRequested();
            var text = read.Texts[(int)caption.Row];
            if (tokenizer.Tokenize(text).Truncated)
            {
                truncated++;
                example = example.Length > 0 ? example : text;
            }
        }
        if (truncated == 0)
        {
            return;
        }
        var share = (double)truncated / read.Images.Captions;
        var what = string.Create(
            CultureInfo.InvariantCulture,
            $"{truncated:N0} of {read.Images.Captions:N0} training captions are longer than {lora.MaxTokens} tokens "
            + $"(cc_finetune.lora.max_tokens), such as \"{EmbeddingStore.Shorten(example)}\"");
        if (share > lora.MaxTruncatedShare)
        {
            var (percent, most) = (100 * share, 100 * lora.MaxTruncatedShare);
            throw new InputException(
                string.Create(CultureInfo.InvariantCulture, $"{what}: {percent:0.#} %, and ")
                + string.Create(CultureInfo.InvariantCulture, $"cc_finetune.lora.max_truncated_share allows {most:0.#} %. Raise ")
                + "max_tokens (and teacher.max_length), or that share: then they lose their right ends.");
        }
        log.Warn($"{what}. They lose their right ends.");
    }

    private IEnumerable<CaptionGroup> Groups(ISampleSource train, IRunLog told) =>
        CaptionStream.Of(train, data, config.Languages, config.Kinds, told, cancellation);

    private IEnumerable<CaptionGroup> Extra() =>
        config.ExtraText.SelectMany(text => CaptionStream.Of(text, data, SilentLog.Instance, cancellation));

    private ProbeTexts? Val() => data.Val.Length == 0
        ? null
        : ProbeTexts.Read(
            CaptionStream.Of(Datasets.OpenVal(data, SilentLog.Instance), data, [], [], SilentLog.Instance, cancellation),
            config.Lora!.EvaluateImages);
}
